"""What a person may ask of local machines, and what is refused before anything is touched."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov.machines.values import LocalSpec, Machine, Network, problems
from kprov.model.secret import Secret

GOOD = LocalSpec(
    "demo",
    (Machine("cp1", "10.97.9.11"), Machine("w1.example.com", "10.97.9.12")),
    Network("kprov0", "10.97.9.1/24"),
)


def said(spec: LocalSpec) -> str:
    return "\n".join(str(problem) for problem in problems(spec))


def test_good_spec_has_no_problem() -> None:
    """Plain names, addresses inside the network: nothing to say."""
    assert problems(GOOD) == ()


@pytest.mark.parametrize("name", ["", "Demo", "a.b", "-a", "a" * 64, "a_b", "a/b", "../x", "a\n"])
def test_cluster_name_is_one_dns_label(name: str) -> None:
    """The name becomes a folder and part of a control group: nothing else may be in it."""
    assert repr(name) in said(dataclasses.replace(GOOD, cluster=name))


@pytest.mark.parametrize("name", ["", "W1", "w_1", "w1.", ".w1", "a" * 65, "w1\n", "../w1"])
def test_machine_name_is_a_host_name(name: str) -> None:
    """RFC 1123, at most the 64 characters that Linux takes."""
    spec = dataclasses.replace(GOOD, machines=(Machine(name, "10.97.9.11"),))
    assert repr(name) in said(spec)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("10.97.8.11", "is not in the machines' network 10.97.9.0/24"),
        ("10.97.9.1", "is the address of this computer"),
        ("10.97.9.0", "network or broadcast"),
        ("10.97.9.255", "network or broadcast"),
        ("cp1.example.com", "is not an IPv4 address"),
        ("fd00::1", "is not an IPv4 address"),
    ],
)
def test_address_must_be_usable(address: str, reason: str) -> None:
    """Each reason names what is wrong with the address, and the machine that has it."""
    text = said(dataclasses.replace(GOOD, machines=(Machine("cp1", address),)))
    assert reason in text
    assert text.startswith("cp1: ")


def test_duplicates_are_reported_together() -> None:
    """Same name and same address: both said, in one go."""
    twice = (Machine("cp1", "10.97.9.11"), Machine("cp1", "10.97.9.11"))
    text = said(dataclasses.replace(GOOD, machines=twice))
    assert "two machines are named 'cp1'" in text
    assert "two machines have the address 10.97.9.11" in text


def test_no_machine_is_a_problem() -> None:
    """An empty inventory boots nothing, and that is surely not what was meant."""
    assert "no machine" in said(dataclasses.replace(GOOD, machines=()))


@pytest.mark.parametrize(
    "gateway", ["10.97.9.1", "10.97.9.0/24", "10.97.9.255/24", "10.97.9.1/31", "x", "fd00::1/64"]
)
def test_gateway_is_a_host_address_with_prefix(gateway: str) -> None:
    """No prefix, an edge of the network, too small a network, IPv6: refused with an example."""
    text = said(dataclasses.replace(GOOD, network=Network("kprov0", gateway)))
    assert "10.98.0.1/24" in text


@pytest.mark.parametrize("bridge", ["", "a" * 16, "a/b", "a b", ".", ".."])
def test_bridge_name_is_one_the_kernel_takes(bridge: str) -> None:
    """At most 15 characters, and nothing that is a path."""
    text = said(dataclasses.replace(GOOD, network=Network(bridge, "10.97.9.1/24")))
    assert "15 characters" in text


@given(st.integers(min_value=2, max_value=254))
def test_every_other_address_of_the_network_is_fine(last: int) -> None:
    """A /24 has 253 places for machines."""
    spec = dataclasses.replace(GOOD, machines=(Machine("cp1", f"10.97.9.{last}"),))
    assert problems(spec) == ()


def test_password_does_not_show() -> None:
    """A spec can be printed in an error without giving the password away."""
    assert "hunter2" not in repr(dataclasses.replace(GOOD, sudo_password=Secret("hunter2")))
