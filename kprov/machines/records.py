"""What is written down: per cluster in /run before a thing is made, per machine beside its data."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from kprov.machines.folders import RUN, Folders, write_atomically
from kprov.machines.values import Network

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_CLUSTER_FILE = "cluster.json"
_MACHINE_FILE = "machine.json"


@dataclass(frozen=True, slots=True)
class ClusterRecord:
    """A cluster that may have something running. Belongs to one boot of this computer."""

    cluster: str
    cache: str
    bridge: str
    gateway: str
    boot_id: str
    gateway6: str = ""

    @property
    def network(self) -> Network:
        """The network of its machines."""
        return Network(self.bridge, self.gateway, self.gateway6)


@dataclass(frozen=True, slots=True)
class MachineRecord:
    """A machine that has data: lives as long as the data. `base` is a folder name."""

    name: str
    address: str
    base: str
    host_key: str


def boot_id() -> str:
    """Changes with every boot: /run is not a tmpfs everywhere."""
    return _BOOT_ID.read_text().strip()


def load_cluster(cluster: str, run: Path = RUN) -> ClusterRecord | None:
    """The cluster's record, None when there is none or it is from before a reboot."""
    with suppress(FileNotFoundError):
        record = ClusterRecord(**json.loads((run / cluster / _CLUSTER_FILE).read_text()))
        return record if record.boot_id == boot_id() else None
    return None


def save_cluster(record: ClusterRecord, run: Path = RUN) -> None:
    """Write a cluster's record; its folder is there (it is the lock)."""
    path = run / record.cluster / _CLUSTER_FILE
    write_atomically(path, json.dumps(asdict(record), indent=1).encode())


def forget_cluster(cluster: str, run: Path = RUN) -> None:
    """Remove a cluster's folder, and the ones above when they are empty."""
    shutil.rmtree(run / cluster)
    with suppress(OSError):  # another cluster is there
        run.rmdir()
        run.parent.rmdir()


def is_written(cluster: str, run: Path = RUN) -> bool:
    """Whether a cluster has a record, current or not."""
    return (run / cluster / _CLUSTER_FILE).exists()


def load_machine(folders: Folders, cluster: str, name: str) -> MachineRecord | None:
    """A machine's record; None when it was never completely made."""
    with suppress(FileNotFoundError):
        path = folders.machine(cluster, name) / _MACHINE_FILE
        return MachineRecord(**json.loads(path.read_text()))
    return None


def save_machine(folders: Folders, cluster: str, record: MachineRecord) -> None:
    """Say that a machine's files are complete."""
    path = folders.machine(cluster, record.name) / _MACHINE_FILE
    write_atomically(path, json.dumps(asdict(record), indent=1).encode())


def machines(folders: Folders, cluster: str) -> tuple[MachineRecord, ...]:
    """All machines of a cluster that have data, by name."""
    return tuple(_machines(folders, cluster))


def _machines(folders: Folders, cluster: str) -> Iterator[MachineRecord]:
    with suppress(FileNotFoundError):
        for folder in sorted(folders.cluster(cluster).iterdir()):
            record = load_machine(folders, cluster, folder.name)
            if record:
                yield record
