"""An inventory of another tool as one of kprov's: its text, and what it could not carry over."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kprov.inventory import kubespray
from kprov.inventory.files import role_variables
from kprov.inventory.tree import KNOWN_GROUPS
from kprov.model.host import Host, Inventory

_REASONS: Mapping[str, str] = {
    "etcd_member_name": "etcd members are called like their hosts",
    "kube_config_dir": "it is /etc/kubernetes",
    "kubeconfig_localhost": "`kprov kubeconfig` writes it",
    "kube_apiserver_ip": "it is the first address of cluster.network.services",
    "kubeadm_certificate_key": "certificates come from this computer, none is uploaded",
    "download_*": "cluster.artifacts says where binaries come from and how they get to hosts",
    "*_download_url": "cluster.artifacts.mirror serves them in upstream's own layout",
    "*_image_repo": "cluster.images loads archives, registries' mirrors are containerd's",
    "calico_*": "kprov installs no calico: cluster.network.cni none, and an add-on of your own",
    "cilium_*": "kprov installs no cilium: cluster.network.cni none, and an add-on of your own",
    "flannel_*": "kprov installs no flannel: cluster.network.cni none, and an add-on of your own",
    "docker_*": "containers are run by containerd",
    "crio_*": "containers are run by containerd",
    "helm_*": "charts are not kprov's to install",
    "ntp_*": "kprov checks the clocks, it sets none",
}
"""Names, with wild cards, of what kprov does in another way."""
_NOTHING = "nothing in kprov means the same"
_HEAD = """\
# Made by `kprov init --from {source}`.
#
#   kprov check {file}    look at the hosts, change nothing
#   kprov plan {file}     show what would change
#   kprov schema          everything that can be written here, for your editor

"""


@dataclass(frozen=True, slots=True)
class Transfer:
    """The text of the new inventory; `left_out`: variable to the reason it is not in it."""

    text: str
    left_out: Mapping[str, str]


def transferred(inventory: Inventory, file: str) -> Transfer:
    """What an inventory says, as kprov would have it written."""
    vocabulary = role_variables(Path(inventory.directory))
    left_out: dict[str, str] = {}
    hosts = {host.name: _kept(host, vocabulary, left_out) for host in inventory.hosts}
    common = _common(list(hosts.values()))
    groups = {name: members for name, members in inventory.groups.items() if _written(name)}
    placed: set[str] = set()
    children: dict[str, Any] = {}
    for name in sorted(groups, key=_rank):
        children[name] = {"hosts": {}}
        for host in groups[name]:
            own = {key: value for key, value in hosts[host].items() if key not in common}
            children[name]["hosts"][host] = None if host in placed else own or None
            placed.add(host)
    alone = {name: hosts[name] for name in hosts if name not in placed}
    everyone = ({"vars": common} if common else {}) | ({"hosts": alone} if alone else {})
    spec = inventory.cluster.model_dump(exclude_defaults=True, mode="json")
    content = {
        "cluster": {"name": inventory.cluster.name, "kubernetes": inventory.cluster.kubernetes}
        | spec,
        "all": {**everyone, "children": children},
    }
    head = _HEAD.format(source=inventory.path, file=file)
    return Transfer(head + _dump(content), dict(sorted(left_out.items())))


def _kept(host: Host, vocabulary: frozenset[str], left_out: dict[str, str]) -> dict[str, Any]:
    """The variables that mean something to kprov."""
    kept = {}
    for name, value in host.vars.items():
        if name in kubespray.HONOURED:
            continue  # it is in the cluster spec by now
        if (
            name.startswith(("ansible_", "vagrant_"))
            or name in vocabulary
            or name in kubespray.HOST_VARS
        ):
            kept[name] = value
        else:
            left_out[name] = reason(name)
    return kept


def reason(name: str) -> str:
    """Why a variable is left out."""
    return next((why for its, why in _REASONS.items() if fnmatch.fnmatch(name, its)), _NOTHING)


def _common(variables: list[dict[str, Any]]) -> dict[str, Any]:
    """What all hosts have alike; nothing for a single host."""
    if len(variables) < 2:
        return {}
    first, *others = variables
    return {
        name: value for name, value in first.items()
        if all(name in its and its[name] == value for its in others)
    }  # fmt: skip


def _written(group: str) -> bool:
    return group not in ("all", "ungrouped", "k8s_cluster")


def _rank(group: str) -> tuple[int, str]:
    known = list(KNOWN_GROUPS)
    return (known.index(group) if group in known else len(known), group)


class _Dumper(yaml.SafeDumper):
    """Nothing for null."""


_Dumper.add_representer(
    type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", "")
)


def _dump(content: Mapping[str, Any]) -> str:
    return "\n".join(
        yaml.dump({key: value}, Dumper=_Dumper, sort_keys=False, width=100)
        for key, value in content.items()
    )
