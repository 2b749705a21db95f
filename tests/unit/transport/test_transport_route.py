"""Inventory, arguments and ssh_config to one endpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from kprov.model.errors import InputError
from kprov.model.host import Connection, Host
from kprov.model.secret import Secret
from kprov.transport.arguments import parse
from kprov.transport.route import Endpoint, Hop, Identity, parse_hops, resolve
from kprov.transport.ssh_config import load


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("getpass.getuser", lambda: "somebody")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    return tmp_path


def route(home: Path, connection: Connection, args: str = "", *, config: str = "") -> Endpoint:
    file = home / "config"
    file.write_text(config)
    arguments = parse(args, where="w1")
    return resolve(Host("w1", connection), arguments, load(str(file), home), home)


def chain(endpoint: Endpoint | str | None) -> list[str]:
    """The hops from the first to the last."""
    if not isinstance(endpoint, Endpoint):
        return [] if endpoint is None else [f"command: {endpoint}"]
    return [*chain(endpoint.proxy), str(endpoint)]


class TestTarget:
    def test_nothing_said(self, home: Path) -> None:
        """OpenSSH's defaults: who we are, port 22, the usual key files and known_hosts."""
        endpoint = route(home, Connection("192.0.2.1"))
        assert str(endpoint) == "somebody@192.0.2.1:22"
        assert endpoint.host_key_name == "192.0.2.1"
        assert [identity.path.name for identity in endpoint.identities] == [
            "id_ed25519",
            "id_ecdsa",
            "id_rsa",
        ]
        assert not any(identity.named for identity in endpoint.identities)
        assert endpoint.known_hosts == (
            home / ".ssh/known_hosts",
            home / ".ssh/known_hosts2",
            Path("/etc/ssh/ssh_known_hosts"),
            Path("/etc/ssh/ssh_known_hosts2"),
        )
        assert endpoint.proxy is None
        assert endpoint.connect_timeout == 10.0
        assert not endpoint.strict

    def test_inventory_wins_over_arguments_wins_over_config(self, home: Path) -> None:
        """User, port and key: who is nearer to the host decides."""
        config = "Host *\n  User c\n  Port 3\n  IdentityFile /c\n  ConnectTimeout 7\n"
        by_config = route(home, Connection("192.0.2.1"), config=config)
        assert str(by_config) == "c@192.0.2.1:3"
        assert by_config.identities == (Identity(Path("/c")),)
        assert by_config.connect_timeout == 7
        args = "-o User=a -p 2 -i /a -o ConnectTimeout=6"
        by_args = route(home, Connection("192.0.2.1"), args, config=config)
        assert str(by_args) == "a@192.0.2.1:2"
        assert by_args.identities == (Identity(Path("/a")), Identity(Path("/c")))
        assert by_args.connect_timeout == 6
        inventory = Connection("192.0.2.1", user="i", port=1, private_key_file="~/i")
        by_inventory = route(home, inventory, args, config=config)
        assert str(by_inventory) == "i@192.0.2.1:1"
        assert by_inventory.identities[0] == Identity(home / "i")

    def test_an_explicit_timeout_wins_over_ssh_config(self, home: Path) -> None:
        """ansible_timeout is nearer to the host than ssh_config."""
        config = "ConnectTimeout 7\n"
        assert route(home, Connection("x", connect_timeout=3), config=config).connect_timeout == 3

    def test_host_names_of_the_config(self, home: Path) -> None:
        """HostName and HostKeyAlias; a wildcard section counts where the name matches."""
        config = (
            "Host w1\n  HostName 192.0.2.9\n  Port 2222\n"
            "Host aliased\n  HostName 192.0.2.9\n  HostKeyAlias the-one\n"
        )
        assert route(home, Connection("w1"), config=config).host_key_name == "[192.0.2.9]:2222"
        aliased = route(home, Connection("aliased"), config=config)
        assert (aliased.address, aliased.host_key_name) == ("192.0.2.9", "the-one")
        assert route(home, Connection("w2"), config=config).address == "w2"

    def test_known_hosts_and_strictness(self, home: Path) -> None:
        """Files of the options, tokens expanded; /dev/null and none are no files."""
        args = "-o UserKnownHostsFile=~/kh -o GlobalKnownHostsFile=none"
        args += " -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes"
        endpoint = route(home, Connection("w1"), args)
        assert endpoint.known_hosts == (home / "kh",)
        assert endpoint.strict
        assert endpoint.identities_only
        loose = route(home, Connection("w1"), "-o StrictHostKeyChecking=no")
        assert not loose.strict

    def test_values_that_make_no_sense(self, home: Path) -> None:
        """Named with host and option."""
        with pytest.raises(InputError, match="w1: port: 'ssh' is not a number"):
            route(home, Connection("x"), "-o Port=ssh")
        with pytest.raises(InputError, match="w1: ProxyJump: 'a b' is not a host"):
            route(home, Connection("x"), "-o 'ProxyJump=a b'")


class TestBastions:
    def test_one_and_several(self, home: Path) -> None:
        """`-J a,b`: a first. A hop's user is its own, or who we are; not the host's."""
        connection = Connection("192.0.2.1", user="ubuntu")
        assert chain(route(home, connection, "-J gate")) == [
            "somebody@gate:22",
            "ubuntu@192.0.2.1:22",
        ]
        assert chain(route(home, connection, "-J me@a:2222,b")) == [
            "me@a:2222",
            "somebody@b:22",
            "ubuntu@192.0.2.1:22",
        ]

    def test_hops_have_their_own_config(self, home: Path) -> None:
        """Also a ProxyJump of their own, for the first of them."""
        config = (
            "Host gate\n  HostName 198.51.100.1\n  User g\n  Port 2200\n  ProxyJump outer\n"
            "Host 192.0.2.*\n  ProxyJump gate\n"
        )
        assert chain(route(home, Connection("192.0.2.1"), config=config)) == [
            "somebody@outer:22",
            "g@198.51.100.1:2200",
            "somebody@192.0.2.1:22",
        ]

    def test_a_wildcard_may_match_the_bastion(self, home: Path) -> None:
        """`Host *` with ProxyJump gate: gate itself is reached directly, no endless loop."""
        config = "Host *\n  ProxyJump gate\n"
        assert chain(route(home, Connection("192.0.2.1"), config=config)) == [
            "somebody@gate:22",
            "somebody@192.0.2.1:22",
        ]
        assert chain(route(home, Connection("gate"), config=config)) == ["somebody@gate:22"]

    def test_arguments_win_over_config(self, home: Path) -> None:
        """Whichever of ProxyJump and ProxyCommand the arguments name; none switches it off."""
        config = "Host *\n  ProxyJump gate\n"
        connection = Connection("192.0.2.1", port=2222, user="u")
        by_command = route(home, connection, "-o ProxyCommand='nc %h %p'", config=config)
        assert chain(by_command) == ["command: nc 192.0.2.1 2222", "u@192.0.2.1:2222"]
        off = route(home, connection, "-o ProxyJump=none", config=config)
        assert chain(off) == ["u@192.0.2.1:2222"]
        by_jump = route(home, connection, "-J b", config="Host 192.*\n  ProxyCommand nc %h %p\n")
        assert chain(by_jump) == ["somebody@b:22", "u@192.0.2.1:2222"]
        assert chain(route(home, connection, config="ProxyCommand none\n")) == ["u@192.0.2.1:2222"]

    def test_what_a_bastion_gets_of_the_host(self, home: Path) -> None:
        """Its key files, after the bastion's own; how strict to be; never the password."""
        connection = Connection("192.0.2.1", private_key_file="/key", password=Secret("x"))
        args = "-J gate -i /more -o UserKnownHostsFile=/kh -o GlobalKnownHostsFile=none"
        config = "Host gate\n  IdentityFile /gate\n"
        endpoint = route(home, connection, args, config=config)
        bastion = endpoint.proxy
        assert isinstance(bastion, Endpoint)
        assert [str(i.path) for i in bastion.identities] == ["/gate", "/key", "/more"]
        assert bastion.known_hosts == (Path("/kh"),)
        assert bastion.password is None
        assert endpoint.password == Secret("x")

    def test_equal_bastions_are_equal(self, home: Path) -> None:
        """So that hosts can share one connection."""
        first = route(home, Connection("192.0.2.1"), "-J gate")
        second = route(home, Connection("192.0.2.2"), "-J gate")
        assert first.proxy == second.proxy
        assert len({first.proxy, second.proxy}) == 1


@pytest.mark.parametrize(
    ("text", "hops"),
    [
        ("gate", (Hop("gate", None, None),)),
        ("me@gate:2222", (Hop("gate", "me", 2222),)),
        ("ssh://me@gate:2222", (Hop("gate", "me", 2222),)),
        ("[2001:db8::1]:2222, b", (Hop("2001:db8::1", None, 2222), Hop("b", None, None))),
        ("first.last@corp@gate", (Hop("gate", "first.last@corp", None),)),
        ("none", ()),
    ],
)
def test_hops(text: str, hops: tuple[Hop, ...]) -> None:
    """ssh_config(5) ProxyJump: [user@]host[:port] or an ssh:// URI, commas between."""
    assert parse_hops(text, "w1") == hops
