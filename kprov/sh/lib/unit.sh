# shellcheck shell=sh
# systemd units: reloaded once, started or restarted, recorded with what they were started from.

unit_reload() {
    if [ "${KPROV_RELOAD-no}" = yes ]; then
        try systemctl daemon-reload
        KPROV_RELOAD=no
    fi
}

# What a person would look at next
unit_story() {
    systemctl status --no-pager --lines=0 -- "$1" 2>&1 | head -n 6
    echo "-- last journal lines of $1:"
    journalctl --no-pager --quiet --since=-3min --lines=1500 --output=cat --unit="$1" 2>/dev/null | story_lines
}

# The last lines, and before them the errors: programs that refuse a flag drown it in their usage
story_lines() {
    awk '{ line[NR] = substr($0, 1, 400) }
        END {
            last = NR > 8 ? NR - 8 : 0
            for (i = 1; i <= last; i++)
                if (line[i] ~ /^(Error|error|panic|fatal|[EF][0-9][0-9][0-9][0-9] )|"level":"(error|fatal|panic)"|flag provided but not defined|already in use/ &&
                    !seen[line[i]]++) kept[++n] = line[i]
            for (i = n > 6 ? n - 5 : 1; i <= n; i++) print kept[i]
            for (i = last + 1; i <= NR; i++) print line[i]
        }'
}

unit_runs() {
    systemctl is-active --quiet -- "$1" || fail "$1 was started but is $(systemctl is-active -- "$1")
$(unit_story "$1")"
}

# `reload`: systemd was asked before whether it is enabled, and keeps that answer until it reloads;
# `keep`: that is all, the unit goes on as it runs; `tell`: it reads its configuration anew, running
k_unit() {  # name enabled(yes|no) running(yes|no) block(yes|no) digests-to-record [reload|keep|tell]
    unit_reload
    own unit "$1"
    if [ "$2" = yes ]; then
        try systemctl enable --quiet --no-reload -- "$1"
    else
        try systemctl disable --quiet --no-reload -- "$1"
    fi
    if [ "${6-}" = tell ]; then
        systemctl reload -- "$1" >>"$KPROV_TMP/log" 2>&1 || fail "$1 does not reload: $(tail_of "$KPROV_TMP/log" 3)
$(unit_story "$1")"
        unit_runs "$1"
        printf '%s\n' "$5" | replace "$KPROV_STATE/units/$1"
        ok
        return
    fi
    if [ -n "${6-}" ]; then try systemctl daemon-reload; fi
    if [ "${6-}" = keep ] && [ "$3" = yes ]; then ok; return; fi
    if [ "$3" = no ]; then
        try systemctl stop -- "$1"
        rm -f "$KPROV_STATE/units/$1"
        ok
        return
    fi
    systemctl reset-failed -- "$1" 2>/dev/null
    if [ "$4" = no ]; then unit_start="systemctl restart --no-block"; else unit_start="systemctl restart"; fi
    if ! $unit_start -- "$1" >>"$KPROV_TMP/log" 2>&1; then
        fail "$1 does not start: $(tail_of "$KPROV_TMP/log" 3)
$(unit_story "$1")"
    fi
    if [ "$4" = yes ]; then unit_runs "$1"; fi
    printf '%s\n' "$5" | replace "$KPROV_STATE/units/$1"
    ok
}

# A unit that runs is only stopped for flags that its program takes: the same command line, as the
# same user and in the same sandbox, with one more flag that makes it read the others and end.
# systemd finds a unit of a new name by itself; it is gone with its file.
k_tried_unit() {  # flag, then as k_unit
    unit_flag=$1
    shift
    case ${6-} in tell | keep) ;; *) if [ "$3" = yes ]; then unit_tries "$1" "$unit_flag"; fi ;; esac
    k_unit "$@"
}

unit_tries() {  # unit flag
    unit_file=/etc/systemd/system/$1
    [ -f "$unit_file" ] || return 0
    systemctl is-active --quiet -- "$1" || return 0
    unit_trial=kprov-try-$1
    mkdir -p /run/systemd/system
    awk -v flag="$2" '
        /^\[Service\]/ { print; print "Type=oneshot"; print "StandardOutput=null"; print "StandardError=journal"; next }
        /^\[Install\]/ { exit }
        /^(Type|Restart|RestartSec|ExecStartPre|ExecStartPost|ExecStop|ExecReload|Delegate|TimeoutStartSec)=/ { next }
        /^ExecStart=/ { command = 1 }
        command && !/\\$/ { print $0 " " flag; command = 0; next }
        { print }
    ' "$unit_file" >"/run/systemd/system/$unit_trial"
    unit_since=$(date +%s)
    unit_good=yes
    systemctl start -- "$unit_trial" >>"$KPROV_TMP/log" 2>&1 || unit_good=no
    rm -f -- "/run/systemd/system/$unit_trial"
    if [ $unit_good = yes ]; then return 0; fi
    unit_said=$(journalctl --no-pager --quiet --since="@$unit_since" --output=cat --unit="$unit_trial" 2>/dev/null |
        story_lines | grep -v -e '^ ' -e "$unit_trial" | head -n 8)
    systemctl reset-failed -- "$unit_trial" 2>/dev/null
    fail "$1 does not take its new command line, so it was not restarted and runs on as it was:
$unit_said
-- likely cause: $(likely_cause "$unit_said" "$unit_trial")"
}

likely_cause() {
    case $1 in
        *"address already in use"*) echo "another program holds the port: see the listeners above" ;;
        *"no space left on device"*) echo "the disk is full" ;;
        *"unrecognized feature gate"*) echo "a feature gate that this version does not know: check extra_args" ;;
        *"unknown flag"* | *"unknown shorthand"* | *"flag provided but not defined"*)
            echo "a flag that this version does not know: check extra_args" ;;
        *"certificate has expired"* | *"not yet valid"*) echo "a certificate is out of its time: is the clock of this host right?" ;;
        *"x509"* | *"tls: "*) echo "the two sides do not trust each other's certificates: was the state folder replaced?" ;;
        *"permission denied"* | *"Permission denied"*) echo "the unit's user may not read or write a file named above" ;;
        *"failed to pull"* | *"ImagePull"*) echo "an image cannot be pulled: cluster.images preloads archives" ;;
        *"connection refused"*) echo "the program it talks to is not up: look at that unit first" ;;
        *) echo "see the journal: journalctl -u $2" ;;
    esac
}

k_wait() {  # name seconds unit condition
    read -r wait_up _ </proc/uptime
    wait_end=$((${wait_up%%.*} + $2))
    until sh -c "$4" >"$KPROV_TMP/log" 2>&1 </dev/null; do
        read -r wait_up _ </proc/uptime
        if [ "${wait_up%%.*}" -ge "$wait_end" ]; then wait_failed "$@"; fi
        short_pause
    done
    ok
}

wait_failed() {
    wait_said=$(tail_of "$KPROV_TMP/log" 4)
    wait_story=
    if [ -n "$3" ]; then wait_story=$(unit_story "$3"); fi
    fail "not there after $2 s: $1
the condition said: ${wait_said:-nothing} 
$wait_story
-- listening: $(ss -Hltn 2>/dev/null | awk '{ printf "%s ", $4 }')
-- likely cause: $(likely_cause "$wait_said $wait_story" "${3:-UNIT}")"
}

k_image() {  # archive-file
    try ctr -n k8s.io images import "$1"
    rm -f -- "$1"
    ok
}
