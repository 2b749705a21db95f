#!/bin/sh
# Everything that kprov has put on this machine but the binaries, as a tar.gz on standard output,
# and the floor's own script and images with it.
set -eu
cd /
list=$(mktemp)
awk -F '\t' '$1 == "file" && !seen[$2]++ { print substr($2, 2) }' var/lib/kprov/owned |
    while read -r file; do if [ -e "$file" ]; then echo "$file"; fi; done >"$list"
{
    while read -r file; do stat -c 'chown -h %U:%G /%n' "$file"; done <"$list"
    for folder in var/lib/etcd var/log/kubernetes/audit etc/kubernetes/pki/kube-controller-manager; do
        if [ -d "$folder" ]; then
            stat -c 'mkdir -p /%n; chmod %a /%n; chown %U:%G /%n' "$folder"
        fi
    done
} >root/floor-owners.sh
printf '%s\n' var/lib/kprov/owned root/floor-owners.sh root/floor-images root/floor.sh >>"$list"
tar -czf - -T "$list"
rm -f "$list"
