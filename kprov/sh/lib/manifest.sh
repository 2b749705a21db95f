# shellcheck shell=sh
# Kubernetes objects: applied with kprov's own field manager, on record in the API, pruned, waited
# for. Lines of objects are "APIVERSION KIND NAMESPACE NAME", `-` for no namespace.

# Lines on standard input to YAML that names the objects
manifest_stubs() {
    awk 'NF >= 4 {
        if ($3 == "-") printf "---\n{apiVersion: %s, kind: %s, metadata: {name: \"%s\"}}\n", $1, $2, $4
        else printf "---\n{apiVersion: %s, kind: %s, metadata: {name: \"%s\", namespace: %s}}\n", $1, $2, $4, $3
    }'
}

# What is on record under a key, with a field manager of its own: others' keys are not touched
manifest_record() {  # key lines
    {
        printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kprov-applied, namespace: kube-system}\n'
        printf 'data:\n  "%s.ready": "no"\n  "%s": |\n' "$1" "$1"
        printf '%s\n' "$2" | awk 'NF { print "    " $0 }'
    } >"$KPROV_TMP/record"
    try kube apply --server-side --force-conflicts --validate=false --field-manager="kprov-$1" -f "$KPROV_TMP/record"
}

manifest_patch_record() {  # members of its data
    try kube patch configmap kprov-applied -n kube-system --type=merge -p "{\"data\":{$1}}"
}

manifest_forget() {  # key
    manifest_patch_record "\"$1\":null,\"$1.ready\":null"
}

# Nothing is applied while the API does not know all kinds
manifest_known() {  # file lines-with-documents kinds-to-be-known
    [ -n "$3" ] || return 0
    kube create --dry-run=client --validate=false -o name -f "$1" >/dev/null 2>"$KPROV_TMP/log" && return 0
    grep -o 'no matches for kind "[^"]*" in version "[^"]*"' "$KPROV_TMP/log" | sort -u |
        while IFS='"' read -r _ manifest_kind _ manifest_version _; do
            case "
$3" in *"
$manifest_kind $manifest_version
"*) ;; *) continue ;; esac
            printf '%s' "$2" | awk -v kind="$manifest_kind" -v version="$manifest_version" \
                '$2 == version && $3 == kind { printf "document %s: %s %s: the API knows no kind %s in %s\n", $6, $3, $5, kind, version }'
        done >"$KPROV_TMP/unknown"
    if [ -s "$KPROV_TMP/unknown" ]; then
        fail "$(cat "$KPROV_TMP/unknown")
nothing of this manifest was applied: is the kind spelled right? a kind of another project needs that project's CustomResourceDefinitions first"
    fi
}

# A definition is Established before everybody knows its kind
manifest_apply() {  # file
    manifest_tries=0
    until kube apply --server-side --force-conflicts --field-manager=kprov -f "$1" >"$KPROV_TMP/log" 2>&1; do
        manifest_tries=$((manifest_tries + 1))
        if [ "$manifest_tries" -gt 40 ] || ! grep -qE 'no matches for kind|the server could not find the requested resource' "$KPROV_TMP/log"; then
            grep -v 'serverside-applied$' "$KPROV_TMP/log" >"$KPROV_TMP/said"
            manifest_hint=
            if grep -q 'immutable' "$KPROV_TMP/said"; then
                manifest_hint="
the API does not let this field be changed: kubectl delete the object, then apply again"
            fi
            fail "$(tail_of "$KPROV_TMP/said" 12)$manifest_hint"
        fi
        rm -rf "$KPROV_TMP/kubectl"
        short_pause
    done
}

# Namespaces and definitions are the first documents of the file
manifest_foundations() {  # file lines-with-documents how-many
    [ "$3" -gt 0 ] || return 0
    awk -v last="$3" '/^---/ { n++ } n <= last' "$1" >"$KPROV_TMP/foundations"
    manifest_apply "$KPROV_TMP/foundations"
    manifest_names=$(printf '%s' "$2" | awk '$3 == "CustomResourceDefinition" { print "customresourcedefinition/" $5 }')
    # shellcheck disable=SC2086  # names of definitions, no spaces in them
    [ -z "$manifest_names" ] || try kube wait --for=condition=Established --timeout=60s $manifest_names
}

# Beside each object's digest, the digest of the fields that the API holds to be kprov's now. Until
# Kubernetes 1.22 it does not notice there that somebody scales: the number counts as well
manifest_owned() {  # lines "DIGEST APIVERSION KIND NAMESPACE NAME DOCUMENT"
    { printf '%s' "$KUBE_ALWAYS"; printf '%s' "$1" | cut -d ' ' -f 2- | manifest_stubs; } >"$KPROV_TMP/stubs"
    kube_rows -f "$KPROV_TMP/stubs" | tail -n +3 |
        while IFS='|' read -r manifest_version manifest_kind manifest_space manifest_name manifest_replicas manifest_fields; do
            case $manifest_fields in *'"f:replicas"'*) ;; *) manifest_replicas= ;; esac
            manifest_sum=$(printf '%s|%s' "$manifest_replicas" "$manifest_fields" | sha256sum | cut -c 1-16)
            printf '%s %s %s %s %s\n' "$manifest_sum" "$manifest_version" "$manifest_kind" "${manifest_space:--}" "$manifest_name"
        done >"$KPROV_TMP/owned"
    printf '%s' "$1" | awk -v file="$KPROV_TMP/owned" '
        BEGIN { while ((getline line < file) > 0) { split(line, its, " "); owned[its[2] " " its[3] " " its[4] " " its[5]] = its[1] } }
        { key = $2 " " $3 " " $4 " " $5; print $1, (key in owned ? owned[key] : "-"), key }'
}

# Only what still carries the label: another manifest may have taken it over. Volumes hold data
manifest_delete() {  # name lines
    printf '%s\n' "$2" | awk 'NF { line[++n] = $0 } END { while (n) print line[n--] }' >"$KPROV_TMP/delete"
    while read -r manifest_version manifest_kind manifest_space manifest_name; do
        manifest_type=$(printf '%s' "$manifest_version" | awk -F/ -v kind="$manifest_kind" '{ print NF == 2 ? kind "." $2 "." $1 : kind }')
        set -- "$1" "$2" "$manifest_type"
        if [ "$manifest_space" != - ]; then set -- "$1" "$2" "$manifest_type" -n "$manifest_space"; fi
        manifest_delete_one "$manifest_kind" "$manifest_name" "$@"
    done <"$KPROV_TMP/delete"
}

manifest_delete_one() {  # kind object-name name lines type [-n namespace]
    manifest_its=$2
    manifest_label="kprov.dev/addon=$3"
    if [ "$1" = Namespace ]; then
        manifest_data=$(kube get persistentvolumeclaims -n "$2" -o name 2>/dev/null)
        if [ -n "$manifest_data" ]; then
            fail "namespace $2 is not deleted, for it holds data: $(printf '%s' "$manifest_data" | tr '\n' ' ')
delete these claims first (kubectl delete -n $2 ...), or write the entry into the list again"
        fi
    fi
    manifest_kind=$1
    shift 4
    kube delete "$@" -l "$manifest_label" --field-selector "metadata.name=$manifest_its" --ignore-not-found --timeout=180s >"$KPROV_TMP/log" 2>&1 </dev/null && return 0
    grep -qE "doesn't have a resource type|no matches for kind" "$KPROV_TMP/log" ||
        fail "$manifest_kind $manifest_its cannot be deleted: $(tail_of "$KPROV_TMP/log" 4)"
}

# Everything is on record before it is made: what a cut cable leaves behind is pruned all the same
k_manifest() {  # key name file lines-with-documents foundations dropped kinds-to-be-known namespace
    manifest_known "$3" "$4" "$7"
    manifest_record "$1" "$(printf '%s' "$4" | awk '{ print $1, "-", $2, $3, $4, $5 }'
        printf '%s' "$6" | awk 'NF { print "-", "-", $0 }')"
    if [ -n "$8" ] && ! kube get namespace "$8" >/dev/null 2>&1; then try kube create namespace "$8"; fi
    manifest_foundations "$3" "$4" "$5"
    manifest_apply "$3"
    manifest_delete "$2" "$6"
    manifest_record "$1" "$(manifest_owned "$4")"
    ok
}

k_manifest_gone() {  # key name lines
    manifest_delete "$2" "$3"
    manifest_forget "$1"
    ok
}

k_leftovers() {  # family lines "NAME APIVERSION KIND NAMESPACE NAME"
    for leftovers_name in $(printf '%s\n' "$2" | awk 'NF { print $1 }' | sort -u); do
        manifest_delete "$leftovers_name" "$(printf '%s\n' "$2" | awk -v name="$leftovers_name" '$1 == name { print $2, $3, $4, $5 }')"
        manifest_forget "$1.$leftovers_name"
        rm -f "/etc/kubernetes/kprov/$leftovers_name.yaml"
    done
    ok
}

# Watches end by themselves; all of them run side by side
k_rollout() {  # key name seconds lines "APIVERSION KIND NAMESPACE NAME SELECTOR"
    printf '%s' "$4" >"$KPROV_TMP/rollout"
    rollout_number=0
    while read -r rollout_line; do
        rollout_number=$((rollout_number + 1))
        # shellcheck disable=SC2086  # the words of the line
        (rollout_wait "$3" $rollout_line >"$KPROV_TMP/rollout.$rollout_number" 2>&1 ||
            echo "$rollout_line" >"$KPROV_TMP/unready.$rollout_number") &
    done <"$KPROV_TMP/rollout"
    wait
    cat "$KPROV_TMP"/unready.* >"$KPROV_TMP/unready" 2>/dev/null
    if [ -s "$KPROV_TMP/unready" ]; then
        fail "not ready after $3 s: $(awk '{ print $2, $3 "/" $4 }' "$KPROV_TMP/unready" | tr '\n' ' ')
$(while read -r _ _ rollout_space rollout_name rollout_selector; do
            rollout_story "$rollout_space" "$rollout_name" "$rollout_selector"
        done <"$KPROV_TMP/unready")"
    fi
    manifest_patch_record "\"$1.ready\":\"yes\""
    ok
}

rollout_wait() {  # seconds apiversion kind namespace name
    rollout_type=$(printf '%s' "$2" | awk -F/ -v kind="$3" '{ print NF == 2 ? kind "." $2 "." $1 : kind }')
    case $3 in
        Deployment | DaemonSet | StatefulSet) kube rollout status -n "$4" "$3/$5" --timeout="$1s" ;;
        Namespace) return 0 ;;
        Job) kube wait --for=condition=Complete --timeout="$1s" -n "$4" "job/$5" ;;
        CustomResourceDefinition) kube wait --for=condition=Established --timeout="$1s" "crd/$5" ;;
        APIService) kube wait --for=condition=Available --timeout="$1s" "apiservice/$5" ;;
        *) kube wait --for=condition=Ready --timeout="$1s" -n "${4#-}" "$rollout_type/$5" ;;
    esac
}

# What a person would ask next: the pods, why their containers wait, what happened to them
rollout_story() {  # namespace name selector
    echo "-- pods of $2:"
    if [ "$3" != - ]; then
        kube get pods -n "$1" -l "$3" -o 'jsonpath={range .items[*]}{.metadata.name}: {.status.phase} {.status.conditions[?(@.status=="False")].message}{range .status.initContainerStatuses[*]}; init container {.name} {.state}{end}{range .status.containerStatuses[*]}; container {.name} restarted {.restartCount} times, {.state}, before {.lastState}{end}{"\n"}{end}' 2>/dev/null |
            cut -c 1-600 | head -n 6
    fi
    echo "-- events:"
    kube get events -n "$1" --sort-by=.lastTimestamp -o 'jsonpath={range .items[*]}{.involvedObject.name}|{.type}|{.reason}: {.message}{"\n"}{end}' 2>/dev/null |
        awk -F'|' -v name="$2" 'index($1, name) == 1 { sub(/^[^|]*\|[^|]*\|/, $1 " "); print substr($0, 1, 300) }' | tail -n 8
}
