# shellcheck shell=sh
# Take away what kprov put on this host, and nothing else. The list is $KPROV_STATE/owned, undone
# from its end. Rules of the firewall that are not the cluster's stay, and so does SSH.

gone() { printf '{"gone":"%s",%s}\n' "$1" "$(member name "$2")" >&3; }

owned_reversed() {  # kind
    awk -F '\t' -v kind="$1" '$1 == kind && !seen[$2]++ { list[++n] = $2 }
        END { for (i = n; i > 0; i--) print list[i] }' "$KPROV_STATE/owned"
}

reset_units() {
    owned_reversed unit | while read -r reset_unit; do
        systemctl stop -- "$reset_unit"
        systemctl disable --quiet --no-reload -- "$reset_unit"
        gone unit "$reset_unit"
    done
}

# Shims outlive containerd on purpose; what they run goes with its cgroup
reset_containers() {
    for reset_comm in /proc/[0-9]*/comm; do
        read -r reset_name <"$reset_comm" || continue
        case $reset_name in
            containerd-shim*) reset_pid=${reset_comm#/proc/}; kill -9 "${reset_pid%/comm}" ;;
        esac
    done
    for reset_cgroup in /proc/[0-9]*/cgroup; do
        if grep -qs kubepods "$reset_cgroup"; then
            reset_pid=${reset_cgroup#/proc/}
            kill -9 "${reset_pid%/cgroup}"
        fi
    done
    systemctl stop kubepods.slice
    # Of version 1 of control groups, systemd removes those of its own controllers only
    find /sys/fs/cgroup -depth -type d -path '*/kubepods*' -delete
    # Scopes that the kubelet left: where no word comes of an empty group, they stay for ever
    systemctl list-units --type=scope --plain --no-legend |
        awk '/Kubernetes (systemd probe|transient mount)/ { print $1 }' |
        while read -r reset_unit; do systemctl stop -- "$reset_unit"; done
}

reset_mounts() {
    awk '{ print $2 }' /proc/mounts | grep -E '^(/var/lib/kubelet/|/run/containerd/|/var/lib/containerd/|/run/netns/cni-|/var/run/netns/cni-)' |
        sort -r | while read -r reset_path; do umount -l -- "$reset_path"; done
    owned_reversed mount | while read -r reset_path; do umount -- "$reset_path"; gone mount "$reset_path"; done
}

# What pod networks and kube-proxy leave: kprov's own, and flannel's, calico's and cilium's
RESET_LINKS="cni0 kprov-pods kube-ipvs0 flannel.1 flannel-v6.1 vxlan.calico vxlan-v6.calico cilium_host cilium_vxlan"
RESET_RULES='KUBE-|CNI-|KPROV-|FLANNEL-|cali[-:]|CILIUM_'

reset_network() {
    # Of IPVS nobody else knows which virtual servers are the cluster's
    if [ -d /sys/class/net/kube-ipvs0 ]; then kube-proxy --cleanup; fi
    if command -v ip >/dev/null; then
        for reset_path in /run/netns/cni-*; do
            if [ -e "$reset_path" ]; then ip netns delete "${reset_path##*/}" || rm -f "$reset_path"; fi
        done
        for reset_link in $RESET_LINKS; do
            if [ -d "/sys/class/net/$reset_link" ]; then ip link delete "$reset_link"; gone link "$reset_link"; fi
        done
        # Routes to pods carry this number of kprov's
        ip -4 route flush proto 75
        ip -6 route flush proto 75
        rmdir /run/netns
    fi
    for reset_tool in iptables ip6tables; do
        command -v "$reset_tool-save" >/dev/null || continue
        if "$reset_tool-save" | grep -qE "$RESET_RULES"; then
            "$reset_tool-save" | grep -vE "$RESET_RULES" | "$reset_tool-restore"
            gone rules "$reset_tool"
        fi
    done
    if command -v nft >/dev/null; then
        for reset_table in kprov kube-proxy; do
            nft delete table ip "$reset_table"
            nft delete table ip6 "$reset_table"
        done
    fi
    rm -f /etc/cni/net.d/*flannel* /etc/cni/net.d/*calico* /etc/cni/net.d/*cilium*
}

# The contents go; the folder itself only when kprov made it
reset_data() {
    owned_reversed data | while read -r reset_path; do
        find "$reset_path" -xdev -mindepth 1 -delete
        gone data "$reset_path"
    done
    rm -rf /run/containerd /run/nri /var/log/pods /var/log/containers /var/lib/cni /run/kubernetes
}

reset_files() {  # keep-binaries(yes|no)
    owned_reversed file | while read -r reset_path; do
        rm -f -- "$reset_path"
        if [ -e "$KPROV_STATE/originals$reset_path" ]; then
            cp -p -- "$KPROV_STATE/originals$reset_path" "$reset_path"
        fi
        gone file "$reset_path"
    done
    if [ "$1" = no ]; then
        owned_reversed tree | while read -r reset_path; do rm -rf -- "$reset_path"; gone tree "$reset_path"; done
    fi
    owned_reversed directory | while read -r reset_path; do
        rmdir -- "$reset_path" && gone directory "$reset_path"
    done
    owned_reversed user | while read -r reset_user; do userdel -- "$reset_user"; gone user "$reset_user"; done
}

# Directories that were there before get the mode and owner back that they had
reset_modes() {
    while read -r reset_mode reset_owner reset_path; do
        [ -d "$reset_path" ] || continue
        chown "$reset_owner" "$reset_path"
        chmod "$reset_mode" "$reset_path"
    done <"$KPROV_STATE/modes"
}

reset_owned() {  # keep-binaries(yes|no)
    reset_units
    reset_containers
    reset_mounts
    reset_network
    reset_data
    reset_files "$1"
    reset_modes
    systemctl daemon-reload
    systemctl reset-failed
}

# A delivery or a lease may be all that an apply came to
reset_host() {  # keep-binaries(yes|no)
    if [ -s "$KPROV_STATE/owned" ]; then
        reset_owned "$1"
    else
        gone nothing "this host holds nothing of kprov"
    fi
    if [ "$1" = no ]; then
        rm -rf "$KPROV_OPT/.incoming"
        rmdir "$KPROV_OPT"
    fi
    lease_drop
    find "$KPROV_STATE" -xdev -mindepth 1 -delete
    rmdir "$KPROV_STATE"
}
