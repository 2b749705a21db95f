# shellcheck shell=sh
# What preflight alone asks of a host. Files of the kernel and small regular files are read by the
# shell itself; one process in all. Whatever is read may be odd: nothing here waits or fails.

look_fitness() {
    for fact_value in bash systemd-socket-activate; do
        if command -v "$fact_value" >/dev/null; then fact "tool_$fact_value" yes; fi
    done
    fitness_hardware
    fitness_kernel
    fitness_resolver
    fitness_security
    fitness_certificate
}

# NAME=MAC of interfaces; those of pods are many, and nobody's identity
fitness_hardware() {
    fact_found=
    for fact_value in /sys/class/net/*/address; do
        fact_key=${fact_value#/sys/class/net/}
        fact_key=${fact_key%/address}
        case $fact_key in
            lo | veth* | cali* | lxc* | cni* | docker* | br-* | kube-* | flannel* | cilium* | tunl* | vxlan* | *[!A-Za-z0-9._-]*) continue ;;
        esac
        if read -r fact_value <"$fact_value"; then fact_found="$fact_found$fact_key=$fact_value "; fi
    done
    fact macs "$fact_found"
}

# awk, because the kernel gives these files in one read only, and some shells read byte by byte
fitness_kernel() {
    read -r _ _ fact_release _ </proc/version || return 0
    if [ -d "/lib/modules/$fact_release" ]; then fact modules_folder yes; else fact modules_folder no; fi
    fact ephemeral_ports "$(awk '{ printf "%s%s", sep, $1 (NF > 1 ? "-" $2 : ""); sep = " " }' \
        /proc/sys/net/ipv4/ip_local_port_range /proc/sys/net/ipv4/ip_local_reserved_ports 2>/dev/null)"
    fact_found=
    for fact_value in /etc /opt /usr/local/bin /var/lib; do
        if [ -d "$fact_value" ] && [ ! -w "$fact_value" ]; then fact_found="$fact_found$fact_value "; fi
    done
    fact read_only "$fact_found"
}

# The nameservers that pods get: those of the file that the kubelet reads
fitness_resolver() {
    fact_value=/run/systemd/resolve/resolv.conf
    if [ ! -s "$fact_value" ]; then fact_value=/etc/resolv.conf; fi
    [ -f "$fact_value" ] || return 0
    fact_found=
    fact_lines=0
    while read -r fact_key fact_value _; do
        if [ "$fact_key" = nameserver ]; then fact_found="$fact_found$fact_value "; fi
        fact_lines=$((fact_lines + 1))
        [ "$fact_lines" -lt 100 ] || break
    done <"$fact_value"
    fact nameservers "$fact_found"
}

fitness_security() {
    fact_value=
    if [ -r /sys/fs/selinux/enforce ]; then read -r fact_value </sys/fs/selinux/enforce; fi
    case $fact_value in 1) fact selinux enforcing ;; 0) fact selinux permissive ;; *) fact selinux off ;; esac
    fact_value=no
    for fact_key in /usr/share/selinux/packages/container.pp* /usr/share/selinux/packages/*/container.pp* \
        /var/lib/selinux/*/active/modules/*/container; do
        if [ -e "$fact_key" ]; then fact_value=yes; fi
    done
    fact selinux_containers "$fact_value"
    fact_value=
    if [ -r /sys/module/apparmor/parameters/enabled ]; then read -r fact_value </sys/module/apparmor/parameters/enabled; fi
    case $fact_value in Y*) fact apparmor on ;; *) fact apparmor off ;; esac
    if [ -x /sbin/apparmor_parser ]; then fact tool_apparmor_parser yes; fi
}

# The certificate that the kubelet has had signed, without its key
fitness_certificate() {
    fact_value=/var/lib/kubelet/pki/kubelet-client-current.pem
    [ -f "$fact_value" ] || return 0
    fact_found=
    fact_lines=0
    while read -r fact_key; do
        case $fact_key in
            '-----BEGIN CERTIFICATE-----') fact_lines=1 ;;
            '-----END CERTIFICATE-----') break ;;
            *) if [ "$fact_lines" -gt 0 ]; then fact_found=$fact_found$fact_key; fi ;;
        esac
    done <"$fact_value"
    fact kubelet_certificate "$fact_found"
}
