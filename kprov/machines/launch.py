"""Starting machines, and knowing when they are there."""

from __future__ import annotations

import asyncio
import re
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from kprov.machines import network, processes
from kprov.machines.cgroups import Layout
from kprov.machines.commands import environment, run, succeeds
from kprov.machines.folders import Folders, lock_if_free
from kprov.machines.records import ClusterRecord, MachineRecord
from kprov.model.errors import LocalMachineError

_SHARE = Path(__file__).parent / "share"
_OWN_MOUNTS = ("unshare", "--mount", "--propagation", "private", "--")
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|\][^\x07]*\x07|[A-Z=>])|\r|\x00")


def launch(
    cluster: ClusterRecord,
    machine: MachineRecord,
    folders: Folders,
    layout: Layout,
    directories: Sequence[Path],
) -> None:
    """Start a machine and return at once. It belongs to nobody: it lives on when we end."""
    mark = processes.identity(cluster.cluster, machine.name)
    identity = network.unplug(cluster.cluster, machine.name)
    local = folders.local
    folder = folders.machine(cluster.cluster, machine.name)
    (folder / "console.log").write_bytes(b"")
    arguments = (
        str(_SHARE / "launch.sh"),
        str(local),
        str((folders.images / machine.base).relative_to(local)),
        str(folder.relative_to(local)),
        identity,
        machine.name,
        cluster.bridge,
        "1" if layout.unified else "0",
        *(str(directory) for directory in directories),
    )
    if layout.systemd:
        run(*_as_unit(mark), *_OWN_MOUNTS, "sh", *arguments)
        return
    with lock_if_free(folder) as handle:
        assert handle is not None  # `fence` comes first, and the cluster is locked
        subprocess.run(
            ("setsid", "--fork", "sh", str(_SHARE / "supervise.sh"), *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment({processes.MARK: mark}),
            pass_fds=(handle,),
            check=True,
        )


def fence(layout: Layout, folder: Path, mark: str, seconds: float = 30.0) -> None:
    """End what is left of a machine, launchers on their way included; then none can come any more.

    A process that changes its program shows no mark for a moment. So a launcher holds the lock of
    the machine's folder until it is in the control group, whose members are always seen. Units are
    found by systemd.
    """
    deadline = time.monotonic() + seconds
    processes.kill([mark])
    if layout.systemd:
        succeeds("systemctl", "stop", f"{mark}.service")
    while folder.is_dir():
        with lock_if_free(folder) as handle:
            if handle is not None:
                return
        if time.monotonic() > deadline:
            raise LocalMachineError(
                "somebody holds the machine's folder",
                where=str(folder),
                hint=f"see who: fuser --verbose {folder}",
            )
        time.sleep(0.02)
        processes.kill([mark])


def _as_unit(mark: str) -> tuple[str, ...]:
    """As systemd-nspawn@.service: a unit of its own whose control group is the machine's affair."""
    return (
        *("systemd-run", "--quiet", "--collect", f"--unit={mark}", "--slice=machine.slice"),
        *("--property=Delegate=yes", "--property=KillMode=mixed", "--property=TasksMax=infinity"),
        # A reboot of the machine: systemd-nspawn leaves with EXIT_FORCE_RESTART.
        *("--property=RestartForceExitStatus=133", "--property=SuccessExitStatus=133"),
        *(f"--setenv={processes.MARK}={mark}", "--"),
    )


def wait_for_sshd(
    cluster: str,
    machines: Iterable[MachineRecord],
    folders: Folders,
    seconds: float,
    ready: Callable[[MachineRecord], None],
) -> None:
    """Return when every sshd has said its banner (RFC 4253 section 4.2); `ready` hears each.

    LocalMachineError with the last lines of the console when a machine ends or takes too long.
    """
    asyncio.run(_all_answer(cluster, tuple(machines), folders, seconds, ready))


async def _all_answer(
    cluster: str,
    machines: tuple[MachineRecord, ...],
    folders: Folders,
    seconds: float,
    ready: Callable[[MachineRecord], None],
) -> None:
    deadline = time.monotonic() + seconds

    async def answer(machine: MachineRecord) -> None:
        while not await _says_banner(machine.address):
            if time.monotonic() > deadline:
                raise _no_answer(
                    f"its sshd did not answer on {machine.address}:22 within {seconds:.0f} s",
                    folders.machine(cluster, machine.name),
                    machine.name,
                )
            await asyncio.sleep(0.02)
        ready(machine)

    async def stay_alive() -> None:
        marks = {processes.identity(cluster, machine.name): machine for machine in machines}
        while True:
            await asyncio.sleep(0.5)
            for mark in marks.keys() - processes.scan().keys():
                name = marks[mark].name
                raise _no_answer("it ended while it booted", folders.machine(cluster, name), name)

    watch = asyncio.create_task(stay_alive())
    waiting = {asyncio.create_task(answer(machine)) for machine in machines}
    try:
        while waiting:
            done, _ = await asyncio.wait({watch, *waiting}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            waiting -= done
    finally:
        for task in (watch, *waiting):
            task.cancel()


async def _says_banner(address: str) -> bool:
    writer = None
    try:
        # The first packet may be lost while the machine boots, and TCP repeats it after 1 s only.
        async with asyncio.timeout(0.2):
            reader, writer = await asyncio.open_connection(address, 22)
        async with asyncio.timeout(5.0):
            return (await reader.read(4)) == b"SSH-"
    except OSError:  # TimeoutError is one of them
        return False
    finally:
        if writer:
            writer.close()


def _no_answer(what: str, folder: Path, name: str) -> LocalMachineError:
    lines = console_lines(folder)
    return LocalMachineError(
        f"{what}; its console said last:\n" + "\n".join(f"    {line}" for line in lines),
        where=name,
        hint=f"everything it said: {folder / 'console.log'}",
    )


def console_lines(folder: Path, count: int = 12) -> tuple[str, ...]:
    """The last lines of a machine's console, without terminal codes."""
    path = folder / "console.log"
    text = path.read_text(errors="replace") if path.is_file() else ""
    lines = [line.rstrip() for line in _ESCAPES.sub("", text).splitlines() if line.strip()]
    return tuple(lines[-count:]) or ("(nothing)",)
