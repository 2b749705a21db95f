# shellcheck shell=sh
# The ground of every probe and payload: words for the wire, private temporary files, bookkeeping.
# One line of JSON per fact or result on descriptor 3; what commands print goes to $KPROV_TMP/log.

export LC_ALL=C PATH="/usr/local/sbin:/usr/local/bin:/opt/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH"
umask 077
KPROV_STATE=/var/lib/kprov
KPROV_OPT=/opt/kprov

# text -> a JSON member, plain when it is safe, base64 otherwise: "NAME":"text" or "NAME64":"..."
member() {
    case $2 in
        *[!A-Za-z0-9\ ._:/@,=+%~#*-]*)
            printf '"%s64":"%s"' "$1" "$(printf '%s' "$2" | base64 | tr -d '\n')" ;;
        *) printf '"%s":"%s"' "$1" "$2" ;;
    esac
}

# Facts are many: a safe text costs no process
fact() {
    case $2 in
        *[!A-Za-z0-9\ ._:/@,=+%~#*-]*) printf '{"fact":"%s",%s}\n' "$1" "$(member v "$2")" >&3 ;;
        *) printf '{"fact":"%s","v":"%s"}\n' "$1" "$2" >&3 ;;
    esac
}

# Lines of a file, or of standard input, joined for a message
tail_of() { tail -n "${2:-20}" "$1" 2>/dev/null; }

uptime_now() { read -r KPROV_UP _ </proc/uptime || KPROV_UP=0; }

# A pause as short as this sleep can make it
short_pause() { sleep 0.1 2>/dev/null || sleep 1; }

# Append to the list of what kprov owns on this host: `kprov reset` takes it away in reverse order
own() { printf '%s\t%s\n' "$1" "$2" >>"$KPROV_STATE/owned"; }

# Replace a file at once, from standard input
replace() {
    cat >"$1.kprov-new" && mv -f "$1.kprov-new" "$1"
}

# Programs that load something from elsewhere take the way that the inventory says
through_proxy() {
    [ -r /etc/kprov/proxy.env ] || return 0
    set -a
    # shellcheck source=/dev/null
    . /etc/kprov/proxy.env
    set +a
}
