"""What `kprov init` writes works."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kprov.inventory import load, scaffold
from kprov.model.errors import InputError
from kprov.model.host import Inventory

LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
ADDRESS = st.ip_addresses(v=4, network="10.0.0.0/8").map(str)
HOSTS = st.dictionaries(LABEL, ADDRESS, min_size=1, max_size=12).filter(
    lambda hosts: len(set(hosts.values())) == len(hosts)
)
WORD = st.from_regex(r"[A-Za-z0-9_.$\\-]{1,12}", fullmatch=True)


def loaded(text: str) -> Inventory:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "inventory.yaml")
        file.write_text(text)
        return load(file, environ={})


def test_without_anything_said_it_loads() -> None:
    """The example of a plain `kprov init`: one machine that runs everything."""
    inventory = loaded(scaffold())
    assert [host.name for host in inventory.control_planes] == ["cp1"]
    assert inventory.host("cp1").is_schedulable
    assert inventory.warnings == ()


@settings(max_examples=60, deadline=None)  # a busy machine is no fault
@given(
    hosts=HOSTS,
    planes=st.integers(1, 5),
    user=st.none() | WORD,
    name=LABEL,
    kubernetes=st.sampled_from(["v1.20.2", "1.30.1", "v1.37.0", "v1.31.0-rc.1"]),
    endpoint=st.none() | st.just("api.example.com:6443") | st.just("10.0.0.1:443"),
    port=st.none() | st.integers(1, 65535),
    key_file=st.none() | st.just("~/.ssh/id") | WORD.map(lambda word: f"/keys/{word}: {word}"),
    bastion=st.none() | st.just("me@bastion.example.com"),
)
def test_what_is_given_is_what_loads(
    hosts: dict[str, str],
    planes: int,
    user: str | None,
    name: str,
    kubernetes: str,
    endpoint: str | None,
    port: int | None,
    key_file: str | None,
    bastion: str | None,
) -> None:
    """Any valid hosts and settings come back from the written inventory, without a problem."""
    texts = [f"{host}={address}" for host, address in hosts.items()]
    inventory = loaded(
        scaffold(
            name=name,
            control_planes=texts[:planes],
            workers=texts[planes:],
            user=user,
            kubernetes=kubernetes,
            endpoint=endpoint,
            port=port,
            key_file=key_file,
            bastion=bastion,
        )
    )
    assert [(host.name, host.connection.address) for host in inventory.hosts] == list(hosts.items())
    assert [host.name for host in inventory.control_planes] == list(hosts)[:planes]
    assert len(inventory.etcd) % 2 == 1
    assert (inventory.cluster.name, inventory.cluster.endpoint) == (name, endpoint)
    assert inventory.cluster.kubernetes == "v" + kubernetes.removeprefix("v")
    for host in inventory.hosts:
        assert host.connection.user == user
        assert host.connection.port == port
        assert host.connection.become == (user not in (None, "root"))
        assert ("bastion" in host.connection.ssh_common_args) == (bastion is not None)
        if key_file and key_file.startswith("/"):
            assert host.connection.private_key_file == key_file


def test_bare_addresses_and_names_are_hosts() -> None:
    """Addresses get names; names are left to DNS."""
    inventory = loaded(scaffold(control_planes=["192.0.2.1"], workers=["192.0.2.2", "big.example"]))
    got = [(host.name, host.connection.address) for host in inventory.hosts]
    assert got == [("cp1", "192.0.2.1"), ("w1", "192.0.2.2"), ("big.example", "big.example")]


def test_ranges_leave_the_hosts_out() -> None:
    """Hosts in the usual pod range move the pods elsewhere; many nodes get a larger range."""
    inventory = loaded(scaffold(control_planes=["10.244.1.1"]))
    assert inventory.cluster.network.pods == "172.20.0.0/16"
    many = [f"w{number}=192.0.{number // 250}.{number % 250 + 1}" for number in range(300)]
    assert len(loaded(scaffold(control_planes=["cp1=10.1.1.1"], workers=many)).hosts) == 301


def test_local_machines() -> None:
    """`local` makes the hosts machines on this computer; they need addresses of one network."""
    inventory = loaded(scaffold(control_planes=["10.98.7.11"], local=True))
    assert inventory.cluster.local is not None
    with pytest.raises(InputError, match="one /24 network"):
        scaffold(control_planes=["cp1"], local=True)
    with pytest.raises(InputError, match="one /24 network"):
        scaffold(control_planes=["10.98.7.11"], workers=["10.98.8.11"], local=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"control_planes": []}, "there is no control plane"),
        ({"control_planes": ["a", "a"]}, "the host a is named twice"),
        ({"control_planes": ["a=192.0.2.1"], "workers": ["b=192.0.2.1"]}, "b has the address of a"),
        ({"control_planes": ["A_b"]}, "invalid host name 'A_b'"),
        ({"control_planes": ["a=10.0.0.300"]}, "the four numbers go from 0 to 255"),
        ({"name": "My Cluster"}, "cluster.name"),
        ({"kubernetes": "v1.21.0"}, "not supported"),
        ({"endpoint": "api"}, "expected host:port"),
        ({"control_planes": ["10.244.0.1", "172.20.0.1", "10.200.0.1"]}, "no usual pod and"),
    ],
)
def test_what_cannot_work_is_refused(arguments: dict[str, object], message: str) -> None:
    """Nothing is written that would not load."""
    with pytest.raises(InputError, match=message):
        scaffold(**arguments)  # type: ignore[arg-type]
