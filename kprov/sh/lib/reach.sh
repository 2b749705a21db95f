# shellcheck shell=sh
# What only two hosts together can tell: whether the one reaches the other. Every host listens, for
# seconds, on ports that are free and will be needed, and connects to its neighbours meanwhile.
# And what takes a while: whether an artefact can be downloaded, how fast the disk syncs.

reach_begin() {  # seconds that all of it may take
    : >"$KPROV_TMP/arrived"
    reach_expected=0 reach_listener='' reach_connects=''
    uptime_now
    reach_end=$((${KPROV_UP%.*} + $1))
}

reach_time_left() {
    uptime_now
    [ "${KPROV_UP%.*}" -lt "$reach_end" ]
}

# systemd's own listener notes every connection, and says nothing to it
reach_listen() {  # number of connections to come, ports
    reach_expected=$1
    shift
    for reach_port; do
        shift
        set -- "$@" "--listen=$reach_port"
    done
    systemd-socket-activate --accept "$@" sh -c "echo >>'$KPROV_TMP/arrived'" &
    reach_listener=$!
    short_pause
    kill -0 "$reach_listener" || return 0
    for reach_port; do printf '{"listens":"%s"}\n' "${reach_port#--listen=}" >&3; done
}

# `refused` is tried again as long as the other may only have been late
reach_connect() {  # number address port
    (
        reach_is=refused
        while [ "$reach_is" = refused ]; do
            reach_try "$2" "$3"
            [ "$reach_is" = refused ] || break
            reach_time_left || break
            short_pause
            short_pause
        done
        printf '{"reach":"%s","is":"%s"}\n' "$1" "$reach_is" >&3
    ) &
    reach_connects="$reach_connects $!"
}

# Sets $reach_is to open, refused, silent, unreachable or untested
reach_try() {  # address port
    if command -v bash >/dev/null; then
        # shellcheck disable=SC2016  # the words are bash's
        reach_says=$(timeout 2 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>&1)
        reach_status=$?
    elif command -v curl >/dev/null; then
        case $1 in *:*) set -- "[$1]" "$2" ;; esac
        reach_says=$(curl -sv --noproxy '*' --connect-timeout 2 -m 3 -o "$KPROV_TMP/reached" "http://$1:$2/" 2>&1)
        reach_status=$?
        case $reach_status in 7) ;; 28) case $reach_says in *"bytes received"*) reach_status=0 ;; *) reach_status=124 ;; esac ;; *) reach_status=0 ;; esac
    else
        reach_is=untested
        return
    fi
    case $reach_status:$reach_says in
        0:*) reach_is=open ;;
        124:* | *"timed out"*) reach_is=silent ;;
        *refused*) reach_is=refused ;;
        *) reach_is=unreachable ;;
    esac
}

reach_wait() {
    # shellcheck disable=SC2086  # process ids
    [ -z "$reach_connects" ] || wait $reach_connects
    reach_connects=''
}

# Listeners stay until everybody has come, or until time is up
reach_finish() {
    reach_wait
    if [ -n "$reach_listener" ]; then
        while kill -0 "$reach_listener" && [ "$(grep -c '' "$KPROV_TMP/arrived")" -lt "$reach_expected" ] && reach_time_left; do
            short_pause
        done
        kill "$reach_listener"
    fi
    wait
}

# Seconds of each write of as much as etcd writes at a time, told by dd itself (some of busybox do
# not). Into a file that is there in full, as etcd's is; busybox syncs all that belongs to the file.
reach_sync() {  # directory: the nearest above it that exists is taken
    reach_folder=$1
    until [ -d "${reach_folder:-/}" ]; do reach_folder=${reach_folder%/*}; done
    reach_file=$(mktemp "$reach_folder/.kprov-sync.XXXXXX") || return 0
    dd if=/dev/zero of="$reach_file" bs=2300 count=100 conv=fsync
    reach_how='oflag=dsync conv=notrunc'
    # shellcheck disable=SC2086  # two words
    dd if=/dev/zero of="$reach_file" bs=2300 count=1 $reach_how || reach_how=conv=notrunc,fsync
    # shellcheck disable=SC2016  # the words are the inner shell's
    reach_says=$(timeout 3 sh -c 'i=0
        while [ $i -lt 100 ]; do dd if=/dev/zero of="$0" bs=2300 count=1 seek=$i $1; i=$((i + 1)); done' \
        "$reach_file" "$reach_how" 2>&1 | awk '{
            for (i = 2; i <= NF; i++) if ($i ~ /^s(econds)?,?$/) { printf "%s%s", sep, $(i - 1); sep = " " } }')
    rm -f "$reach_file"
    printf '{"sync":"%s",%s}\n' "$reach_folder" "$(member seconds "$reach_says")" >&3
}

reach_pull() {  # URL
    (
        if command -v curl >/dev/null; then
            reach_says=$(curl -sSfL -r 0-0 -m 10 -o /dev/null "$1" 2>&1)
        elif command -v wget >/dev/null; then
            reach_says=$(timeout 10 wget -q -T 8 --spider "$1" 2>&1)
        fi && reach_is=yes || reach_is=no
        printf '{"pull":"%s",%s}\n' "$reach_is" "$(member says "$reach_says")" >&3
    ) &
    reach_connects="$reach_connects $!"
}
