# shellcheck shell=sh
# Binaries: installed in $KPROV_OPT/COMPONENT/VERSION, with a stamp that says what they are.
# Pushed ones wait in $KPROV_OPT/.incoming, named by the digest of their bytes.

download() (  # url file
    through_proxy
    if command -v curl >/dev/null 2>&1; then
        curl -fsSL --retry 3 --connect-timeout 10 -C - -o "$2" -- "$1"
    elif command -v wget >/dev/null 2>&1; then
        wget -q -c -T 20 -O "$2" "$1"
    else
        echo "neither curl nor wget is here: use artifacts.delivery: push" >&2
        exit 1
    fi
)

# The archive or binary at a URL, verified, in .incoming
pull() {  # url digest
    pull_to=$KPROV_OPT/.incoming/$2
    sum_of "$pull_to"
    if [ "$sum" = "$2" ]; then return; fi
    (umask 077; mkdir -p "$KPROV_OPT/.incoming")
    download "$1" "$pull_to.part" >"$KPROV_TMP/log" 2>&1 ||
        fail "cannot download $1: $(tail_of "$KPROV_TMP/log" 3)"
    sum_of "$pull_to.part"
    if [ "$sum" != "$2" ]; then
        rm -f "$pull_to.part"
        fail "$1 has SHA-256 $sum, expected $2: nothing was installed"
    fi
    mv -f "$pull_to.part" "$pull_to"
}

# A pushed file lies there already; it is verified like a pulled one
arrived() {  # digest name
    arrived_at=$KPROV_OPT/.incoming/$1
    [ -f "$arrived_at" ] || fail "$2 did not arrive: run apply again"
    sum_of "$arrived_at"
    if [ "$sum" != "$1" ]; then
        rm -f "$arrived_at"
        fail "$2 arrived damaged: nothing was installed; run apply again"
    fi
}

# Archives are unpacked once for all their members
unpack() {  # digest
    if [ -d "$KPROV_OPT/.incoming/$1.d" ]; then return; fi
    rm -rf "$KPROV_OPT/.incoming/$1.new"
    try mkdir "$KPROV_OPT/.incoming/$1.new"
    try tar -xzf "$KPROV_OPT/.incoming/$1" -C "$KPROV_OPT/.incoming/$1.new"
    try mv "$KPROV_OPT/.incoming/$1.new" "$KPROV_OPT/.incoming/$1.d"
}

k_artifact() {  # directory name path source-digest how(push|pull) url member
    artifact_bin=$1/$2
    make_dirs "$1"
    if [ -n "$7" ] && [ -d "$KPROV_OPT/.incoming/$4.d" ]; then
        : # verified when it was unpacked
    elif [ "$5" = pull ]; then
        pull "$6" "$4"
    else
        arrived "$4" "$2"
    fi
    artifact_from=$KPROV_OPT/.incoming/$4
    if [ -n "$7" ]; then
        unpack "$4"
        artifact_from=$KPROV_OPT/.incoming/$4.d/$7
        [ -f "$artifact_from" ] || fail "no $7 in the archive $6"
    fi
    try cp -- "$artifact_from" "$artifact_bin.kprov-new"
    try chown root:root "$artifact_bin.kprov-new"
    try chmod 0755 "$artifact_bin.kprov-new"
    try mv -f -- "$artifact_bin.kprov-new" "$artifact_bin"
    # With SELinux, what systemd may start is said by a label
    if [ -d /sys/fs/selinux/booleans ] && command -v restorecon >/dev/null 2>&1; then
        try restorecon -F -- "$artifact_bin"
    fi
    printf '%s %s\n' "$4" "$(stat -c '%s %Y %i' -- "$artifact_bin")" | replace "$1/.$2.stamp"
    own tree "$1"
    artifact_link "$artifact_bin" "$3"
}

# Only the link is to be set: the binary is there already
k_artifact_link() {  # directory name path
    artifact_link "$1/$2" "$3"
}

artifact_link() {
    if [ -d "$2" ] && [ ! -L "$2" ]; then fail "$2 is a directory, expected a link: move it away"; fi
    if [ -e "$2" ] && [ ! -L "$2" ]; then keep_original "$2"; fi
    make_dirs "${2%/*}"
    try ln -sfn -- "$1" "$2.kprov-new"
    try mv -fT -- "$2.kprov-new" "$2"
    own file "$2"
    [ -x "$2" ] || fail "$2 cannot be run"
    ok
}

# Everything that was delivered is in its place
clear_incoming() { rm -rf "$KPROV_OPT/.incoming"; }
