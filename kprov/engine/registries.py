"""The image registries of a cluster, with what only this computer knows: files, passwords.

Both are read when a role asks for them, so that commands without use for them need neither.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from kprov.model.errors import InputError
from kprov.model.host import Inventory
from kprov.model.registry import RegistrySpec

_HUB = {"docker.io": "registry-1.docker.io"}
"""Where a registry is reached, when not under the name that images have."""


@dataclass(frozen=True, slots=True)
class Registry:
    """One of `cluster.containerd.registries`, as templates see it."""

    name: str
    spec: RegistrySpec
    folder: Path
    """Of the inventory."""
    environ: Mapping[str, str] = field(repr=False)

    @property
    def server(self) -> str:
        """The registry's own address; the last mirror where nothing else is to be asked."""
        if self.spec.mirrors and not self.spec.fallback:
            return self.spec.mirrors[-1]
        return f"https://{_HUB.get(self.name, self.name)}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """What is asked, before the server. Never none: containerd 1.6 takes no file without."""
        return tuple(self.spec.mirrors) or (self.server,)

    @property
    def trusted(self) -> str:
        """The authorities' certificates, PEM. Raises InputError."""
        return self._read(str(self.spec.ca), "ca")

    @property
    def logins(self) -> tuple[str, ...]:
        """The hosts that user name and password are for, with their ports."""
        if self.spec.username is None:
            return ()
        own = (_HUB.get(self.name, self.name),)
        return tuple(urlsplit(mirror).netloc for mirror in self.spec.mirrors) or own

    @property
    def password(self) -> str:
        """The password itself, for the one file that holds it. Raises InputError."""
        if self.spec.password_env is not None:
            found = self.environ.get(self.spec.password_env, "")
            missing = f"the environment variable {self.spec.password_env} is not set"
        else:
            found = self._read(str(self.spec.password_file), "password_file").strip()
            missing = f"{self.spec.password_file} is empty"
        if not found:
            raise InputError(
                f"the password of {self.spec.username} for {self.name} is missing: {missing}",
                where=f"cluster.containerd.registries.{self.name}",
                hint="set it for this command; it is written to nodes only, for root alone",
            )
        return found

    def _read(self, name: str, key: str) -> str:
        path = self.folder / Path(name).expanduser()
        try:
            return path.read_text()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise InputError(
                f"cannot read {path}: {reason}",
                where=f"cluster.containerd.registries.{self.name}.{key}",
            ) from error


def registries(
    inventory: Inventory, environ: Mapping[str, str] = os.environ
) -> tuple[Registry, ...]:
    """All of them, in written order."""
    folder = Path(inventory.directory)
    found = inventory.cluster.containerd.registries
    return tuple(Registry(name, spec, folder, environ) for name, spec in found.items())
