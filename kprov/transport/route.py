"""How a host is reached: inventory, ssh arguments and ssh_config become one frozen value."""

from __future__ import annotations

import getpass
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from kprov.model.errors import InputError
from kprov.model.host import Connection, Host
from kprov.model.secret import Secret
from kprov.transport.arguments import SshArguments
from kprov.transport.known_hosts import host_key_name

_DEFAULT_TIMEOUT = Connection("").connect_timeout
_DEFAULT_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")
_USER_KNOWN_HOSTS = "~/.ssh/known_hosts ~/.ssh/known_hosts2"
_GLOBAL_KNOWN_HOSTS = "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"
_FOR_HOPS_TOO = (
    "connecttimeout",
    "globalknownhostsfile",
    "stricthostkeychecking",
    "userknownhostsfile",
)


Options = Mapping[str, str | list[str] | None]
"""Lower-case names of ssh_config; IdentityFile is a list; what is not set is not there."""


class Lookup(Protocol):
    """Where Options come from: see SshConfig.lookup."""

    def lookup(self, name: str, first: Iterable[tuple[str, str]] = ()) -> Options:
        """Options for a name."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A private key file."""

    path: Path
    named: bool = True
    """Somebody asked for it; otherwise it is a default and may be missing."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One SSH server and how to get there; equal ones can share a connection."""

    address: str
    port: int
    user: str
    host_key_name: str
    """What known_hosts calls it."""
    known_hosts: tuple[Path, ...] = ()
    """Files to look in before the pins, the user's first."""
    strict: bool = False
    """StrictHostKeyChecking=yes: unknown keys are refused, not pinned."""
    identities: tuple[Identity, ...] = ()
    """Private key files in the order to try them."""
    identities_only: bool = False
    """Of the agent's keys, only those that are also in `identities`."""
    password: Secret | None = None
    proxy: Endpoint | str | None = None
    """A bastion, or the command line of a ProxyCommand."""
    connect_timeout: float = 10.0
    """Seconds for the TCP connection, and again for the SSH handshake."""

    def __str__(self) -> str:
        return f"{self.user}@{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class Hop:
    """`[user@]host[:port]` as ProxyJump has it."""

    address: str
    user: str | None
    port: int | None


def resolve(host: Host, arguments: SshArguments, config: Lookup, home: Path) -> Endpoint:
    """How to reach `host`; precedence: inventory, arguments, ssh_config, OpenSSH's defaults.

    Bastions get the host's key files as well, after their own; they never get its password.
    Raises InputError naming the host when an option's value makes no sense.
    """
    return _Resolver(host, arguments, config, home).target()


def parse_hops(text: str, where: str) -> tuple[Hop, ...]:
    """`a,user@b:2222,ssh://c` to hops, in the order they are passed; `none` is no hop.

    Raises InputError for what is not a list of hosts.
    """
    if text.strip().lower() == "none":
        return ()
    return tuple(_parse_hop(part.strip(), where) for part in text.split(","))


def _parse_hop(text: str, where: str) -> Hop:
    match = re.fullmatch(
        r"(?:ssh://)?(?:(?P<user>\S+)@)?"
        r"(?:\[(?P<v6>[^\]\s]+)\]|(?P<host>[^:@\s]+))(?::(?P<port>\d+))?/?",
        text,
    )
    if match is None:
        hint = "Write ProxyJump=[user@]host[:port], several with commas between them."
        raise InputError(f"ProxyJump: {text!r} is not a host", where=where, hint=hint)
    port = match["port"]
    return Hop(match["v6"] or match["host"], match["user"], int(port) if port else None)


class _Resolver:
    """The look-ups for one host of the inventory and the bastions before it."""

    def __init__(self, host: Host, arguments: SshArguments, config: Lookup, home: Path) -> None:
        self._where = host.name
        self._wanted = host.connection
        self._arguments = arguments
        self._config = config
        self._home = home

    def target(self) -> Endpoint:
        wanted, arguments = self._wanted, self._arguments
        options = self._config.lookup(
            wanted.address, (*_from_inventory(wanted), *arguments.options)
        )
        place = self._place(wanted.address, options)
        explicit = arguments.first("proxyjump", "proxycommand")
        return Endpoint(
            **self._common(wanted.address, options),
            identities=self._identities(options),
            password=wanted.password,
            proxy=self._proxy(options, frozenset({place}), explicit[0] if explicit else ""),
            connect_timeout=self._timeout(options),
        )

    def _common(self, name: str, options: Options) -> dict[str, Any]:
        address, port = self._place(name, options)
        return {
            "address": address,
            "port": port,
            "user": _text(options, "user") or getpass.getuser(),
            "host_key_name": _text(options, "hostkeyalias") or host_key_name(address, port),
            "known_hosts": self._known_hosts(options),
            "strict": _is_yes(options, "stricthostkeychecking"),
            "identities_only": _is_yes(options, "identitiesonly"),
        }

    def _place(self, name: str, options: Options) -> tuple[str, int]:
        return _text(options, "hostname") or name, int(self._number(options, "port", 22))

    def _proxy(
        self, options: Options, passed: frozenset[tuple[str, int]], explicit: str = ""
    ) -> Endpoint | str | None:
        """What ProxyJump or ProxyCommand say; in one file, ProxyJump wins."""
        jump, command = _text(options, "proxyjump"), _text(options, "proxycommand")
        if jump and explicit != "proxycommand":
            return self._bastion(parse_hops(jump, self._where), passed)
        return command if command and command.lower() != "none" else None

    def _bastion(self, hops: Iterable[Hop], passed: frozenset[tuple[str, int]]) -> Endpoint | None:
        """The last hop, reached through the ones before; a place is passed only once.

        So `Host *` with a ProxyJump may match the bastion itself, as in OpenSSH.
        """
        proxy: Endpoint | str | None = None
        bastion: Endpoint | None = None
        for hop in hops:
            options = self._config.lookup(hop.address, self._for_hop(hop))
            place = self._place(hop.address, options)
            if place in passed:
                continue
            passed |= {place}
            bastion = Endpoint(
                **self._common(hop.address, options),
                identities=self._identities_of_hop(options),
                proxy=proxy or self._proxy(options, passed),
                connect_timeout=self._timeout(options),
            )
            proxy = bastion
        return bastion

    def _for_hop(self, hop: Hop) -> Iterator[tuple[str, str]]:
        """Arguments for a bastion: its own user and port, and how strict and patient we are."""
        if hop.user is not None:
            yield "user", hop.user
        if hop.port is not None:
            yield "port", str(hop.port)
        yield from (pair for pair in self._arguments.options if pair[0] in _FOR_HOPS_TOO)

    def _identities(self, options: Options) -> tuple[Identity, ...]:
        named = options.get("identityfile") or []
        files = [named] if isinstance(named, str) else named
        if not files:
            folder = self._home / ".ssh"
            return tuple(Identity(folder / name, named=False) for name in _DEFAULT_KEYS)
        return tuple(
            Identity(self._path(file)) for file in dict.fromkeys(files) if file.lower() != "none"
        )

    def _identities_of_hop(self, options: Options) -> tuple[Identity, ...]:
        key = self._wanted.private_key_file
        of_host = [key] if key else []
        of_host += [value for name, value in self._arguments.options if name == "identityfile"]
        more = (Identity(self._path(file)) for file in of_host)
        return tuple(dict.fromkeys((*self._identities(options), *more)))

    def _known_hosts(self, options: Options) -> tuple[Path, ...]:
        files = _text(options, "userknownhostsfile") or _USER_KNOWN_HOSTS
        files += " " + (_text(options, "globalknownhostsfile") or _GLOBAL_KNOWN_HOSTS)
        return tuple(
            self._path(file.strip('"'))
            for file in files.split()
            if file.lower() not in ("none", "/dev/null")
        )

    def _path(self, text: str) -> Path:
        return self._home / text[2:] if text.startswith("~/") else Path(text)

    def _timeout(self, options: Options) -> float:
        """The inventory's, unless it is only the default and ssh says something."""
        wanted = self._wanted.connect_timeout
        if "connecttimeout" in dict(self._arguments.options) or wanted == _DEFAULT_TIMEOUT:
            return self._number(options, "connecttimeout", wanted)
        return wanted

    def _number(self, options: Options, name: str, default: float) -> float:
        text = _text(options, name)
        try:
            return float(text) if text else default
        except ValueError as error:
            hint = "It is in ssh_config or in ansible_ssh_common_args."
            what = f"{name}: {text!r} is not a number"
            raise InputError(what, where=self._where, hint=hint) from error


def _from_inventory(wanted: Connection) -> Iterator[tuple[str, str]]:
    """The inventory's own variables as ssh options, so that they win and `%p` is right."""
    if wanted.user:
        yield "user", wanted.user
    if wanted.port is not None:
        yield "port", str(wanted.port)
    if wanted.private_key_file:
        yield "identityfile", wanted.private_key_file


def _text(options: Options, name: str) -> str:
    value = options.get(name)
    return value if isinstance(value, str) else ""


def _is_yes(options: Options, name: str) -> bool:
    return _text(options, name).lower() in ("yes", "true")
