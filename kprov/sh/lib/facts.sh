# shellcheck shell=sh
# Base facts of a host: what roles, preflight and the planner need to know.

look_facts() {
    # shellcheck disable=SC2046  # split on purpose: none of the three has a space in it
    set -- $(uname -snrm)
    fact kernel "$1 $3"
    fact hostname "$2"
    fact arch "$4"
    fact time "$(date +%s)"
    facts_os
    facts_hardware
    facts_limits
    facts_network
    facts_kubernetes
    facts_lease
    # beside the rest; a line of its own could end up inside one that others are writing
    facts_nft 3>"$KPROV_TMP/look.nft" &
}

facts_os() {
    while IFS='=' read -r fact_key fact_value; do
        fact_value=${fact_value#\"}
        case $fact_key in
            ID) fact os_id "${fact_value%\"}" ;;
            ID_LIKE) fact os_like "${fact_value%\"}" ;;
            VERSION_ID) fact os_version "${fact_value%\"}" ;;
            PRETTY_NAME) fact os_name "${fact_value%\"}" ;;
        esac
    done </etc/os-release
    if [ -d /run/systemd/system ]; then fact systemd yes; else fact systemd no; fi
    for fact_tool in systemctl tar gzip base64 sha256sum timeout curl wget ip bridge iptables nft conntrack ipset modprobe haproxy keepalived apt-get dnf zypper pacman kubectl; do
        if command -v "$fact_tool" >/dev/null 2>&1; then fact "tool_$fact_tool" yes; fi
    done
    if [ -r /etc/machine-id ] && read -r fact_value </etc/machine-id; then fact machine_id "$fact_value"; fi
    if [ -r /sys/class/dmi/id/product_uuid ] && read -r fact_value </sys/class/dmi/id/product_uuid; then
        fact product_uuid "$fact_value"
    fi
    if read -r fact_value </proc/sys/kernel/random/boot_id; then fact boot_id "$fact_value"; fi
    if [ -d /run/systemd/resolve ] && [ -s /run/systemd/resolve/resolv.conf ]; then
        fact resolv_conf /run/systemd/resolve/resolv.conf
    else
        fact resolv_conf /etc/resolv.conf
    fi
    if [ -d "$KPROV_STATE" ] && [ -s "$KPROV_STATE/owned" ]; then fact owned yes; else fact owned no; fi
    if [ -e /etc/kprov-local ]; then fact local_machine yes; else fact local_machine no; fi
}

# Whether nft works here, and which it is. Beside everything else, as it costs processes:
# `look_wait` waits for it.
facts_nft() {
    if command -v nft >/dev/null 2>&1 && nft list tables >/dev/null 2>&1; then
        fact nft_version "$(nft --version | sed -n 's/.*v\([0-9][0-9.]*\).*/\1/p')"
    fi
}

facts_hardware() {
    fact cpus "$(getconf _NPROCESSORS_ONLN 2>/dev/null || grep -c '^processor' /proc/cpuinfo)"
    while read -r fact_key fact_value _; do
        case $fact_key in MemTotal:) fact memory_mb "$((fact_value / 1024))" ;; esac
    done </proc/meminfo
    fact_value=-1
    while read -r _; do fact_value=$((fact_value + 1)); done </proc/swaps
    fact swap "$fact_value"
    # shellcheck disable=SC2046  # three numbers
    set -- $(df -Pm / /var/lib /opt 2>/dev/null | awk 'NR > 1 { print $4 }')
    fact disk_free_mb "${1-0}"
    fact disk_var_free_mb "${2-0}"
    fact disk_opt_free_mb "${3-${1-0}}"
}

facts_limits() {
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then fact cgroup v2; else fact cgroup v1; fi
    while read -r fact_key fact_value; do
        case $fact_key in CapBnd:) fact_caps=$fact_value ;; esac
    done </proc/self/status
    # CAP_SYS_RESOURCE is bit 24: the lowest bit of the seventh hex digit from the right
    fact_value=${fact_caps%??????}
    case $fact_value in
        *[13579bdf]) fact oom_score_adjustable yes ;;
        *) fact oom_score_adjustable no ;;
    esac
    if [ -w /proc/sys/net/netfilter/nf_conntrack_max ] && facts_conntrack; then
        fact conntrack_writable yes
    else
        fact conntrack_writable no
    fi
}

# Writing the value that it has shows whether it may be written
facts_conntrack() {
    fact_value=$(cat /proc/sys/net/netfilter/nf_conntrack_max) || return 1
    (printf '%s' "$fact_value" >/proc/sys/net/netfilter/nf_conntrack_max) 2>/dev/null
}

facts_network() {
    command -v ip >/dev/null 2>&1 || return 0
    fact default_ip "$(ip -4 route get 198.51.100.1 2>/dev/null |
        awk '{ for (i = 1; i < NF; i++) if ($i == "src") { print $(i + 1); exit } }')"
    # NAME=MTU=ADDRESS,ADDRESS of each; not those that IPv6 makes for a while
    fact interfaces "$(ip -o addr show scope global 2>/dev/null | awk '
        / (temporary|deprecated|dadfailed) / { next }
        { sub("/.*", "", $4); if (!($2 in list)) name[++n] = $2; list[$2] = list[$2] "," $4 }
        END { for (i = 1; i <= n; i++) {
            mtu = ""; getline mtu <("/sys/class/net/" name[i] "/mtu")
            printf "%s%s=%s=%s", sep, name[i], mtu, substr(list[name[i]], 2); sep = " " } }')"
    fact routes "$({ ip -4 route show; ip -6 route show | sed 's,^default ,::/0 ,'; } 2>/dev/null |
        awk '{ printf "%s%s", sep, $1 "@" $3; sep = " " }')"
    if command -v ss >/dev/null 2>&1; then
        fact listening "$(ss -Hltnp 2>/dev/null | awk '{
            n = split($4, a, ":"); who = $0
            if (sub(/.*users:\(\("/, "", who)) sub(/".*/, "", who); else who = "?"
            printf "%s%s=%s", sep, a[n], who; sep = " " }')"
    else
        # port of each socket in LISTEN (0A), hexadecimal; who listens is not to be had
        fact listening_hex "$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
            awk '$4 == "0A" { n = split($2, a, ":"); printf "%s%s", sep, a[n]; sep = " " }')"
    fi
}

facts_kubernetes() {
    if [ -s /var/lib/kubelet/pki/kubelet-client-current.pem ]; then
        fact kubelet_has_certificate yes
    else
        fact kubelet_has_certificate no
    fi
    if [ -d /var/lib/etcd/member ]; then
        fact etcd_has_data yes
        facts_etcd
    else
        fact etcd_has_data no
    fi
    if [ -e /etc/etcd/initial.env ]; then fact etcd_initial yes; fi
    if [ -e /etc/etcd/learner ]; then fact etcd_learner yes; fi
    if [ -r /etc/kubernetes/encryption.yaml ]; then
        fact_found=
        while read -r fact_key fact_value fact_rest; do
            case "$fact_key $fact_value" in '- name:') fact_found="$fact_found$fact_rest " ;; esac
        done </etc/kubernetes/encryption.yaml
        fact encryption_keys "$fact_found"
    fi
    fact_found=
    for fact_value in /proc/[0-9]*/comm; do
        read -r fact_key 2>/dev/null <"$fact_value" || continue
        case $fact_key in
            etcd | kube-apiserver | kube-controller | kube-scheduler | kubelet | kube-proxy | k3s* | k0s | rke2 | microk8s* | dockerd | containerd | firewalld)
                fact_found="$fact_found$fact_key " ;;
        esac
    done
    fact processes "$fact_found"
    fact_found=
    for fact_value in /etc/kubernetes/manifests/*.yaml /etc/rancher /var/lib/rancher /var/lib/k0s /etc/kubernetes/kubelet.conf \
        /etc/systemd/system/kubelet.service /lib/systemd/system/kubelet.service /etc/systemd/system/etcd.service /lib/systemd/system/etcd.service; do
        if [ -e "$fact_value" ]; then fact_found="$fact_found$fact_value "; fi
    done
    fact kubernetes_files "$fact_found"
    if [ -r /etc/systemd/system/kube-proxy.service ]; then
        while read -r fact_key _; do
            case $fact_key in --proxy-mode=*) fact proxy_mode "${fact_key#*=}" ;; esac
        done </etc/systemd/system/kube-proxy.service
    fi
    if [ -d "$KPROV_OPT/.incoming" ]; then
        fact incoming "$(stat -c '%n=%s' "$KPROV_OPT/.incoming"/* 2>/dev/null | sed 's,.*/,,' | tr '\n' ' ')"
    fi
}

# What the cluster's members are and which of them answer out of a quorum, while others are asked
# other things. Where nobody listens nobody is asked: etcdctl would wait for seconds.
facts_etcd() {
    grep -Eqs ':094B 0+:0000 0A' /proc/net/tcp /proc/net/tcp6 || return 0
    (
        fact etcd_members "$(facts_etcdctl member list)"
        fact etcd_healthy "$(facts_etcdctl endpoint health --cluster 2>&1 | sed -n 's/ is healthy:.*//p' | tr '\n' ' ')"
    ) 3>"$KPROV_TMP/look.etcd" &
}

facts_etcdctl() {
    ETCDCTL_API=3 timeout 6 /usr/local/bin/etcdctl --endpoints=https://127.0.0.1:2379 --dial-timeout=2s --command-timeout=3s \
        --cacert=/etc/etcd/pki/ca.crt --cert=/etc/etcd/pki/healthcheck-client.crt --key=/etc/etcd/pki/healthcheck-client.key "$@"
}

facts_lease() {
    [ -r "$KPROV_STATE/lease" ] || return 0
    IFS='	' read -r fact_run fact_owner fact_expires <"$KPROV_STATE/lease" || return 0
    printf '{"held":"%s","expires":%s,%s}\n' "$fact_run" "$fact_expires" "$(member owner "$fact_owner")" >&3
}
