"""The bridge between this computer and its machines. No forwarding, no NAT: traffic stays there."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kprov.machines.commands import run, succeeds
from kprov.machines.values import Network
from kprov.model.errors import LocalMachineError

_LINKS = Path("/sys/class/net")
_IPV4 = Path("/proc/sys/net/ipv4")
_BRIDGE_FILTER = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")


def hardware_address(cluster: str) -> str:
    """The bridge's MAC address: says whose it is from the moment it exists, and never changes.

    (Without one of its own a bridge takes the lowest of its ports, a new one at every boot.)
    """
    digest = hashlib.sha256(f"kprov local {cluster}".encode()).digest()
    return ":".join(f"{byte:02x}" for byte in (0x02, *digest[:5]))


def check_free(network: Network, cluster: str) -> None:
    """LocalMachineError when another interface has the bridge's name or its address range."""
    link = _LINKS / network.bridge
    if link.exists() and not _is_ours(link, cluster):
        raise LocalMachineError(
            f"the network interface {network.bridge} is there already, and it is not the bridge of "
            f"cluster {cluster!r}",
            where=network.bridge,
            hint="give this cluster another bridge name, or remove the interface if nobody needs "
            f"it: ip link delete {network.bridge}",
        )
    for use in _uses():
        if use.interface != network.bridge and use.range.overlaps(network.interface.network):
            raise LocalMachineError(
                f"the address range {network.interface.network} is in use: interface "
                f"{use.interface} has {use.what} {use.range}",
                where=network.bridge,
                hint="give the machines addresses of another range, or take that one down",
            )


@dataclass(frozen=True, slots=True)
class Use:
    """A range of addresses that an interface of this computer has or reaches."""

    interface: str
    what: str
    range: ipaddress.IPv4Network


def _uses() -> tuple[Use, ...]:
    addresses = json.loads(run("ip", "-json", "-4", "address", "show"))
    routes = json.loads(run("ip", "-json", "-4", "route", "show", "table", "all"))
    return (*_addresses(addresses), *_routes(routes))


def _addresses(links: Iterable[dict[str, object]]) -> Iterator[Use]:
    for link in links:
        found = link.get("addr_info")
        for address in found if isinstance(found, list) else ():
            text = f"{address['local']}/{address['prefixlen']}"
            yield Use(str(link["ifname"]), "address", ipaddress.IPv4Interface(text).network)


def _routes(routes: Iterable[dict[str, object]]) -> Iterator[Use]:
    for route in routes:
        target = str(route["dst"])
        if target != "default" and route.get("type", "unicast") == "unicast" and "dev" in route:
            yield Use(str(route["dev"]), "a route to", ipaddress.IPv4Network(target))


def _is_ours(link: Path, cluster: str) -> bool:
    is_bridge = (link / "bridge").is_dir()
    return is_bridge and (link / "address").read_text().strip() == hardware_address(cluster)


def raise_bridge(network: Network, cluster: str) -> None:
    """Make what is missing of the bridge, its address and the way through the packet filter."""
    link = _LINKS / network.bridge
    if not link.exists():
        run("ip", "link", "add", network.bridge, "address", hardware_address(cluster),
            "type", "bridge")  # fmt: skip
    # Ask for the address of a booting machine every 50 ms, not every second: its first packet
    # is answered as soon as it can be.
    (_IPV4 / "neigh" / network.bridge / "retrans_time_ms").write_text("50")
    run("ip", "address", "replace", network.gateway, "dev", network.bridge)
    if network.gateway6:
        run("ip", "address", "replace", network.gateway6, "dev", network.bridge, "nodad")
    run("ip", "link", "set", network.bridge, "up")
    _let_pass(network.bridge, cluster)


def remove_bridges(cluster: str) -> tuple[str, ...]:
    """Remove the cluster's bridges, what is plugged in, and their rules; the names removed."""
    _forget_rules(cluster)
    removed = tuple(link.name for link in sorted(_LINKS.iterdir()) if _is_ours(link, cluster))
    for name in removed:
        for port in sorted((_LINKS / name / "brif").iterdir()):
            # The other end goes with a dying machine, some time soon: this may come first.
            succeeds("ip", "link", "delete", port.name)
        run("ip", "link", "delete", name)
    return removed


def unplug(cluster: str, machine: str) -> str:
    """Remove what may be left of a machine's network cable; the identity that names it.

    systemd-nspawn calls the host's end vb-IDENTITY, and bends names of more than 15 characters.
    """
    digest = hashlib.sha256(f"{cluster}/{machine}".encode()).hexdigest()
    identity = f"kp{digest[:8]}"
    if (_LINKS / f"vb-{identity}").exists():
        succeeds("ip", "link", "delete", f"vb-{identity}")
    return identity


def _let_pass(bridge: str, cluster: str) -> None:
    """Where the kernel shows bridged packets to iptables and FORWARD does not let all through.

    Docker and many firewalls set such a policy; pods could not reach each other across machines.
    """
    if not _BRIDGE_FILTER.exists() or _BRIDGE_FILTER.read_text().strip() == "0":
        return
    rules = run("iptables", "--wait", "-S", "FORWARD").split("\n")
    if [rule for rule in rules if rule] == ["-P FORWARD ACCEPT"]:
        return
    if not any(_is_rule_of(rule, cluster) for rule in rules):
        run("iptables", "--wait", "-I", "FORWARD", "-i", bridge, "-o", bridge,
            "-m", "comment", "--comment", _comment(cluster), "-j", "ACCEPT")  # fmt: skip


def _forget_rules(cluster: str) -> None:
    if not succeeds("iptables", "--version"):
        return  # not installed, so no rule was made
    for rule in run("iptables", "--wait", "-S", "FORWARD").splitlines():
        if _is_rule_of(rule, cluster):
            run("iptables", "--wait", "-D", *shlex.split(rule)[1:])


def _is_rule_of(rule: str, cluster: str) -> bool:
    return rule.startswith("-A") and _comment(cluster) in shlex.split(rule)


def _comment(cluster: str) -> str:
    return f"kprov-local-{cluster}"
