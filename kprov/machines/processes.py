"""Finding, ending and waiting for the processes of machines, by what the kernel knows of them.

No pid is written down: a pid file says nothing after kill -9, and pids come again. A machine's
processes are those in the control group that carries its identity; the ones on the way there
(launch.sh before it enters) carry the identity in their environment.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kprov.model.errors import LocalMachineError

MARK = "KPROV_LOCAL_MACHINE"
_PREFIX = "kprov."
_PROC = Path("/proc")


def identity(cluster: str, name: str) -> str:
    """The word that marks a machine's control groups and processes; clusters have no dots."""
    return f"{_PREFIX}{cluster}.{name}"


def owner(mark: str) -> tuple[str, str]:
    """Cluster and machine of an identity."""
    cluster, _, name = mark.removeprefix(_PREFIX).partition(".")
    return cluster, name


@dataclass(frozen=True, slots=True)
class Processes:
    """All processes of one machine; `leader` is its init, `supervisors` run outside of it."""

    everything: tuple[int, ...]
    leader: int | None
    supervisors: tuple[int, ...]


def scan() -> Mapping[str, Processes]:
    """Every machine that has a process, by identity."""
    found: dict[str, list[int]] = {}
    for entry in _PROC.iterdir():
        mark = _mark(entry) if entry.name.isdigit() else ""
        if mark:
            found.setdefault(mark, []).append(int(entry.name))
    return {mark: _sort(pids) for mark, pids in found.items()}


def _mark(process: Path) -> str:
    with suppress(OSError):
        for line in (process / "cgroup").read_bytes().splitlines():
            for part in line.split(b"/")[1:]:
                if part.startswith(_PREFIX.encode()):
                    return part.decode().removesuffix(".service")
        for variable in (process / "environ").read_bytes().split(b"\0"):
            if variable.startswith(MARK.encode() + b"="):
                return variable.partition(b"=")[2].decode()
    return ""


def _sort(pids: list[int]) -> Processes:
    leader = None
    supervisors = []
    for pid in pids:
        inside = _namespaced_pids(pid)
        if len(inside) == 1:
            supervisors.append(pid)
        elif inside[1:] == ("1",):
            leader = pid
    return Processes(tuple(pids), leader, tuple(supervisors))


def _namespaced_pids(pid: int) -> tuple[str, ...]:
    """The pid as seen in each PID namespace, ours first (NSpid in proc_pid_status(5))."""
    with suppress(OSError):
        for line in (_PROC / str(pid) / "status").read_text().splitlines():
            if line.startswith("NSpid:"):
                return tuple(line.split()[1:])
    return ()


def shut_down(machines: Collection[str], seconds: float) -> None:
    """Ask machines to shut down in good order; those that take longer are killed."""
    running = scan()
    for mark in machines:
        for pid in _asked(running.get(mark)):
            # What systemd takes as "power off" (systemd(1), SIGRTMIN+4).
            _send(pid, signal.SIGRTMIN + 4)
    if not _gone(machines, seconds):
        kill(machines)


def _asked(processes: Processes | None) -> Iterator[int]:
    if processes and processes.leader is not None:
        yield processes.leader


def kill(machines: Collection[str], seconds: float = 30.0) -> None:
    """End machines at once, as a power cut does; returns when no process is left.

    Killing init ends all processes of its PID namespace, and lets systemd-nspawn tidy up and leave.
    """

    def strike(left: Mapping[str, Processes]) -> None:
        for mark in machines:
            processes = left.get(mark)
            if processes and processes.leader is not None:
                _send(processes.leader, signal.SIGKILL)
            elif processes:
                for pid in processes.everything:
                    _send(pid, signal.SIGKILL)

    if not _gone(machines, seconds, strike):
        raise LocalMachineError(
            "these machines do not end, although they were killed: "
            + ", ".join(sorted(set(machines) & scan().keys())),
            hint="a process may hang in the kernel; see: ps -eo pid,stat,wchan:30,args",
        )


def _gone(
    machines: Collection[str],
    seconds: float,
    strike: Callable[[Mapping[str, Processes]], None] = lambda left: None,
) -> bool:
    deadline = time.monotonic() + seconds
    while True:
        left = {mark: found for mark, found in scan().items() if mark in machines}
        if not left:
            return True
        if time.monotonic() > deadline:
            return False
        strike(left)
        time.sleep(0.02)


def _send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
