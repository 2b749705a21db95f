"""What an error of a socket or of paramiko means to the person who wants to reach a host."""

from __future__ import annotations

import errno
import socket

import paramiko

from kprov.model.errors import TransportError
from kprov.transport.route import Endpoint

_ADMINISTRATIVELY_PROHIBITED = 1  # RFC 4254, section 5.1
_CONNECT_FAILED = 2
_BOOTING = {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ECONNRESET, errno.ETIMEDOUT}


def may_pass(error: Exception) -> bool:
    """Whether a machine that is still booting looks like this, so that trying again helps."""
    if isinstance(error, paramiko.ssh_exception.NoValidConnectionsError):
        return True
    if isinstance(error, OSError):
        return isinstance(error, TimeoutError) or error.errno in _BOOTING
    if isinstance(error, paramiko.ChannelException):
        return error.code == _CONNECT_FAILED
    return _is_without_banner(error) or isinstance(error, EOFError)


def explain(
    error: Exception, endpoint: Endpoint, *, where: str, bastion: bool, proxy_said: str = ""
) -> TransportError:
    """The error for people; `where` is the host that was wanted, `bastion` that it is on the way.

    `proxy_said` are the last words of a ProxyCommand.
    """
    what, hint = _diagnose(error, endpoint)
    if proxy_said:
        hint = f"{hint} The ProxyCommand said: {proxy_said}"
    return TransportError(f"bastion: {what}" if bastion else what, where=where, hint=hint)


def _diagnose(error: Exception, endpoint: Endpoint) -> tuple[str, str]:
    if isinstance(error, paramiko.ChannelException):
        return _behind_bastion(error, endpoint)
    if isinstance(error, OSError):
        return _network(error, endpoint)
    if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
        hint = "Its sshd is too old or allows too little; see KexAlgorithms, Ciphers, MACs there."
        return f"{endpoint} has no algorithm in common with us: {error}", hint
    if _is_without_banner(error) and isinstance(endpoint.proxy, str):
        return f"no SSH server answers for {endpoint} through the ProxyCommand", "Try it by hand."
    if _is_without_banner(error):
        hint = "Is it the right port, and is sshd allowed to answer more (MaxStartups)?"
        return f"{endpoint} accepts the connection but does not speak SSH", hint
    if "Timeout opening channel" in str(error):
        hint = "Is the machine on, is the address right as the bastion sees it?"
        return f"{endpoint} did not answer through bastion {endpoint.proxy}", hint
    if isinstance(error, EOFError) or "No existing session" in str(error):
        hint = "Look into sshd's log there; it may be overloaded, or refuse this address."
        return f"{endpoint} ended the connection, or was silent, during the SSH handshake", hint
    hint = "Try `ssh -v` to the same place, and look into sshd's log there."
    return f"the SSH handshake with {endpoint} failed: {str(error) or type(error).__name__}", hint


def _network(error: OSError, endpoint: Endpoint) -> tuple[str, str]:
    place = f"{endpoint.address}:{endpoint.port}"
    if isinstance(error, socket.gaierror):
        hint = "Set `ansible_host` to an address, or make the name known (DNS, /etc/hosts)."
        return f"the name {endpoint.address} cannot be resolved: {error.strerror}", hint
    codes = {cause.errno for cause in getattr(error, "errors", {}).values()} or {error.errno}
    if errno.ECONNREFUSED in codes:
        hint = "Is sshd running there, and is that its port (`ansible_port`)?"
        return f"{place} refuses connections", hint
    if isinstance(error, TimeoutError) or errno.ETIMEDOUT in codes:
        hint = "Is the machine on, is the address right, does a firewall drop packets?"
        return f"{place} did not answer within {endpoint.connect_timeout:g} s", hint
    if errno.EHOSTUNREACH in codes or errno.ENETUNREACH in codes:
        return f"there is no way to {place}: no route", "Is the machine on, and in this network?"
    return f"cannot connect to {place}: {error.strerror or error}", "Look at the network."


def _behind_bastion(error: paramiko.ChannelException, endpoint: Endpoint) -> tuple[str, str]:
    place = f"{endpoint.address}:{endpoint.port}"
    if error.code == _ADMINISTRATIVELY_PROHIBITED:
        hint = "Its sshd needs `AllowTcpForwarding yes` for this user."
        return f"bastion {endpoint.proxy} forbids connections to {place}", hint
    hint = "Names and routes are the bastion's: try `ssh` to it and on from there."
    return f"bastion {endpoint.proxy} cannot connect to {place}", hint


def _is_without_banner(error: Exception) -> bool:
    text = str(error)
    return isinstance(error, paramiko.SSHException) and (
        "protocol banner" in text or "protocol version" in text
    )
