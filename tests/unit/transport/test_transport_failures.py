"""Errors of sockets and of paramiko, in people's words; which of them pass by themselves."""

from __future__ import annotations

import errno
import socket
from itertools import islice

import paramiko
import pytest
from paramiko.ssh_exception import IncompatiblePeer, NoValidConnectionsError

from kprov.transport.failures import explain, may_pass
from kprov.transport.retry import Retry
from kprov.transport.route import Endpoint

GATE = Endpoint("gate", 22, "g", "gate")
HOST = Endpoint("192.0.2.1", 2222, "u", "[192.0.2.1]:2222", connect_timeout=4)
BEHIND = Endpoint("10.0.0.1", 22, "u", "10.0.0.1", proxy=GATE)


def refused(code: int) -> NoValidConnectionsError:
    return NoValidConnectionsError({("192.0.2.1", 2222): OSError(code, "no")})


@pytest.mark.parametrize(
    ("error", "says", "passes"),
    [
        (refused(errno.ECONNREFUSED), "192.0.2.1:2222 refuses connections", True),
        (refused(errno.EHOSTUNREACH), "no way to 192.0.2.1:2222", True),
        (TimeoutError("timed out"), "did not answer within 4 s", True),
        (OSError(errno.ETIMEDOUT, "x"), "did not answer within 4 s", True),
        (OSError(errno.ENETUNREACH, "x"), "no way to 192.0.2.1:2222", False),
        (OSError(errno.EACCES, "Permission denied"), "Permission denied", False),
        (
            socket.gaierror(-2, "Name or service not known"),
            "192.0.2.1 cannot be resolved: Name or service not known",
            False,
        ),
        (
            paramiko.SSHException("Error reading SSH protocol banner"),
            "does not speak SSH",
            True,
        ),
        (EOFError(), "ended the connection", True),
        (paramiko.SSHException("No existing session"), "was silent", False),
        (IncompatiblePeer("no acceptable kex algorithm"), "no algorithm in common", False),
        (
            paramiko.SSHException("odd"),
            "the SSH handshake with u@192.0.2.1:2222 failed: odd",
            False,
        ),
        (ValueError(), "failed: ValueError", False),
    ],
)
def test_direct(error: Exception, says: str, passes: bool) -> None:
    """Each names the place; only what a booting machine shows is tried again."""
    made = explain(error, HOST, where="w1", bastion=False)
    assert says in made.problem.what
    assert made.problem.where == "w1"
    assert made.problem.hint
    assert may_pass(error) is passes


@pytest.mark.parametrize(
    ("error", "says", "passes"),
    [
        (
            paramiko.ChannelException(1, "Administratively prohibited"),
            "bastion g@gate:22 forbids connections to 10.0.0.1:22",
            False,
        ),
        (
            paramiko.ChannelException(2, "Connect failed"),
            "bastion g@gate:22 cannot connect to 10.0.0.1:22",
            True,
        ),
        (
            paramiko.SSHException("Timeout opening channel."),
            "u@10.0.0.1:22 did not answer through bastion g@gate:22",
            False,
        ),
    ],
)
def test_behind_a_bastion(error: Exception, says: str, passes: bool) -> None:
    """The bastion is named where it is the one that says no."""
    assert says in explain(error, BEHIND, where="w1", bastion=False).problem.what
    assert may_pass(error) is passes


def test_the_bastion_itself() -> None:
    """The host that was wanted stays the one to blame, the text says it is the bastion."""
    made = explain(refused(errno.ECONNREFUSED), GATE, where="w1", bastion=True)
    assert str(made).startswith("w1: bastion: gate:22 refuses connections")


def test_a_proxy_command_has_its_say() -> None:
    """Its last words are usually the reason."""
    through = Endpoint("192.0.2.1", 22, "u", "192.0.2.1", proxy="nc %h %p")
    error = paramiko.SSHException("Error reading SSH protocol banner")
    made = explain(error, through, where="w1", bastion=False, proxy_said="no route to gate")
    assert "through the ProxyCommand" in made.problem.what
    assert "The ProxyCommand said: no route to gate" in made.problem.hint


def test_pauses_grow() -> None:
    """At 0, 0.4, 1.2 and 2.8 s with the defaults: four tries within three seconds."""
    assert list(islice(Retry().pauses(), 3)) == pytest.approx([0.4, 0.8, 1.6])
    assert sum(islice(Retry().pauses(), 3)) < Retry().seconds
