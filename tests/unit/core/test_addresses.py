"""Endpoints taken apart, and what a host's routes say about an address."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kprov.core.addresses import endpoint_parts, interface_of, on_link
from kprov.model.facts import Facts

dns_names = st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8})?", fullmatch=True)


@given(st.one_of(st.ip_addresses(v=4).map(str), dns_names), st.integers(1, 65535))
def test_endpoints_have_a_host_and_a_port(name: str, port: int) -> None:
    """With a port and without."""
    assert endpoint_parts(f"{name}:{port}") == (name, str(port))
    assert endpoint_parts(name) == (name, "")


@given(st.ip_addresses(v=6).map(str), st.integers(1, 65535))
def test_ipv6_endpoints_lose_their_brackets(address: str, port: int) -> None:
    """In brackets with a port, and bare."""
    assert endpoint_parts(f"[{address}]:{port}") == (address, str(port))
    assert endpoint_parts(f"[{address}]") == (address, "")
    assert endpoint_parts(address) == (address, "")


def host(*routes: str) -> Facts:
    return Facts({"routes": " ".join(routes)}, {})


HOST = host(
    "default@192.0.2.1", "10.244.1.0/24@192.0.2.12", "192.0.2.0/24@eth0", "198.51.100.0/24@eth1",
    "2001:db8:1::/64@fe80::1", "2001:db8::/64@eth0",
)  # fmt: skip


def test_the_interface_is_the_one_in_its_network() -> None:
    """Not one behind a gateway, of either family."""
    assert interface_of(HOST, "192.0.2.9") == "eth0"
    assert interface_of(HOST, "198.51.100.9") == "eth1"
    assert interface_of(HOST, "2001:db8::9") == "eth0"
    for behind in ("10.244.1.9", "203.0.113.9", "2001:db8:1::9"):
        assert interface_of(HOST, behind) == "", behind
        assert not on_link(HOST, behind), behind


def test_the_closest_network_counts_and_none_that_goes_anywhere() -> None:
    """A point-to-point default route reaches an address, but the address is not in its network."""
    its = host("default@ppp0", "192.0.2.0/24@eth0", "192.0.2.128/25@192.0.2.1")
    assert interface_of(its, "192.0.2.9") == "eth0"
    assert interface_of(its, "192.0.2.200") == ""
    assert interface_of(its, "203.0.113.9") == ""
    assert on_link(its, "203.0.113.9") is True


def test_odd_routes_are_skipped() -> None:
    """The kernel has routes that begin with a word, and hosts with none at all."""
    its = host("unreachable@dev", "blackhole/8@", "192.0.2.0/24@eth0")
    assert interface_of(its, "192.0.2.9") == "eth0"
    assert on_link(its, "203.0.113.9") is None
    assert interface_of(host(), "192.0.2.9") == ""
