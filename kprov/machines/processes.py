"""Finding, ending and waiting for the processes of machines, by what the kernel knows of them.

No pid is written down: a pid file says nothing after kill -9, and pids come again. A machine's
processes are those in the control group that carries its identity; the ones on the way there
(launch.sh before it enters) carry the identity in their environment.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Collection, Mapping
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
    """The living processes of one machine, supervisors included; `leader` is its init."""

    everything: tuple[int, ...]
    leader: int | None


def scan() -> Mapping[str, Processes]:
    """Every machine that has a process, by identity."""
    found: dict[str, list[int]] = {}
    for entry in _PROC.iterdir():
        mark = _mark(entry) if entry.name.isdigit() else ""
        if mark:
            found.setdefault(mark, []).append(int(entry.name))
    sorted_out = ((mark, _sort(pids)) for mark, pids in found.items())
    return {mark: processes for mark, processes in sorted_out if processes.everything}


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
    alive = []
    for pid in pids:
        status = _status(pid)
        if status.get("State", "Z")[0] in "ZX":  # dead, and not yet collected by its parent
            continue
        alive.append(pid)
        # NSpid: the pid in every PID namespace, ours first (proc_pid_status(5)).
        if status["NSpid"].split()[1:] == ["1"]:
            leader = pid
    return Processes(tuple(alive), leader)


def _status(pid: int) -> dict[str, str]:
    with suppress(OSError):
        lines = (_PROC / str(pid) / "status").read_text().splitlines()
        return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
    return {}


def shut_down(machines: Collection[str], seconds: float) -> None:
    """Ask machines to shut down in good order; those that take longer are killed."""
    running = scan()
    for mark in machines:
        processes = running.get(mark)
        if processes and processes.leader is not None:
            # What systemd takes as "power off" (systemd(1), SIGRTMIN+4).
            _send(processes.leader, signal.SIGRTMIN + 4)
    if not _gone(machines, seconds, lambda left, waited: None):
        kill(machines)


_TIDY_SECONDS = 3.0


def kill(machines: Collection[str], seconds: float = 60.0) -> None:
    """End machines at once, as a power cut does; returns when no process is left.

    Killing init ends all processes of its PID namespace; systemd-nspawn then tidies up and leaves.
    """

    def strike(processes: Processes, waited: float) -> None:
        if processes.leader is not None:
            _send(processes.leader, signal.SIGKILL)
        elif waited > _TIDY_SECONDS:
            for pid in processes.everything:
                _send(pid, signal.SIGKILL)

    if not _gone(machines, seconds, strike):
        raise LocalMachineError(
            "these machines do not end, although they were killed: "
            + ", ".join(sorted(set(machines) & scan().keys())),
            hint="a process may hang in the kernel; see: ps -eo pid,stat,wchan:30,args",
        )


def _gone(
    machines: Collection[str], seconds: float, strike: Callable[[Processes, float], None]
) -> bool:
    began = time.monotonic()
    while True:
        left = [found for mark, found in scan().items() if mark in machines]
        waited = time.monotonic() - began
        if not left or waited > seconds:
            return not left
        for processes in left:
            strike(processes, waited)
        time.sleep(0.02)


def _send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
