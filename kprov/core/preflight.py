"""Preflight: can these hosts become this cluster? Pure functions from facts to findings."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Literal

from kprov.model.facts import Facts
from kprov.model.host import Host, Inventory
from kprov.model.plan import Plan
from kprov.model.version import Version

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person should know before anything is changed."""

    host: str
    level: Level
    what: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """One host with its facts and the cluster it shall be in."""

    host: Host
    facts: Facts
    inventory: Inventory

    @property
    def is_etcd(self) -> bool:
        """Whether an etcd member runs here."""
        return self.host in self.inventory.etcd

    @property
    def is_node(self) -> bool:
        """Whether a kubelet runs here."""
        return self.host in self.inventory.nodes

    def error(self, what: str, hint: str = "") -> Finding:
        """A finding that apply refuses to go on with."""
        return Finding(self.host.name, "error", what, hint)

    def warning(self, what: str, hint: str = "") -> Finding:
        """A finding that is only said."""
        return Finding(self.host.name, "warning", what, hint)


NEEDED_TOOLS = ("systemctl", "tar", "gzip", "base64", "sha256sum", "timeout")
CONTROL_PLANE_MEMORY_MB = 1500
NODE_MEMORY_MB = 700
NEEDED_DISK_MB = 2500
OLDEST_KERNEL = "4.19"
"""Oldest kernel for current kubelets (kubernetes.io, "Kernel Version Requirements")."""
MOST_SKEW_SECONDS = 30
KUBERNETES_PROCESSES = {
    "etcd", "kube-apiserver", "kube-controller", "kube-scheduler", "kubelet", "kube-proxy", "k0s",
    "rke2",
}  # fmt: skip
KUBERNETES_FAMILIES = ("k3s", "microk8s")
"""Beginnings of process names."""


def preflight(inventory: Inventory, facts: Mapping[str, Facts]) -> tuple[Finding, ...]:
    """All findings of all hosts, errors first."""
    places = [Place(inventory.host(name), its, inventory) for name, its in facts.items()]
    findings = [finding for place in places for check in CHECKS for finding in check(place)]
    findings += _unique(places)
    findings += _clock(places)
    return tuple(sorted(findings, key=lambda finding: finding.level != "error"))


def foreign_authorities(plan: Plan) -> tuple[Finding, ...]:
    """Authorities on hosts that are not this state folder's: they are never overwritten."""
    files: dict[str, list[str]] = defaultdict(list)
    for step in plan.steps:
        for change in step.changes:
            if change.resource.params.get("authority") and "sha256" in change.keys:
                files[step.host].append(change.resource.name)
    hint = (
        "use the state folder this host was set up from (--state); when that is lost, `kprov "
        "reset` the host first; a damaged file: remove it there, and apply writes it again"
    )
    return tuple(
        Finding(host, "error", f"not of this state folder's authorities: {', '.join(names)}", hint)
        for host, names in files.items()
    )


def _system(place: Place) -> Iterator[Finding]:
    facts = place.facts
    if not facts.get("kernel").startswith("Linux"):
        yield place.error(f"runs {facts.get('kernel')}, expected Linux")
        return
    if not facts.flag("systemd"):
        yield place.error(
            "systemd does not run here", "kprov makes systemd units: use a host with systemd"
        )
    if facts.get("arch") not in ("x86_64", "aarch64"):
        yield place.error(f"architecture {facts.get('arch')}, expected x86_64 or aarch64")
    missing = [tool for tool in NEEDED_TOOLS if not facts.flag(f"tool_{tool}")]
    if missing:
        yield place.error(
            f"missing: {', '.join(missing)}", "install them with the host's package manager"
        )


def _kernel(place: Place) -> Iterator[Finding]:
    text = place.facts.get("kernel").removeprefix("Linux ").split("-")[0].split("+")[0]
    try:
        version = Version.parse(".".join(text.split(".")[:3]))
    except ValueError:
        return
    if not version.at_least(OLDEST_KERNEL):
        yield place.warning(
            f"kernel {text} is older than {OLDEST_KERNEL}", "update the host's kernel"
        )


def _size(place: Place) -> Iterator[Finding]:
    facts = place.facts
    least = CONTROL_PLANE_MEMORY_MB if place.host.is_control_plane else NODE_MEMORY_MB
    memory = facts.number("memory_mb")
    if 0 < memory < least:
        yield place.error(
            f"{memory} MB of memory, expected at least {least}", "give it more memory"
        )
    if place.host.is_control_plane and facts.number("cpus") < 2:
        yield place.warning(f"{facts.number('cpus')} CPU, a control plane wants 2")
    for name, path in (("disk_var_free_mb", "/var/lib"), ("disk_opt_free_mb", "/opt")):
        free = facts.number(name)
        if not facts.flag("owned") and free < NEEDED_DISK_MB:
            yield place.error(
                f"{free} MB free in {path}, expected at least {NEEDED_DISK_MB}", "make room"
            )
        elif free < 200:
            yield place.error(
                f"{free} MB free in {path}: nothing can be written safely", "make room"
            )


def _ports(place: Place) -> Iterator[Finding]:
    listening = _listening(place.facts)
    for port, owner in _needed_ports(place).items():
        who = listening.get(port)
        if who is not None and who not in (owner[:15], "?" if place.facts.flag("owned") else owner):
            program = "another program" if who == "?" else f"`{who}`"
            yield place.error(
                f"port {port} is taken by {program}, {owner} needs it", "stop or move that program"
            )


def _needed_ports(place: Place) -> dict[int, str]:
    ports: dict[int, str] = {}
    if place.is_etcd:
        ports |= {2379: "etcd", 2380: "etcd", 2381: "etcd"}
    if place.host.is_control_plane:
        ports |= {
            place.inventory.cluster.kube_apiserver.port: "kube-apiserver",
            10257: "kube-controller-manager",
            10259: "kube-scheduler",
        }
    if place.is_node:
        ports |= {10250: "kubelet", 10248: "kubelet", 10256: "kube-proxy", 10249: "kube-proxy"}
    return ports


def _listening(facts: Facts) -> dict[int, str]:
    """Port to the program that listens; `?` where the host cannot tell."""
    found = {}
    for word in facts.get("listening").split():
        port, _, who = word.partition("=")
        if port.isdigit():
            found[int(port)] = who or "?"
    for word in facts.get("listening_hex").split():
        found.setdefault(int(word, 16), "?")
    return found


def _foreign(place: Place) -> Iterator[Finding]:
    if place.facts.flag("owned"):
        return
    running = set(filter(_is_kubernetes, place.facts.get("processes").split()))
    files = place.facts.get("kubernetes_files").split()
    if running or files:
        found = ", ".join([*sorted(running), *files])
        yield place.error(
            f"another Kubernetes or etcd is here: {found}",
            "kprov does not adopt it: remove it first (kubeadm reset, k3s-uninstall.sh, ...)",
        )


def _is_kubernetes(process: str) -> bool:
    return process in KUBERNETES_PROCESSES or process.startswith(KUBERNETES_FAMILIES)


def _networks(place: Place) -> Iterator[Finding]:
    if place.facts.flag("owned"):
        return  # the routes to the pods are kprov's own by now
    spec = place.inventory.cluster.network
    for name, text in (("pods", spec.pods), ("services", spec.services)):
        network = ipaddress.ip_network(text)
        for word in place.facts.get("routes").split():
            route = word.partition("@")[0]
            other = _network(route)
            if other is not None and other.version == network.version and _clash(other, network):
                yield place.error(
                    f"the host's route {route} overlaps cluster.network.{name} {text}",
                    f"choose another range for cluster.network.{name}",
                )


def _clash(route: ipaddress.IPv4Network | ipaddress.IPv6Network, network: object) -> bool:
    return route.prefixlen > 0 and route.overlaps(network)  # type: ignore[arg-type]


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _cgroup(place: Place) -> Iterator[Finding]:
    version = place.inventory.cluster.version
    if place.is_node and place.facts.get("cgroup") == "v1" and version.at_least("1.35"):
        yield place.warning(
            "cgroup v1, which kubelets from v1.35 on accept only as an exception",
            "boot with systemd.unified_cgroup_hierarchy=1",
        )


def _swap(place: Place) -> Iterator[Finding]:
    if place.is_node and place.facts.number("swap"):
        yield place.warning("swap is on: apply turns it off", "take it out of /etc/fstab as well")


def _tools(place: Place) -> Iterator[Finding]:
    spec = place.inventory.cluster.network
    wanted = place.is_node and (spec.cni == "bridge" or spec.proxy in ("auto", "iptables"))
    if wanted and not place.facts.flag("tool_iptables"):
        yield place.error("iptables is missing: kube-proxy and pods need it", "install iptables")


CHECKS: tuple[Callable[[Place], Iterator[Finding]], ...] = (
    _system, _kernel, _size, _ports, _foreign, _networks, _cgroup, _swap, _tools
)  # fmt: skip
"""Every check of a single host."""


def _unique(places: list[Place]) -> Iterator[Finding]:
    for fact, level in (
        ("hostname", "error"),
        ("machine_id", "error"),
        ("product_uuid", "warning"),
    ):
        by_value: dict[str, list[Place]] = defaultdict(list)
        for place in places:
            if place.facts.get(fact):
                by_value[place.facts.get(fact)].append(place)
        for value, same in by_value.items():
            names = ", ".join(place.host.name for place in same)
            for place in same if len(same) > 1 else ():
                what = f"{fact} {value} is shared by {names}"
                yield Finding(place.host.name, level, what, _UNIQUE_HINTS[fact])  # type: ignore[arg-type]


_UNIQUE_HINTS = {
    "hostname": "hostnamectl set-hostname NAME on each",
    "machine_id": "rm /etc/machine-id && systemd-machine-id-setup, then reboot",
    "product_uuid": "cloned machines: give each its own UUID",
}


def _clock(places: list[Place]) -> Iterator[Finding]:
    if not places:
        return
    middle = median(place.facts.clock_offset for place in places)
    for place in places:
        skew = place.facts.clock_offset - middle
        if abs(skew) > MOST_SKEW_SECONDS:
            yield place.error(
                f"its clock is {skew:+.0f} s off the others", "start a time service (chrony)"
            )
    if abs(middle) > MOST_SKEW_SECONDS:
        yield Finding(
            "controller", "error", f"the hosts' clocks are {middle:+.0f} s off this computer's",
            "certificates made here would not be valid there: set the clock",
        )  # fmt: skip
