"""Ports: who needs which, and who has it."""

from __future__ import annotations

from collections.abc import Iterator

from kprov.core.preflight.place import Finding, Place
from kprov.model.facts import Facts

COMM_LETTERS = 15
"""Of a program's name the kernel keeps this many letters (proc(5), /proc/PID/comm)."""


def ports(place: Place) -> Iterator[Finding]:
    """Every needed port is free, or its owner's."""
    taken = listening(place.facts)
    for port, owner in needed_ports(place).items():
        who = taken.get(port)
        own = (owner[:COMM_LETTERS], "?" if place.facts.flag("owned") else owner)
        if who is not None and who not in own:
            program = "another program" if who == "?" else f"`{who}`"
            yield place.error(
                f"port {port} is taken by {program}, {owner} needs it", "stop or move that program"
            )


def needed_ports(place: Place) -> dict[int, str]:
    """Port to the component that listens on it here."""
    its: dict[int, str] = {}
    if place.is_etcd:
        its |= {2379: "etcd", 2380: "etcd", 2381: "etcd"}
    if place.host.is_control_plane:
        its |= {
            place.inventory.cluster.kube_apiserver.port: "kube-apiserver",
            10257: "kube-controller-manager",
            10259: "kube-scheduler",
        }
    if place.is_node:
        its |= {10250: "kubelet", 10248: "kubelet", 10256: "kube-proxy", 10249: "kube-proxy"}
        if place.inventory.load_balancer == "local":
            its |= {place.inventory.cluster.load_balancer_port: "haproxy"}
    return its


def listening(facts: Facts) -> dict[int, str]:
    """Port to the program that listens; `?` where the host cannot tell."""
    found = {}
    for word in facts.get("listening").split():
        port, _, who = word.partition("=")
        if port.isdigit():
            found[int(port)] = who or "?"
    for word in facts.get("listening_hex").split():
        found.setdefault(int(word, 16), "?")
    return found
