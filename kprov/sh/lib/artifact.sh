# shellcheck shell=sh
# Binaries: installed in $KPROV_OPT/COMPONENT/VERSION, with a stamp that says what they are.
# Pushed ones wait in $KPROV_OPT/.incoming, named by the digest of their bytes.

download() {  # url file
    if command -v curl >/dev/null 2>&1; then
        curl -fsSL --retry 3 --connect-timeout 10 -C - -o "$2" -- "$1"
    elif command -v wget >/dev/null 2>&1; then
        wget -q -c -T 20 -O "$2" "$1"
    else
        echo "neither curl nor wget is here: use artifacts.delivery: push" >&2
        return 1
    fi
}

# The archive or binary at a URL, verified, in .incoming
pull() {  # url digest
    pull_to=$KPROV_OPT/.incoming/$2
    if [ "$(sum_of "$pull_to")" = "$2" ]; then return; fi
    (umask 077; mkdir -p "$KPROV_OPT/.incoming")
    download "$1" "$pull_to.part" >"$KPROV_TMP/log" 2>&1 ||
        fail "cannot download $1: $(tail_of "$KPROV_TMP/log" 3)"
    pull_sum=$(sum_of "$pull_to.part")
    if [ "$pull_sum" != "$2" ]; then
        rm -f "$pull_to.part"
        fail "$1 has SHA-256 $pull_sum, expected $2: nothing was installed"
    fi
    mv -f "$pull_to.part" "$pull_to"
}

k_artifact() {  # directory name path source-digest how(push|pull) digest-or-url member
    artifact_bin=$1/$2
    make_dirs "$1"
    if [ "$5" = pull ]; then
        pull "$6" "$4"
        artifact_from=$KPROV_OPT/.incoming/$4
    else
        artifact_from=$KPROV_OPT/.incoming/$6
        [ -f "$artifact_from" ] || fail "$2 did not arrive: run apply again"
        if [ "$(sum_of "$artifact_from")" != "$6" ]; then
            rm -f "$artifact_from"
            fail "$2 arrived damaged: nothing was installed; run apply again"
        fi
    fi
    if [ "$5" = pull ] && [ -n "$7" ]; then
        tar -xzOf "$artifact_from" "$7" >"$artifact_bin.kprov-new" 2>"$KPROV_TMP/log" ||
            tar -xzOf "$artifact_from" "./$7" >"$artifact_bin.kprov-new" 2>"$KPROV_TMP/log" ||
            { rm -f "$artifact_bin.kprov-new"; fail "no $7 in the archive $6: $(tail_of "$KPROV_TMP/log" 3)"; }
    elif [ "$5" = pull ]; then
        try cp -- "$artifact_from" "$artifact_bin.kprov-new"
    else
        try mv -f -- "$artifact_from" "$artifact_bin.kprov-new"
    fi
    try chown root:root "$artifact_bin.kprov-new"
    try chmod 0755 "$artifact_bin.kprov-new"
    try mv -f -- "$artifact_bin.kprov-new" "$artifact_bin"
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
