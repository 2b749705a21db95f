#!/bin/sh
# Runs first at every boot of a local machine: what systemd-nspawn leaves undone for Kubernetes.
# Inside the machine, not from outside, so that a reboot of the machine by itself works too.
set -eu

# Volumes of pods reach the host and back only through shared mounts.
mount --make-rshared /

# On cgroup v1 the controllers come read-only; v2 comes writable.
while read -r _ directory type _; do
    case $type:$directory in
    tmpfs:/sys/fs/cgroup) mount -o remount,rw /sys/fs/cgroup ;;
    cgroup:*) mount -o remount,rw,bind "$directory" ;;
    esac
done </proc/mounts

# systemd-nspawn shows some folders of sysfs only; real machines have /sys/module.
if [ ! -d /sys/module ]; then
    mkdir -p /run/kprov-local/sysfs /sys/module
    mount -t sysfs sysfs /run/kprov-local/sysfs
    mount -o bind,ro /run/kprov-local/sysfs/module /sys/module
    umount /run/kprov-local/sysfs
    rm -r /run/kprov-local
fi

# The swap is this computer's: `swapoff -a` in a machine must not reach it.
if [ ! -e /run/kprov-swaps ]; then
    head -n 1 /proc/swaps >/run/kprov-swaps
    mount --bind /run/kprov-swaps /proc/swaps
fi

# network INTERFACE ADDRESS/PREFIX [GATEWAY]: networkd would wait for udev, which is not here.
while read -r word interface address gateway; do
    [ "$word" = network ] || continue
    ip address replace "$address" dev "$interface"
    ip link set "$interface" up
    [ -z "$gateway" ] || ip route replace default via "$gateway" dev "$interface"
    # No cloud is here: whoever asks for its metadata is told so, instead of waiting for an answer.
    ip route replace unreachable 169.254.169.254
done </etc/kprov-local
