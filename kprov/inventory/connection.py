"""A host's connection, from its variables."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kprov.inventory import connection_vars as names
from kprov.inventory.connection_vars import ConnectionVariable
from kprov.inventory.entries import Vars
from kprov.inventory.findings import Findings, did_you_mean
from kprov.inventory.names import address_of
from kprov.model.errors import Location
from kprov.model.host import Connection
from kprov.model.secret import Secret

_TRUE = ("true", "yes", "on", "1", "y", "t")
_FALSE = ("false", "no", "off", "0", "n", "f")
_SSH_PLUGINS = ("ssh", "smart", "paramiko", "paramiko_ssh", "libssh", "openssh")
_HOST_TEXT = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")
_IPV4_LIKE = re.compile(r"^\d+(\.\d+){3}$")
_USER_TEXT = re.compile(r"^[^\s:@/]+$")
_INNER_ADDRESSES = ("ip", "ip6", "access_ip")
_DEFAULT_TIMEOUT = Connection("").connect_timeout


@dataclass(frozen=True, slots=True)
class HostValues:
    """One host's variables: resolved values, and where each was written."""

    name: str
    location: Location
    values: Mapping[str, Any]
    written: Vars

    def place(self, name: str) -> Location:
        """Where a variable was written; the host's own place when it was not."""
        variable = self.written.get(name)
        return variable.value.location if variable else self.location

    def text_as_written(self, name: str) -> str:
        """A value as text: what was written where it is a number, so that 0123 stays 0123."""
        value = self.values[name]
        if isinstance(value, str):
            return value
        return self.written[name].value.text or str(value)


def connection_of(
    host: HostValues, *, folder: Path, environ: Mapping[str, str], findings: Findings
) -> Connection:
    """How to reach a host; problems go to `findings` and leave a usable value behind."""
    reader = _Reader(host, findings)
    reader.refuse_slips()
    reader.refuse_other_ways()
    reader.refuse_inner_names()
    key_file = reader.text(names.KEY_FILE)
    return Connection(
        address=reader.address(),
        user=reader.user(),
        port=reader.port(),
        private_key_file=str(folder / Path(key_file).expanduser()) if key_file else None,
        password=reader.secret(names.PASSWORD) or _from_environment(environ, "KPROV_SSH_PASSWORD"),
        become=reader.boolean(names.BECOME),
        become_password=reader.secret(names.BECOME_PASSWORD)
        or _from_environment(environ, "KPROV_BECOME_PASSWORD"),
        ssh_common_args=reader.ssh_args(),
        connect_timeout=reader.timeout(),
    )


def through_bastion(connection: Connection, bastion: Connection) -> Connection:
    """The same host reached through a bastion, unless it says itself how to jump.

    Kubespray's `bastion` group means this.
    """
    if re.search(r"(^|\s)-J|Proxy(Jump|Command)", connection.ssh_common_args):
        return connection
    target = f"[{bastion.address}]" if ":" in bastion.address else bastion.address
    login = f"{bastion.user}@{target}" if bastion.user else target
    jump = f"{login}:{bastion.port}" if bastion.port else login
    arguments = f"{connection.ssh_common_args} -o ProxyJump={jump}".strip()
    return replace(connection, ssh_common_args=arguments)


def _from_environment(environ: Mapping[str, str], name: str) -> Secret | None:
    return Secret(environ[name]) if environ.get(name) else None


class _Reader:
    """Reads one host's connection variables, noting what is wrong with each."""

    def __init__(self, host: HostValues, findings: Findings) -> None:
        self._host = host
        self._findings = findings

    def refuse_slips(self) -> None:
        """Names that are nearly, but not quite, a connection variable."""
        for name in self._host.written:
            if not name.startswith("ansible_") or name in names.NAMES:
                continue
            known = (*names.NAMES, *names.HARMLESS)
            if name not in names.HARMLESS and (hint := did_you_mean(name, known, cutoff=0.88)):
                where = self._host.written[name].location
                self._findings.problem(f"unknown connection variable {name!r}", where, hint)

    def refuse_other_ways(self) -> None:
        """Connections that are not SSH, becoming that is not sudo to root."""
        plugin = (self.text(names.CONNECTION) or "ssh").rpartition(".")[2]
        if plugin not in _SSH_PLUGINS:
            hint = "remove it and let kprov in by SSH"
            if plugin == "local":
                hint = (
                    "kprov works over SSH: for this computer itself run sshd and set "
                    "ansible_host: 127.0.0.1, or let `cluster.local: {}` make machines on it"
                )
            self._expected(names.CONNECTION, "ssh", hint)
        if self.text(names.BECOME_USER) not in (None, "root"):
            self._expected(names.BECOME_USER, "root", "kprov needs root on the host")
        if (self.text(names.BECOME_METHOD) or "sudo").rpartition(".")[2] != "sudo":
            self._expected(names.BECOME_METHOD, "sudo", "")

    def refuse_inner_names(self) -> None:
        """`ip`, `ip6` and `access_ip`, the addresses inside the cluster, have to be addresses."""
        for name in _INNER_ADDRESSES:
            value = self._host.values.get(name)
            if value not in (None, "") and address_of(value) is None:
                what = f"{name} is {_shown(value)}, expected an address"
                self._findings.problem(what, self._host.place(name))

    def address(self) -> str:
        """The address to connect to."""
        address = self.text(names.ADDRESS)
        if address is None:
            return self._host.name
        hint = address_fault(address)
        if hint is not None:
            self._expected(names.ADDRESS, "an address or a host name", hint)
        return address

    def user(self) -> str | None:
        """The user to log in as."""
        user = self.text(names.USER)
        if user is not None and not _USER_TEXT.match(user):
            self._expected(names.USER, "a user name", "")
        return user

    def port(self) -> int | None:
        """The port of sshd."""
        found = self._find(names.PORT)
        if found is None:
            return None
        text = str(self._host.values[found]).strip()
        if isinstance(self._host.values[found], bool) or not (
            text.isascii() and text.isdigit() and 1 <= int(text) <= 65535
        ):
            self._expected(names.PORT, "a port from 1 to 65535", "")
            return None
        return int(text)

    def timeout(self) -> float:
        """Seconds to wait for a connection."""
        found = self._find(names.TIMEOUT)
        if found is None:
            return _DEFAULT_TIMEOUT
        try:
            seconds = float(self._host.values[found])
        except (TypeError, ValueError):
            seconds = 0.0
        if seconds > 0:
            return seconds
        self._expected(names.TIMEOUT, "a number of seconds", "")
        return _DEFAULT_TIMEOUT

    def ssh_args(self) -> str:
        """All arguments of ssh, in Ansible's order."""
        variables = (names.SSH_ARGS, names.SSH_COMMON_ARGS, names.SSH_EXTRA_ARGS)
        return " ".join(filter(None, map(self.text, variables)))

    def text(self, variable: ConnectionVariable) -> str | None:
        """A text; None when unset or empty."""
        found = self._find(variable)
        if found is None:
            return None
        value = self._host.values[found]
        if isinstance(value, str):
            return value.strip() or None
        hint = "quote it if it is meant as text" if isinstance(value, (int, float)) else ""
        self._expected(variable, "text", hint)
        return None

    def secret(self, variable: ConnectionVariable) -> Secret | None:
        """A secret, hidden at once; its value never gets into a message."""
        found = self._find(variable)
        if found is None:
            return None
        if isinstance(self._host.values[found], (dict, list)):
            where = self._host.place(found)
            self._findings.problem(f"{found} is a collection, expected text", where)
            return None
        text = self._host.text_as_written(found)
        return Secret(text) if text else None

    def boolean(self, variable: ConnectionVariable) -> bool:
        """Ansible's true and false, false when unset."""
        found = self._find(variable)
        if found is None:
            return False
        word = str(self._host.values[found]).strip().lower()
        if word not in _TRUE + _FALSE:
            self._expected(variable, "true or false", "")
        return word in _TRUE

    def _find(self, variable: ConnectionVariable) -> str | None:
        for name in variable.names:
            if self._host.values.get(name) is not None:
                return name
        return None

    def _expected(self, variable: ConnectionVariable, expected: str, hint: str) -> None:
        found = self._find(variable) or variable.name
        what = f"{found} is {_shown(self._host.values.get(found))}, expected {expected}"
        self._findings.problem(what, self._host.place(found), hint)


def address_fault(address: str) -> str | None:
    """Why this is no address; None when it is one."""
    try:
        ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        if _IPV4_LIKE.match(address):
            return "the four numbers go from 0 to 255"
    else:
        return None
    if "@" in address:
        return "the user goes into ansible_user"
    if ":" in address:
        return "the port goes into ansible_port"
    return None if _HOST_TEXT.match(address) else "letters, digits, dots and '-'"


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return repr(value)
