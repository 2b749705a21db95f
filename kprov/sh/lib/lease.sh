# shellcheck shell=sh
# The lease: one apply at a time. The file holds: RUN, OWNER, EXPIRES (epoch of this host).
# Taken by every payload, dropped by the last one on this host or when a payload ends badly.

lease_take() {  # run owner seconds steal(yes|no)
    mkdir -p "$KPROV_STATE/units"
    lease_now=$(date +%s)
    lease_line="$1	$2	$((lease_now + $3))"
    KPROV_RUN=$1
    if (set -C; printf '%s\n' "$lease_line" >"$KPROV_STATE/lease") 2>/dev/null; then return; fi
    IFS='	' read -r lease_run lease_owner lease_expires <"$KPROV_STATE/lease" || lease_expires=0
    if [ "$4" = yes ] || [ "$lease_run" = "$1" ] || [ "$lease_owner" = "$2" ] ||
        [ "${lease_expires:-0}" -le "$lease_now" ]; then
        printf '%s\n' "$lease_line" | replace "$KPROV_STATE/lease"
        return
    fi
    KPROV_RUN=
    printf '{"lease":"held","expires":%s,%s}\n' "$lease_expires" "$(member owner "$lease_owner")" >&3
    exit 73
}

lease_drop() {
    [ -n "${KPROV_RUN-}" ] && [ -r "$KPROV_STATE/lease" ] || return 0
    IFS='	' read -r lease_run _ <"$KPROV_STATE/lease" || :
    if [ "$lease_run" = "$KPROV_RUN" ]; then rm -f "$KPROV_STATE/lease"; fi
}
