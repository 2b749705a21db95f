# shellcheck shell=sh
# Nodes in the API: labels, annotations, taints.

node_kubectl() {
    timeout 15 kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir="$KPROV_TMP/kubectl" \
        --request-timeout=10s "$@"
}

look_nodes() {  # number go-template
    (
        look_out=$(node_kubectl get nodes -o "go-template=$2" 2>/dev/null) || look_out=
        printf '{"nodes":"%s",%s}\n' "$1" "$(member lines "$look_out")" >"$KPROV_TMP/look.$1"
    ) &
}

# Members of JSON objects and items of a list, without brackets; the record of what is in them; a
# template, and the lines that it has to print in the end.
k_node() {  # name labels annotations taints record template lines
    node_tries=5
    until node_patch "$@"; do
        node_tries=$((node_tries - 1))
        [ "$node_tries" -gt 0 ] || fail "node $1 cannot be changed: $(tail_of "$KPROV_TMP/log" 3)"
        short_pause
    done
    printf '%s\n' "$7" | while IFS= read -r node_line; do
        [ -z "$node_line" ] || grep -qxF -e "$node_line" "$KPROV_TMP/node.now" || exit 1
    done || fail "node $1 did not take all of it: something else sets its labels, annotations or taints"
    ok
}

# Fails when somebody else has changed the node meanwhile: then it is tried again
# shellcheck disable=SC2016  # the template is kubectl's, not the shell's
node_patch() {
    node_kubectl get node "$1" -o 'go-template={{.metadata.resourceVersion}}
{{range $k, $v := .metadata.annotations}}{{if eq $k "kprov.dev/node"}}{{$v}}{{end}}{{end}}
{{range .spec.taints}}{{.key}}:{{.effect}} {"key":{{printf "%q" .key}},{{if .value}}"value":{{printf "%q" .value}},{{end}}{{if .timeAdded}}"timeAdded":{{printf "%q" .timeAdded}},{{end}}"effect":{{printf "%q" .effect}}}
{{end}}' >"$KPROV_TMP/node.was" 2>"$KPROV_TMP/log" ||
        fail "the API does not show node $1 (has its kubelet joined?): $(tail_of "$KPROV_TMP/log" 3)"
    node_labels=$2 node_annotations=$3 node_taints=$4
    {
        read -r node_version && read -r node_record || return 1
        for node_word in $node_record; do
            case " $5 " in *" $node_word "*) continue ;; esac
            case $node_word in
                *[!A-Za-z0-9._/:-]*) ;;
                label:*) node_labels="${node_labels:+$node_labels,}\"${node_word#label:}\":null" ;;
                annotation:*) node_annotations="$node_annotations,\"${node_word#annotation:}\":null" ;;
            esac
        done
        while read -r node_id node_taint; do
            case " $node_record $5 " in
                *" taint:$node_id "*) ;;
                *) [ -z "$node_taint" ] || node_taints="$node_taint${node_taints:+,$node_taints}" ;;
            esac
        done
    } <"$KPROV_TMP/node.was"
    node_kubectl patch node "$1" --type=merge -o "go-template=$6" -p "{\"metadata\":{\"resourceVersion\":\"$node_version\",\"labels\":{$node_labels},\"annotations\":{$node_annotations}},\"spec\":{\"taints\":[$node_taints]}}" \
        >"$KPROV_TMP/node.now" 2>"$KPROV_TMP/log"
}
