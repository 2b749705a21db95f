"""The state folder of one cluster: `.kprov/CLUSTER/` beside the inventory."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kprov.model.errors import KprovError
from kprov.state import pod_cidrs
from kprov.state.atomic import read_optional, write_atomic
from kprov.state.folder import PrivateFolder
from kprov.state.journal import Journal
from kprov.state.lease import Holder, hold


@dataclass(frozen=True, slots=True)
class StateDir:
    """Where the files of one cluster are. Making this value touches nothing on disk."""

    root: Path

    @property
    def pki(self) -> PrivateFolder:
        """Authorities, leaf certificates, keys."""
        return PrivateFolder(self.root / "pki")

    @property
    def journal(self) -> Journal:
        """What was done."""
        return Journal(self.root / "journal.jsonl")

    @property
    def kubeconfig(self) -> Path:
        """The admin's kubeconfig."""
        return self.root / "kubeconfig"

    @property
    def known_hosts(self) -> Path:
        """SSH host keys pinned on first use."""
        return self.root / "known_hosts"

    @property
    def lock_file(self) -> Path:
        """`kprov.lock`: every artefact's URL and sha256."""
        return self.root / "kprov.lock"

    @property
    def pod_cidrs_file(self) -> Path:
        """Node name to its part of the pod range."""
        return self.root / "pod_cidrs.json"

    @property
    def lease_file(self) -> Path:
        """The file that `lock` locks."""
        return self.root / "lock"

    def lock(self, now: datetime) -> AbstractContextManager[Holder]:
        """Hold this cluster for the block; raises LeaseHeldError when another run does."""
        return hold(self.lease_file, now)

    def read_text(self, path: Path) -> str | None:
        """The text of one of the files here, None when it is not there. Raises KprovError."""
        data = read_optional(path)
        try:
            return None if data is None else data.decode()
        except UnicodeDecodeError as error:
            raise KprovError(
                f"is not UTF-8 text: {error}", where=str(path), hint="restore it from a backup"
            ) from error

    def write_text(self, path: Path, text: str) -> None:
        """Replace one of the files here atomically, 0600. Raises KprovError."""
        write_atomic(path, text.encode())

    def load_pod_cidrs(self) -> dict[str, str]:
        """Node name to CIDR as saved; empty when nothing is. Raises KprovError."""
        text = self.read_text(self.pod_cidrs_file)
        return {} if text is None else pod_cidrs.parse(text, where=str(self.pod_cidrs_file))

    def save_pod_cidrs(self, allocations: Mapping[str, str]) -> None:
        """Write the allocations. Raises KprovError."""
        self.write_text(self.pod_cidrs_file, pod_cidrs.dump(allocations))


def open_state(inventory: Path, cluster_name: str, override: Path | None = None) -> StateDir:
    """The state of `cluster_name`: beside the inventory file, or inside an inventory folder.

    `override` (`--state`) is the cluster's folder itself. Nothing is made until something is
    written, so that a plan leaves no trace.
    """
    if override is not None:
        return StateDir(override.expanduser().absolute())
    folder = inventory if inventory.is_dir() else inventory.parent
    return StateDir(folder.absolute() / ".kprov" / cluster_name)
