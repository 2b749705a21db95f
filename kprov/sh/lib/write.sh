# shellcheck shell=sh
# How a payload writes: every function re-reads what it wrote before it says ok.
# Blobs lie in $KPROV_TMP/blobs, named by their SHA-256.

# Sets $sum to the digest of a file, to nothing where there is none: no process more than needed
sum_of() {
    sum=
    if [ -f "$1" ]; then sum=$(sha256sum -- "$1") && sum=${sum%% *}; fi
}

is_like() {  # path mode owner group
    [ "$(stat -c '%a %U %G' -- "$1" 2>/dev/null)" = "$2 $3 $4" ]
}

# What was there before kprov came is kept, and comes back with `kprov reset`
keep_original() {
    keep_to=$KPROV_STATE/originals$1
    if grep -qsxF "file	$1" "$KPROV_STATE/owned" || [ -e "$keep_to" ]; then return 0; fi
    mkdir -p "${keep_to%/*}" && cp -p -- "$1" "$keep_to"
}

# Directories that had to be made are kprov's own, each of them
make_dirs() {
    if [ -d "${1:-/}" ]; then return 0; fi
    make_dirs "${1%/*}"
    (umask 022; mkdir -- "$1") 2>"$KPROV_TMP/log" || fail "cannot make $1: $(tail_of "$KPROV_TMP/log" 2)"
    own directory "$1"
}

# Of a directory that was there before, only mode and owner are kprov's affair
keep_mode() {
    if grep -qsxF "directory	$1" "$KPROV_STATE/owned" || grep -qsx ".* $1" "$KPROV_STATE/modes"; then
        return 0
    fi
    stat -c '%a %u:%g %n' -- "$1" >>"$KPROV_STATE/modes"
}

k_directory() {  # path mode owner group data(yes|no)
    if [ -d "$1" ]; then keep_mode "$1"; else make_dirs "$1"; fi
    if [ "$5" = yes ]; then own data "$1"; fi
    try chown "$3:$4" "$1"
    try chmod "$2" "$1"
    is_like "$1" "$2" "$3" "$4" || fail "$1 did not take mode $2 and owner $3:$4"
    ok
}

# `validate` is shell text that has the new file as $1, before it takes the old one's place
k_file() {  # path mode owner group digest before(digest or -) [validate]
    sum_of "$1"
    file_now=$sum
    if [ "${file_now:--}" != "$6" ] && [ "$file_now" != "$5" ]; then
        stale "$1 has changed since the plan was made (found ${file_now:-nothing}, the plan saw $6)"
    fi
    if [ -d "$1" ]; then fail "$1 is a directory, expected a file: move it away"; fi
    make_dirs "${1%/*}"
    if [ -n "$file_now" ]; then keep_original "$1"; fi
    if [ "$file_now" != "$5" ] || [ -L "$1" ]; then
        install -m "$2" -o "$3" -g "$4" -- "$KPROV_TMP/blobs/$5" "$1.kprov-new" 2>"$KPROV_TMP/log" ||
            { rm -f "$1.kprov-new"; fail "cannot write $1: $(tail_of "$KPROV_TMP/log")"; }
        if [ -n "${7-}" ] && ! sh -c "$7" validate "$1.kprov-new" >"$KPROV_TMP/log" 2>&1 </dev/null; then
            rm -f "$1.kprov-new"
            fail "$1 was not replaced, what was to be written is refused: $(tail_of "$KPROV_TMP/log" 12)"
        fi
        try mv -f -- "$1.kprov-new" "$1"
    else
        try chown "$3:$4" "$1"
        try chmod "$2" "$1"
    fi
    own file "$1"
    case $1 in /etc/systemd/system/*) KPROV_RELOAD=yes ;; esac
    sum_of "$1"
    [ "$sum" = "$5" ] || fail "$1 does not hold what was written (disk full, or another writer?)"
    is_like "$1" "$2" "$3" "$4" || fail "$1 did not take mode $2 and owner $3:$4"
    ok
}

k_absent() {  # path
    rm -f -- "$1"
    [ ! -e "$1" ] || fail "$1 is still there"
    case $1 in /etc/systemd/system/*) KPROV_RELOAD=yes ;; esac
    ok
}

k_link() {  # path target
    if [ -e "$1" ] && [ ! -L "$1" ]; then
        if [ -d "$1" ]; then fail "$1 is a directory, expected a link to $2: move it away"; fi
        keep_original "$1"
    fi
    make_dirs "${1%/*}"
    try ln -sfn -- "$2" "$1.kprov-new"
    try mv -fT -- "$1.kprov-new" "$1"
    own file "$1"
    [ "$(readlink -- "$1")" = "$2" ] || fail "$1 does not point to $2"
    ok
}

k_sysctl() {  # name value
    sysctl_path=/proc/sys/$(printf '%s' "$1" | tr . /)
    [ -e "$sysctl_path" ] || fail "the kernel has no sysctl $1 (is its module loaded?)"
    (printf '%s\n' "$2" >"$sysctl_path") 2>/dev/null || fail "the kernel refuses $1 = $2"
    sysctl_now=$(cat "$sysctl_path")
    # shellcheck disable=SC2086,SC2116  # unquoted on purpose: tabs and spaces count the same
    [ "$(echo $sysctl_now)" = "$(echo $2)" ] || fail "$1 is $sysctl_now after $2 was written"
    ok
}

k_module() {  # name
    modprobe -- "$1" >>"$KPROV_TMP/log" 2>&1
    module_present "$1" || fail "kernel module $1 cannot be loaded: $(tail_of "$KPROV_TMP/log" 3)"
    ok
}

k_package() {  # name [manager=name ...]
    find_manager
    package_of "$@"
    [ -n "$manager" ] ||
        fail "no package manager that kprov knows is here: $1 has to come with the system, or be installed by hand"
    install_package >>"$KPROV_TMP/log" 2>&1 ||
        fail "$manager cannot install $package: $(tail_of "$KPROV_TMP/log" 8)"
    installed_packages "$package" | grep -q . || fail "$package is not installed, although $manager said so"
    ok
}

# In a process of its own: what it needs from the environment ends with it
install_package() (
    through_proxy
    export DEBIAN_FRONTEND=noninteractive
    case $manager in
        apt-get)
            apt-get install -y -q --no-install-recommends -- "$package" ||
                { apt-get update -q && apt-get install -y -q --no-install-recommends -- "$package"; } ;;
        dnf) dnf install -y -q -- "$package" ;;
        zypper) zypper --non-interactive --quiet install --no-recommends -- "$package" ;;
        pacman) pacman -S --needed --noconfirm -- "$package" ;;
    esac
)

k_user() {  # name home shell
    if ! id -u -- "$1" >/dev/null 2>&1; then
        try useradd --system --user-group --no-create-home --home-dir "$2" --shell "$3" -- "$1"
        own user "$1"
    else
        try usermod --home "$2" --shell "$3" -- "$1"
    fi
    id -u -- "$1" >/dev/null 2>&1 || fail "user $1 was not made"
    ok
}

k_mount() {  # path source type options
    make_dirs "$1"
    try mount -t "$3" -o "$4" -- "$2" "$1"
    own mount "$1"
    grep -qF " $1 " /proc/mounts || fail "$1 is not mounted"
    ok
}

k_command() {  # unless-text run-text
    if [ -n "$1" ] && sh -c "$1" >/dev/null 2>&1 </dev/null; then unchanged; return; fi
    sh -c "$2" >>"$KPROV_TMP/log" 2>&1 </dev/null || fail "exit $? of: $2
$(tail_of "$KPROV_TMP/log" 12)"
    if [ -n "$1" ] && ! sh -c "$1" >/dev/null 2>&1 </dev/null; then
        fail "the command ran, but its condition still does not hold: $1"
    fi
    ok
}
