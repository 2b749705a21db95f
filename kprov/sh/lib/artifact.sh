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

# What is not there yet, each in a process of its own. Through crictl, for it knows the passwords
# that containerd has; ctr knows mirrors and authorities.
k_pull() {  # mark(or empty) images
    pull_mark=$1
    shift
    pull_there=" $(ctr --connect-timeout 5s -n k8s.io images ls -q 2>/dev/null | tr '\n' ' ') "
    for pull_image; do
        shift
        case $pull_there in *" $pull_image "*) ;; *) set -- "$@" "$pull_image" ;; esac
    done
    if [ -n "$pull_mark" ]; then pull_ahead "$@"; else pull_all "$@"; fi
    ok
}

pull_command() {
    if command -v crictl >/dev/null 2>&1; then
        crictl pull "$1"
    else
        through_proxy
        ctr -n k8s.io images pull --hosts-dir /etc/containerd/certs.d "$1"
    fi
}

pull_all() {
    pull_jobs=
    pull_number=0
    for pull_image; do
        pull_number=$((pull_number + 1))
        (pull_command "$pull_image") >"$KPROV_TMP/pull.$pull_number" 2>&1 &
        pull_jobs="$pull_jobs $!"
    done
    pull_number=0
    pull_failed=
    for pull_job in $pull_jobs; do
        pull_number=$((pull_number + 1))
        wait "$pull_job" || pull_failed="$pull_failed
$(tail_of "$KPROV_TMP/pull.$pull_number" 3)"
    done
    [ -z "$pull_failed" ] || fail "cannot be pulled:$pull_failed"
}

# Started and left alone, as units of systemd: they outlive this payload, and hold nothing up
pull_ahead() {
    for pull_image; do
        if command -v crictl >/dev/null 2>&1; then
            set -- crictl pull "$pull_image"
        else
            set -- ctr -n k8s.io images pull --hosts-dir /etc/containerd/certs.d "$pull_image"
        fi
        systemd-run --quiet --no-block --collect --property=EnvironmentFile=-/etc/kprov/proxy.env \
            --setenv="PATH=$PATH" --description="kprov: pull $pull_image" -- "$@" >>"$KPROV_TMP/log" 2>&1
    done
    mkdir -p "${pull_mark%/*}"
    : >"$pull_mark"
}
