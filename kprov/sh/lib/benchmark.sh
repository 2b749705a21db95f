# shellcheck shell=sh
# What `kprov status --cis` asks for: command lines of running units, and the files they name.

look_programs() {  # units
    look_unit=
    look_pid=0
    { systemctl show --property=Id,MainPID -- "$@" 2>/dev/null; echo; } | while IFS='=' read -r look_key look_value; do
        case $look_key in
            Id) look_unit=$look_value ;;
            MainPID) look_pid=$look_value ;;
            '')
                if [ -n "$look_unit" ] && [ "$look_pid" != 0 ]; then look_program "$look_unit" "$look_pid"; fi
                look_unit=
                look_pid=0 ;;
        esac
    done
}

look_program() {  # unit pid
    look_args=$(tr '\0' '\n' <"/proc/$2/cmdline")
    printf '{"program":"%s",%s}\n' "$1" "$(member args "$look_args")" >&3
    case $1 in
        kubelet.service) look_named --config ;;
        kube-apiserver.service)
            look_named --audit-policy-file
            look_providers "$(printf '%s\n' "$look_args" | sed -n 's/^--encryption-provider-config=//p')" ;;
    esac
}

# The content of a file that the command line names; none of these holds a secret
look_named() {
    look_path=$(printf '%s\n' "$look_args" | sed -n "s/^$1=//p")
    if [ -f "$look_path" ]; then look_contents "$look_path"; fi
}

# The names of the providers, not their keys
look_providers() {
    [ -f "$1" ] || return 0
    printf '{"providers":"%s"}\n' "$(awk '$1 == "-" && $2 ~ /^(aescbc|aesgcm|secretbox|kms|identity):$/ {
        sub(":", "", $2); printf "%s%s", sep, $2; sep = " " }' "$1")" >&3
}
