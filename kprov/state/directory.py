"""The state folder of one cluster: `.kprov/CLUSTER/` beside the inventory."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kprov.model.errors import InputError, KprovError
from kprov.state import pod_cidrs
from kprov.state.atomic import read_optional, write_atomic
from kprov.state.folder import PrivateFolder
from kprov.state.journal import Journal
from kprov.state.lease import Holder, hold
from kprov.state.remote import RemoteState

_FOR_GIT = {
    ".gitattributes": """\
# Written by kprov. Keys and certificates have no diff that says anything; what was done only grows.
pki/** -diff
journal.jsonl merge=union
kprov.lock text
""",
    ".gitignore": """\
# Written by kprov: this computer's alone. `kprov kubeconfig` makes a kubeconfig anew.
/lock
/kubeconfig
/pki.new/
/pki.old/
""",
}


@dataclass(frozen=True, slots=True)
class StateDir:
    """Where the files of one cluster are. Making this value touches nothing on disk.

    With a `remote`, `root` is a private copy for the length of one command.
    """

    root: Path
    remote: RemoteState | None = None

    @property
    def name(self) -> str:
        """The folder, or the address of the bucket."""
        return self.remote.url if self.remote else str(self.root)

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

    @contextmanager
    def lock(self, now: datetime) -> Iterator[Holder]:
        """Hold this cluster for the block; raises LeaseHeldError when another run does.

        What the block has written is published at its end, however it ends.
        """
        with hold(self.lease_file, now) as holder:
            self._for_version_control()
            try:
                yield holder
            finally:
                self.publish()

    def publish(self) -> None:
        """Bring what was written to where the state is kept; call it before hosts get any of it.

        Raises StateConflictError when somebody else was there first, KprovError.
        """
        if self.remote is not None:
            self.remote.publish(self.root)

    def _for_version_control(self) -> None:
        """Let a repository that this folder is in show and merge it sensibly."""
        for name, text in _FOR_GIT.items():
            if read_optional(self.root / name) is None:
                self.write_text(self.root / name, text)

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


def open_state(inventory: Path, cluster_name: str, override: Path | str | None = None) -> StateDir:
    """The state of `cluster_name`: beside the inventory file, or inside an inventory folder.

    `override` (`--state`) is the cluster's folder itself, or the address of a bucket. Nothing is
    made until something is written, so that a plan leaves no trace. Raises InputError, KprovError.
    """
    if isinstance(override, str):
        return _fetched(RemoteState(override))
    if override is not None:
        return StateDir(override.expanduser().absolute())
    folder = inventory if inventory.is_dir() else inventory.parent
    return StateDir(folder.absolute() / ".kprov" / cluster_name)


def _fetched(remote: RemoteState) -> StateDir:
    """A private copy that goes when this process ends. Keys in a bucket have to be encrypted."""
    if not os.environ.get("KPROV_PASSPHRASE"):
        raise InputError(
            "state in a bucket holds the cluster's keys, and there is no passphrase for them",
            where=remote.url, hint="set KPROV_PASSPHRASE: keys are encrypted with it",
        )  # fmt: skip
    root = Path(tempfile.mkdtemp(prefix="kprov-state-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    remote.fetch(root)
    return StateDir(root, remote)
