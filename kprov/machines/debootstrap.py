"""Making a root file system with debootstrap(8), with the settings that apt has here."""

from __future__ import annotations

import subprocess
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kprov.machines.apt_sources import Source
from kprov.machines.commands import ALONE, environment, run
from kprov.model.errors import LocalMachineError

# The start of a line of debootstrap, and what it means to the person who waits.
_STAGES = (
    ("I: Retrieving", "base image: downloads packages"),
    ("I: Extracting", "base image: unpacks packages"),
    ("I: Installing core packages", "base image: installs packages"),
)


def debootstrap(
    root: Path, source: Source, packages: Sequence[str], report: Callable[[str], None]
) -> None:
    """Make a minimal system in `root`; LocalMachineError with the tool's last words."""
    command = ["debootstrap", "--variant=minbase", "--components=main"]
    command.append(f"--include={','.join(packages)}")
    if source.trusted:
        command.append("--no-check-gpg")
    elif source.signed_by:
        command.append(f"--keyring={source.signed_by}")
    command += [source.suite, str(root), source.uri]
    with download_settings() as settings:
        process = subprocess.Popen(
            [*ALONE, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment(settings),
        )
        last = _follow(process, report)
    if process.returncode:
        raise LocalMachineError(
            "debootstrap could not build the base image; it said last:\n"
            + "\n".join(f"    {line}" for line in (*last, *_own_log(root))),
            where=f"{source.uri} {source.suite}",
            hint="check that `apt-get update` works on this computer, then run the command again",
        )


def _follow(process: subprocess.Popen[str], report: Callable[[str], None]) -> tuple[str, ...]:
    """Report the stages as they begin; the last lines of the output, when it ends."""
    assert process.stdout is not None
    last: deque[str] = deque(maxlen=5)
    stages = list(_STAGES)
    for line in process.stdout:
        last.append(line.rstrip())
        if stages and line.startswith(stages[0][0]):
            report(stages.pop(0)[1])
    process.wait()
    return tuple(last)


def _own_log(root: Path) -> tuple[str, ...]:
    log = root / "debootstrap" / "debootstrap.log"
    return tuple(log.read_text(errors="replace").splitlines()[-5:]) if log.is_file() else ()


@contextmanager
def download_settings() -> Iterator[dict[str, str]]:
    """apt's proxy and certificate authority as wget, which debootstrap calls, understands them."""
    settings = {}
    for scheme in ("http", "https"):
        proxy = apt_setting(f"Acquire::{scheme}::Proxy")
        if proxy and proxy != "DIRECT":
            settings[f"{scheme}_proxy"] = proxy
    authority = apt_setting("Acquire::https::CaInfo")
    if not authority:
        yield settings
        return
    with tempfile.NamedTemporaryFile("w", prefix="kprov-wgetrc-") as wgetrc:
        wgetrc.write(f"ca_certificate = {authority}\n")
        wgetrc.flush()
        yield {**settings, "WGETRC": wgetrc.name}


def apt_setting(name: str) -> str:
    """A setting of this computer's apt (apt.conf(5)); empty when it is not set."""
    words = run("apt-config", "shell", "VALUE", name).strip()
    return words.removeprefix("VALUE=").strip("'")
