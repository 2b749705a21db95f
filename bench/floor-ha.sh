#!/bin/sh
# The floor of a cluster of several control planes: this on every host at the same time, one
# `ssh host sh` each. The files came with the tar stream, binaries are in place. Nothing is checked,
# nothing is recorded, nothing can be repeated.
#   floor-ha.sh NODE NAME=PEER-URL,...
set -eu
node=$1
members=$2
admin="/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf"
own="/usr/local/bin/kubectl --kubeconfig=/var/lib/kubelet/kubeconfig"

plane=no
if [ -e /etc/systemd/system/etcd.service ]; then plane=yes; fi
useradd --system --user-group --no-create-home --shell /usr/sbin/nologin kprov-api-proxy
if [ "$plane" = yes ]; then
    for user in etcd kube-apiserver kube-controller-manager kube-scheduler; do
        useradd --system --user-group --no-create-home --shell /usr/sbin/nologin "$user"
    done
fi
sh /root/floor-owners.sh
sysctl -q -p /etc/sysctl.d/90-kprov.conf || :
systemctl daemon-reload
systemctl enable --quiet containerd kprov-pod-network kprov-api-proxy kube-proxy kubelet
if [ "$plane" = yes ]; then
    systemctl enable --quiet etcd kube-apiserver kube-controller-manager kube-scheduler
    printf 'ETCD_INITIAL_CLUSTER=%s\nETCD_INITIAL_CLUSTER_STATE=new\n' "$members" >/etc/etcd/initial.env
    systemctl start --no-block etcd kube-apiserver kube-controller-manager kube-scheduler
fi
systemctl start containerd kprov-pod-network kprov-api-proxy
for archive in /root/floor-images/*; do ctr -n k8s.io images import "$archive"; done
if [ "$node" = cp1 ]; then
    until $admin get --raw=/readyz; do sleep 0.1; done
    $admin apply --server-side -f /etc/kubernetes/kprov/access.yaml
fi
systemctl start --no-block kube-proxy kubelet
until [ -s /var/lib/kubelet/kubeconfig ] &&
    $own get --raw="/api/v1/nodes/$node" | grep -q '"type":"Ready","status":"True"'; do sleep 0.1; done
if [ "$node" = cp1 ]; then $admin apply --server-side -f /etc/kubernetes/kprov/coredns.yaml; fi
