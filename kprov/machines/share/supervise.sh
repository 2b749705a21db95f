#!/bin/sh
# Runs launch.sh (all arguments are its) again when the machine reboots, as the unit
# systemd-nspawn@.service does where systemd is PID 1. Stays outside of the machine's control
# group: on cgroup v2 a group that holds processes cannot pass controllers on. An inherited file
# descriptor holds the lock of the machine's folder as long as this runs.
set -eu
launch=$1
shift
while :; do
    status=0
    unshare --mount --propagation private -- sh "$launch" "$@" || status=$?
    # EXIT_FORCE_RESTART of systemd-nspawn: the machine asked for a reboot.
    [ "$status" -eq 133 ] || exit "$status"
done
