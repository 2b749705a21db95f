"""The commented inventory that `kprov init` writes."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import jinja2

from kprov.core.marked_yaml import load_marked, mark, plain
from kprov.inventory.connection import address_fault
from kprov.inventory.findings import Findings
from kprov.inventory.names import address_of, endpoint_fault, node_name_fault
from kprov.inventory.rules import check_version
from kprov.inventory.spec import read_spec
from kprov.model.cluster import ClusterSpec
from kprov.model.errors import InputError, Location
from kprov.model.share import share

_EXAMPLE = ("cp1=192.0.2.11",)
# Pod and Service ranges that share no address; the first pair without a host in it is taken.
_RANGES = (
    ("10.244.0.0/16", "10.96.0.0/16"),
    ("172.20.0.0/16", "172.21.0.0/16"),
    ("10.200.0.0/16", "10.201.0.0/16"),
)
_LARGE_RANGES = (("10.240.0.0/12", "10.96.0.0/16"), ("172.16.0.0/12", "10.96.0.0/16"))
_NODES_IN_SIXTEEN = 256
_WHERE = Location("kprov init")


@dataclass(frozen=True, slots=True)
class _Host:
    name: str
    address: str | None

    @property
    def line(self) -> str:
        """Its line in the inventory."""
        name = _text(self.name)
        return f"{name}: {{ansible_host: {_text(self.address)}}}" if self.address else f"{name}:"


def scaffold(
    *,
    name: str = "demo",
    control_planes: Sequence[str] = _EXAMPLE,
    workers: Sequence[str] = (),
    user: str | None = None,
    kubernetes: str | None = None,
    become: bool | None = None,
    port: int | None = None,
    key_file: str | None = None,
    bastion: str | None = None,
    endpoint: str | None = None,
    mirror: str | None = None,
    local: bool = False,
    file: str = "inventory.yaml",
) -> str:
    """The text of an inventory that loads without a problem.

    A host is `NAME=ADDRESS`, an address alone (named cp1, cp2... and w1, w2...) or a name alone
    (found by DNS or ssh_config). Without workers the control planes run pods; of an even number
    of control planes the last one does not run etcd. `become` unset: for users other than root.
    Raises ProblemsError with everything that is wrong in what was given.
    """
    planes, nodes = _hosts(control_planes, "cp"), _hosts(workers, "w")
    everyone = (*planes, *nodes)
    pods, services = _free_ranges(everyone)
    release = kubernetes or str(ClusterSpec.model_fields["kubernetes"].default)
    _check(everyone, name, release, endpoint)
    if local:
        _check_local(everyone)
    template = _template()
    return template.render(
        name=_text(name),
        kubernetes=_text(release if release.startswith("v") else f"v{release}"),
        endpoint=endpoint and _text(endpoint),
        pods=pods,
        services=services,
        mirror=mirror and _text(mirror),
        local=local,
        user=user and _text(user),
        become=user not in (None, "root") if become is None else become,
        port=port,
        key_file=key_file and _text(key_file),
        jump=bastion and _text(f"-J {bastion}"),
        control_planes=[host.line for host in planes],
        workers=[host.line for host in nodes] or [f"{_text(host.name)}:" for host in planes],
        etcd=[f"{_text(host.name)}:" for host in planes[:-1]] if len(planes) % 2 == 0 else [],
        file=file,
    )


def _template() -> jinja2.Template:
    environment = jinja2.Environment(  # noqa: S701  this writes YAML, not HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.from_string((share("templates") / "inventory.yaml.j2").read_text("utf-8"))


def _hosts(texts: Iterable[str], prefix: str) -> tuple[_Host, ...]:
    hosts = []
    for number, text in enumerate(texts, 1):
        name, equals, address = text.partition("=")
        if equals:
            hosts.append(_Host(name, address))
        elif address_of(text) is not None:
            hosts.append(_Host(f"{prefix}{number}", text))
        else:
            hosts.append(_Host(text, None))
    return tuple(hosts)


def _free_ranges(hosts: Sequence[_Host]) -> tuple[str, str]:
    addresses = [address for host in hosts if (address := address_of(host.address)) is not None]
    for pair in _RANGES if len(hosts) <= _NODES_IN_SIXTEEN else _LARGE_RANGES:
        networks = [ipaddress.ip_network(text) for text in pair]
        if not any(address in network for address in addresses for network in networks):
            return pair
    hint = "write the inventory by hand, with `cluster.network` that leaves the hosts out"
    raise InputError("no usual pod and Service ranges are free of these hosts", hint=hint)


def _check(hosts: Sequence[_Host], name: str, release: str, endpoint: str | None) -> None:
    findings = Findings()
    read = read_spec(mark({"name": name, "kubernetes": release}, _WHERE), findings)
    check_version(read, findings)
    if endpoint and (fault := endpoint_fault(endpoint)):
        findings.problem(f"the endpoint is {endpoint!r}, expected host:port", _WHERE, fault)
    if not hosts:
        findings.problem("there is no control plane", _WHERE, "name one host at least")
    names: set[str] = set()
    addresses: dict[str, str] = {}
    for host in hosts:
        address = host.address if host.address is not None else host.name
        if fault := node_name_fault(host.name):
            findings.problem(f"invalid host name {host.name!r}", _WHERE, fault)
        if (reason := address_fault(address)) is not None:
            findings.problem(f"{host.name} has the address {address!r}", _WHERE, reason)
        if host.name in names:
            findings.problem(f"the host {host.name} is named twice", _WHERE, "every name once")
        first = addresses.setdefault(address, host.name)
        if first != host.name:
            what = f"{host.name} has the address of {first}: {address}"
            findings.problem(what, _WHERE, "every host needs its own")
        names.add(host.name)
    findings.raise_problems()


def _check_local(hosts: Sequence[_Host]) -> None:
    networks = {
        ipaddress.ip_network(f"{host.address}/24", strict=False)
        for host in hosts
        if address_of(host.address) is not None
    }
    if len(networks) != 1 or any(address_of(host.address) is None for host in hosts):
        what = "local machines need addresses in one /24 network"
        raise InputError(what, where=_WHERE, hint="such as cp1=10.98.0.11 w1=10.98.0.12")


def _text(value: str) -> str:
    """A text as YAML: quoted only where it has to be."""
    try:
        bare = plain(load_marked(f"k: {value}\n{value}: v\n", "")) == {"k": value, value: "v"}
    except InputError:
        bare = False
    return value if bare and value.isprintable() else json.dumps(value)
