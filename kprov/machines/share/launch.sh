#!/bin/sh
# Becomes the systemd-nspawn of one machine. Started in a mount namespace of its own, which ends
# with the machine: no mount made here can be left behind on the host, however the machine dies.
#
# usage: launch.sh LOCAL BASE MACHINE IDENTITY HOSTNAME BRIDGE UNIFIED [CGROUP...]
#   LOCAL     folder that holds BASE and MACHINE (both relative to it: overlayfs options would
#             need escapes for odd characters of an absolute path)
#   IDENTITY  unique on this computer; vb-IDENTITY is the host's end of the network cable
#   UNIFIED   1 on a cgroup v2 host, 0 on v1
#   CGROUP    cgroup directories to enter first
set -eu
local=$1 base=$2 machine=$3 identity=$4 hostname=$5 bridge=$6 unified=$7
shift 7

cd "$local"
exec >>"$machine/console.log" 2>&1

for cgroup in "$@"; do
    echo $$ >"$cgroup/cgroup.procs"
done

root=$machine/root
mount -t overlay overlay \
    -o "lowerdir=$base,upperdir=$machine/upper,workdir=$machine/work" "$root"
# containerd's overlay snapshots cannot lie on an overlay, and etcd wants a real disk.
for directory in var/lib/containerd var/lib/kubelet var/lib/etcd var/lib/kprov opt/kprov; do
    mount --bind "$machine/data/$directory" "$root/$directory"
done

# systemd-nspawn drops lock files and folders in here that it does not clean up when killed.
[ -d /run/systemd ] && mount -t tmpfs tmpfs /run/systemd

set --
[ ! -d /lib/modules ] || set -- --bind-ro=/lib/modules

# SECCOMP: the filter of systemd-nspawn forbids what runc does (keyrings).
# API_VFS_WRITABLE: kubelet and kube-proxy set sysctls.
export SYSTEMD_SECCOMP=0 SYSTEMD_NSPAWN_API_VFS_WRITABLE=1 SYSTEMD_NSPAWN_LOCK=0
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY="$unified" TERM=dumb
exec systemd-nspawn --quiet --boot --register=no --keep-unit --settings=no \
    --directory="$root" --machine="$identity" --hostname="$hostname" \
    --network-bridge="$bridge" --capability=all --bind=/dev/kmsg \
    --link-journal=no --resolv-conf=off --timezone=off "$@"
