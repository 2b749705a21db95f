# shellcheck shell=sh
# Questions to the API, asked on a control plane with kubectl.

kube() {
    kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir="$KPROV_TMP/kubectl" "$@"
}

# A row for each object that is there, APIVERSION|KIND|NAMESPACE|NAME|REPLICAS|FIELDS, FIELDS being
# those that the API holds to be kprov's; and kprov's record as one line of JSON
KUBE_ROWS='{range .items[*]}{.apiVersion}|{.kind}|{.metadata.namespace}|{.metadata.name}|{.spec.replicas}|{.metadata.managedFields[?(@.manager=="kprov")].fieldsV1}{"\n"}{end}{.items[?(@.metadata.name=="kprov-applied")].data}{"\n"}'

# Always there, both of them, so that kubectl always prints a list
KUBE_ALWAYS='---
{apiVersion: v1, kind: Namespace, metadata: {name: kube-system}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: default}}
'
KUBE_RECORD='---
{apiVersion: v1, kind: ConfigMap, metadata: {name: kprov-applied, namespace: kube-system}}
'

kube_rows() {  # files, each after -f
    timeout 20 kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir="$KPROV_TMP/kubectl" \
        get "$@" --ignore-not-found -o "jsonpath=$KUBE_ROWS" 2>/dev/null
}

# All in one question. It has no answer while one of the kinds is not known to the API; then objects
# of Kubernetes' own groups, and each of the others' manifests, are asked for by themselves.
look_manifests() {  # number built-in-objects [custom-objects | file]...
    (
        look_number=$1
        printf '%s%s%s' "$KUBE_ALWAYS" "$KUBE_RECORD" "$2" >"$KPROV_TMP/ask.0"
        shift 2
        look_asked=0
        for look_text; do
            look_asked=$((look_asked + 1))
            shift
            case $look_text in
                /*) { printf '%s---\n' "$KUBE_ALWAYS"; cat "$look_text" 2>/dev/null; } >"$KPROV_TMP/ask.$look_asked" ;;
                *) printf '%s%s' "$KUBE_ALWAYS" "$look_text" >"$KPROV_TMP/ask.$look_asked" ;;
            esac
            set -- "$@" -f "$KPROV_TMP/ask.$look_asked"
        done
        {
            if ! kube_rows -f "$KPROV_TMP/ask.0" "$@" && [ $# -gt 0 ]; then
                while [ "$look_asked" -ge 0 ]; do
                    kube_rows -f "$KPROV_TMP/ask.$look_asked"
                    look_asked=$((look_asked - 1))
                done
            fi
        } >"$KPROV_TMP/rows"
        printf '{"manifests":"%s","rows":"%s"}\n' "$look_number" \
            "$(gzip -c "$KPROV_TMP/rows" | base64 | tr -d '\n')" >"$KPROV_TMP/look.$look_number.manifests"
    ) &
}
