#!/bin/sh
# The floor: the same end state by hand. The files came with the tar stream, binaries are in place.
# One `ssh host sh`; nothing is checked, nothing is recorded, nothing can be repeated.
set -eu
node=$1
kubectl="/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf"

for user in etcd kube-apiserver kube-controller-manager kube-scheduler; do
    useradd --system --user-group --no-create-home --shell /usr/sbin/nologin "$user"
done
sh /root/floor-owners.sh
sysctl -q -p /etc/sysctl.d/90-kprov.conf || :
systemctl daemon-reload
systemctl enable --quiet etcd kube-apiserver kube-controller-manager kube-scheduler containerd \
    kprov-pod-network kube-proxy kubelet
systemctl start etcd
systemctl start --no-block kube-apiserver kube-controller-manager kube-scheduler
systemctl start containerd kprov-pod-network
for archive in /root/floor-images/*; do ctr -n k8s.io images import "$archive"; done
until $kubectl get --raw=/readyz; do sleep 0.1; done
$kubectl apply --server-side -f /etc/kubernetes/kprov/access.yaml
systemctl start --no-block kube-proxy kubelet
until $kubectl get --raw="/api/v1/nodes/$node" | grep -q '"type":"Ready","status":"True"'; do sleep 0.1; done
$kubectl apply --server-side -f /etc/kubernetes/kprov/coredns.yaml
