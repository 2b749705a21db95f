"""The files that make a base image this machine and no other: names, keys, addresses."""

from __future__ import annotations

import ipaddress
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kprov.machines import records
from kprov.machines.commands import run
from kprov.machines.folders import DATA_DIRECTORIES, Folders, make_directory, write_atomically
from kprov.machines.keys import generate
from kprov.machines.records import MachineRecord
from kprov.machines.values import LocalSpec, Machine
from kprov.model.secret import Secret

_HOSTS_BEGIN = "# kprov local: the machines of this cluster"
_HOSTS_END = "# kprov local: end"


@dataclass(frozen=True, slots=True)
class Seed:
    """One file of a machine: its content, and the owner by name in the base image."""

    content: bytes
    mode: int = 0o644
    owner: str = "root"


def plant(
    spec: LocalSpec, machine: Machine, folders: Folders, base: Path, authorized: str
) -> MachineRecord:
    """Make a machine's folder afresh; the record, written last, says that it is complete."""
    folder = folders.machine(spec.cluster, machine.name)
    if folder.exists():
        shutil.rmtree(folder)
    for name in ("upper", "work", "root", *(f"data/{name}" for name in DATA_DIRECTORIES)):
        make_directory(folder / name)
    host_key = generate()
    files = {
        "etc/hostname": Seed(f"{machine.name}\n".encode()),
        "etc/hosts": Seed(hosts(_LOCALHOST, spec.machines).encode()),
        "etc/machine-id": Seed(f"{secrets.token_hex(16)}\n".encode(), 0o444),
        "etc/kprov-local": Seed(settings(spec, machine).encode()),
        "etc/ssh/ssh_host_ed25519_key": Seed(host_key.private, 0o600),
        "etc/ssh/ssh_host_ed25519_key.pub": Seed(f"{host_key.public}\n".encode()),
        "root/.ssh/authorized_keys": Seed(f"{authorized}\n".encode(), 0o600),
        "home/admin/.ssh/authorized_keys": Seed(f"{authorized}\n".encode(), 0o600, "admin"),
    }
    if spec.sudo_password is not None:
        files["etc/shadow"] = _shadow(base, spec.sudo_password)
    _write(files, base, folder / "upper")
    record = MachineRecord(machine.name, machine.address, base.name, host_key.public)
    records.save_machine(folders, spec.cluster, record)
    return record


_LOCALHOST = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"


def hosts(text: str, machines: Iterable[Machine]) -> str:
    """An /etc/hosts in which our block names these machines; the other lines stay."""
    before, _, rest = text.partition(f"{_HOSTS_BEGIN}\n")
    after = rest.partition(f"{_HOSTS_END}\n")[2]
    if before and not before.endswith("\n"):
        before += "\n"
    lines = "".join(f"{machine.address} {machine.name}\n" for machine in machines)
    return f"{before}{_HOSTS_BEGIN}\n{lines}{_HOSTS_END}\n{after}"


def update_hosts(path: Path, machines: Iterable[Machine]) -> None:
    """Let an /etc/hosts name these machines; not written when it does."""
    before = path.read_text()
    after = hosts(before, machines)
    if after != before:
        write_atomically(path, after.encode())


def settings(spec: LocalSpec, machine: Machine) -> str:
    """What the machine sets up by itself at boot (setup.sh), and the mark that it is local."""
    gateway = spec.network.interface
    lines = [
        "# This is a local machine of kprov: a container of systemd-nspawn.",
        f"cluster {spec.cluster}",
        f"network host0 {machine.address}/{gateway.network.prefixlen} {gateway.ip}",
    ]
    if machine.address6:
        other = ipaddress.IPv6Interface(spec.network.gateway6)
        lines.append(f"network host0 {machine.address6}/{other.network.prefixlen} {other.ip}")
    return "".join(f"{line}\n" for line in lines)


def _shadow(base: Path, password: Secret) -> Seed:
    """The base's /etc/shadow with a password for admin (crypt(5), SHA-512)."""
    # openssl of the base image, not ours: it is there for certain (ca-certificates needs it).
    openssl = ("chroot", str(base), "openssl", "passwd", "-6", "-stdin")
    digest = run(*openssl, stdin=f"{password.reveal()}\n").strip()
    path = base / "etc/shadow"
    lines = []
    for line in path.read_text().splitlines():
        name, _, rest = line.partition(":")
        tail = rest.partition(":")[2]
        lines.append(f"{name}:{digest}:{tail}" if name == "admin" else line)
    status = path.stat()
    group = f"root:{status.st_gid}"
    return Seed("".join(f"{line}\n" for line in lines).encode(), status.st_mode & 0o7777, group)


def _write(files: Mapping[str, Seed], base: Path, upper: Path) -> None:
    users = _users(base)
    for name, seed in files.items():
        owner, _, group = seed.owner.partition(":")
        uid, gid = users[owner]
        path = upper / name
        _make_parents(path.parent, upper, base, (uid, gid))
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(seed.content)
        os.chown(path, uid, int(group) if group else gid)
        path.chmod(seed.mode)


def _make_parents(folder: Path, upper: Path, base: Path, owner: tuple[int, int]) -> None:
    """In an overlay the upper directory's owner and mode hide the lower one's: copy those."""
    if folder.is_dir():
        return
    _make_parents(folder.parent, upper, base, owner)
    folder.mkdir()
    below = base / folder.relative_to(upper)
    if below.is_dir():
        status = below.stat()
        os.chown(folder, status.st_uid, status.st_gid)
        folder.chmod(status.st_mode & 0o7777)
    else:  # .ssh of a home: for its owner alone
        os.chown(folder, *owner)
        folder.chmod(0o700)


def _users(base: Path) -> dict[str, tuple[int, int]]:
    rows = (line.split(":") for line in (base / "etc/passwd").read_text().splitlines())
    return {row[0]: (int(row[2]), int(row[3])) for row in rows}
