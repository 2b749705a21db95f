# shellcheck shell=sh
# Results of a payload. The first change that does not work ends the run.

begin() { KPROV_I=$1; uptime_now; KPROV_T0=$KPROV_UP; : >"$KPROV_TMP/log"; }

report() {
    uptime_now
    if [ -n "${2-}" ]; then
        printf '{"i":%s,"s":"%s","from":%s,"to":%s,"m":"%s"}\n' "$KPROV_I" "$1" "$KPROV_T0" "$KPROV_UP" \
            "$(printf '%s' "$2" | base64 | tr -d '\n')" >&3
    else
        printf '{"i":%s,"s":"%s","from":%s,"to":%s}\n' "$KPROV_I" "$1" "$KPROV_T0" "$KPROV_UP" >&3
    fi
}

ok() { report ok; }
unchanged() { report unchanged; }
stale() { report stale "$1"; exit 75; }
fail() { report failed "$1${KPROV_HINT:+
$KPROV_HINT}"; exit 74; }

# Run a command quietly; its output explains a failure
try() {
    "$@" >>"$KPROV_TMP/log" 2>&1 || fail "$* (exit $?): $(tail_of "$KPROV_TMP/log" 12)"
}
