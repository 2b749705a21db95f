# shellcheck shell=sh
# How a probe looks: batched, without a process per resource.

# Owner, mode and type of paths. stat prints the JSON itself; absent paths print nothing.
look_paths() {
    stat -c '{"path":"%n","type":"%F","mode":"%a","owner":"%U","group":"%G","size":%s,"mtime":%Y,"inode":%i}' \
        -- "$@" 2>/dev/null >&3
}

# Folders whose contents are the cluster's, as this host has them on record
look_data() {
    [ -r "$KPROV_STATE/owned" ] || return 0
    while IFS='	' read -r look_kind look_path; do
        for look_name; do
            if [ "$look_kind" = data ] && [ "$look_path" = "$look_name" ]; then
                printf '{"data":"%s"}\n' "$look_name" >&3
            fi
        done
    done <"$KPROV_STATE/owned"
}

# One readlink for all where it takes several names; busybox's may not
look_links() {
    for look_path; do
        shift
        if [ -L "$look_path" ]; then set -- "$@" "$look_path"; fi
    done
    [ $# -gt 0 ] || return 0
    if readlink -- "$1" "$1" >/dev/null 2>&1; then
        readlink -- "$@" | while IFS= read -r look_target; do
            look_link "$1" "$look_target"
            shift
        done
    else
        for look_path; do look_link "$look_path" "$(readlink -- "$look_path")"; done
    fi
}

look_link() {
    case $2 in
        *[!A-Za-z0-9._/-]*) printf '{"link":"%s",%s}\n' "$1" "$(member target "$2")" >&3 ;;
        *) printf '{"link":"%s","target":"%s"}\n' "$1" "$2" >&3 ;;
    esac
}

# Digests of files. $1: lines "SHA256  PATH" as kprov would write them (their contents need not
# travel), or "secret" (contents never travel).
look_files() {
    look_known=$1
    shift
    for look_path; do
        shift
        if [ -f "$look_path" ]; then set -- "$@" "$look_path"; fi
    done
    [ $# -gt 0 ] || return 0
    sha256sum -- "$@" 2>/dev/null | {
        set --
        while read -r look_sum look_path; do
            printf '{"of":"%s","sum":"%s"}\n' "$look_path" "$look_sum" >&3
            case $look_known in secret | *"$look_sum  $look_path
"*) ;; *) set -- "$@" "$look_path" ;; esac
        done
        if [ $# -gt 0 ]; then look_contents "$@"; fi
    }
}

# What is in files of less than 256 KiB, in one archive
look_contents() {
    printf '{"contents":"%s","tar":"%s"}\n' "$1" "$(look_archive "$@" | base64 | tr -d '\n')" >&3
}

look_archive() {
    find -L "$@" -type f -size -513 2>/dev/null | {
        set --
        while IFS= read -r look_path; do set -- "$@" "$look_path"; done
        tar -chf - -- "$@" 2>/dev/null | gzip -c
    }
}

# Stamps that say what an installed binary is: "SOURCE SIZE MTIME INODE"
look_stamps() {
    for look_path; do
        [ -r "$look_path" ] || continue
        read -r look_line <"$look_path" || continue
        printf '{"stamp":"%s","is":"%s"}\n' "$look_path" "$look_line" >&3
    done
}

# systemctl prints blocks of KEY=VALUE, a blank line after each
look_units() {
    look_line=''
    { systemctl show --property=Id,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload \
        -- "$@" 2>/dev/null; echo; } | while IFS='=' read -r look_key look_value; do
        case $look_key in
            '') [ -z "${look_line-}" ] || printf '{%s}\n' "$look_line" >&3; look_line='' ;;
            Id)
                look_inputs=''
                if [ -r "$KPROV_STATE/units/$look_value" ]; then
                    read -r look_inputs <"$KPROV_STATE/units/$look_value" || :
                fi
                look_line="\"unit\":\"$look_value\",\"inputs\":\"$look_inputs\"${look_line:+,$look_line}" ;;
            *) look_line="${look_line:+$look_line,}\"$look_key\":\"$look_value\"" ;;
        esac
    done
}

# Read with awk: the kernel gives these files in one read only, and some shells read byte by byte
look_sysctls() {  # paths below /proc/sys
    for look_path; do
        shift
        if [ -r "$look_path" ]; then set -- "$@" "$look_path"; fi
    done
    [ $# -gt 0 ] || return 0
    awk 'FNR == 1 { print FILENAME; print }' "$@" 2>/dev/null | while read -r look_path && read -r look_value; do
        case $look_value in
            *[!A-Za-z0-9\ .-]*) printf '{"sysctl":"%s",%s}\n' "$look_path" "$(member v "$look_value")" >&3 ;;
            *) printf '{"sysctl":"%s","v":"%s"}\n' "$look_path" "$look_value" >&3 ;;
        esac
    done
}

# Loaded, built in, or its work visible in another place
module_present() {
    [ -d "/sys/module/$1" ] && return 0
    case $1 in
        br_netfilter) [ -d /proc/sys/net/bridge ] && return 0 ;;
        nf_conntrack) [ -e /proc/sys/net/netfilter/nf_conntrack_max ] && return 0 ;;
        overlay | fuse) grep -qw "$1" /proc/filesystems && return 0 ;;
    esac
    grep -qs "/$1\\.ko" "/lib/modules/$(uname -r)/modules.builtin"
}

# Those that are neither there nor to be loaded are a fact, for preflight
look_modules() {
    look_lacking=
    for look_name; do
        if module_present "$look_name"; then
            printf '{"module":"%s"}\n' "$look_name" >&3
        elif ! grep -qs "/$look_name\\.ko" "/lib/modules/$(uname -r)/modules.dep"; then
            look_lacking="$look_lacking$look_name "
        fi
    done
    fact modules_lacking "$look_lacking"
}

# Sets $manager to the package manager whose system this is; some can be installed on others' systems
find_manager() {
    manager=
    if [ -s /var/lib/dpkg/status ] && command -v apt-get >/dev/null 2>&1; then manager=apt-get; return; fi
    for find_name in zypper dnf pacman; do
        if command -v "$find_name" >/dev/null 2>&1; then manager=$find_name; return; fi
    done
}

# Sets $package to the name that this system has: its manager's own, or the one that all others use
package_of() {  # name [manager=name ...]
    package=$1
    for package_word; do
        case $package_word in "$manager="*) package=${package_word#*=} ;; esac
    done
}

# Each argument: "NAME manager=name ...". One question for all; what provides a package counts too
look_packages() {
    find_manager
    [ -n "$manager" ] || return 0
    look_pairs=$(for look_words; do
        # shellcheck disable=SC2086  # names have no spaces
        package_of $look_words
        printf '%s %s\n' "${look_words%% *}" "$package"
    done)
    # shellcheck disable=SC2046
    set -- $(printf '%s\n' "$look_pairs" | sed 's/.* //')
    look_found=$(installed_packages "$@" | tr '\n' ' ')
    printf '%s\n' "$look_pairs" | while read -r look_name look_package; do
        case " $look_found " in
            *" $look_package "*) printf '{"package":"%s","status":"installed"}\n' "$look_name" >&3 ;;
        esac
    done
}

installed_packages() {
    # shellcheck disable=SC2016  # the format is dpkg's, not the shell's
    case $manager in
        apt-get) dpkg-query -W -f '${db:Status-Status} ${Package}\n' -- "$@" 2>/dev/null | sed -n 's/^installed //p' ;;
        pacman) # prints what is missing
            look_missing=" $(pacman -T -- "$@" | tr '\n' ' ') "
            for look_package; do
                case $look_missing in *" $look_package "*) ;; *) printf '%s\n' "$look_package" ;; esac
            done ;;
        *) rpm -q --whatprovides --qf '= [%{PROVIDES} ]\n' -- "$@" 2>/dev/null | sed -n 's/^= //p' ;;
    esac
}

look_users() {
    while IFS=: read -r look_user _ look_uid _ _ look_home look_shell; do
        for look_name; do
            if [ "$look_name" = "$look_user" ]; then
                printf '{"user":"%s","uid":"%s","home":"%s","shell":"%s"}\n' \
                    "$look_user" "$look_uid" "$look_home" "$look_shell" >&3
            fi
        done
    done </etc/passwd
}

look_mounts() {
    while read -r look_source look_path look_type _; do
        for look_name; do
            if [ "$look_name" = "$look_path" ]; then
                printf '{"mount":"%s","source":"%s","type":"%s"}\n' "$look_path" "$look_source" "$look_type" >&3
            fi
        done
    done </proc/mounts
}

# Conditions take time, so they are looked at side by side; `look_wait` collects them.
look_condition() {  # number shell-text
    (
        if timeout 10 sh -c "$2" >/dev/null 2>&1 </dev/null; then look_value=yes; else look_value=no; fi
        printf '{"condition":%s,"met":"%s"}\n' "$1" "$look_value" >"$KPROV_TMP/look.$1"
    ) &
}

look_images() {  # number
    (
        look_out=$(timeout 10 ctr --connect-timeout 2s -n k8s.io images ls -q 2>/dev/null) || look_out=
        printf '{"condition":%s,%s}\n' "$1" "$(member lines "$look_out")" >"$KPROV_TMP/look.$1"
    ) &
}

# Whether a neighbour has an address: the kernel is told to ask for it (ARP), for half a second
look_address() {  # address
    (
        look_device=$(ip -4 route get "$1" | awk '{ for (i = 1; i < NF; i++) if ($i == "dev") { print $(i + 1); exit } }')
        case $look_device in '' | lo) exit ;; esac
        ip neigh del "$1" dev "$look_device"
        ip neigh add "$1" dev "$look_device" use
        for look_round in 1 2 3 4 5; do
            short_pause
            case $(ip neigh show "$1" dev "$look_device") in
                *lladdr*) printf '{"fact":"virtual_address_answers","v":"yes"}\n' >"$KPROV_TMP/look.address"; exit ;;
            esac
        done
        : "$look_round"
    ) &
}

look_wait() {
    wait
    cat "$KPROV_TMP"/look.* 2>/dev/null >&3
}
