"""Roles in a folder of the test, and what becomes of them on one host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kprov.lang.expand import expand
from kprov.lang.pending import Pending
from kprov.lang.role import Role, read_role
from kprov.lang.scope import Scope
from kprov.lang.sources import Addon, Binary, EncryptionKey, Image, KeyPair
from kprov.lang.template import Renderers
from kprov.model.errors import InputError, Problem
from kprov.model.resource import Resource


@dataclass(frozen=True, slots=True)
class FakeSources:
    """Answers with words; knows one name of each sort and refuses all others."""

    def place(self, component: str, member: str) -> Binary:
        """Version 1."""
        if component != "etcd":
            raise InputError(f"there is no artefact {component!r}", hint="did you mean etcd?")
        return Binary(f"/opt/kprov/{component}/1", member)

    def binary(self, component: str, member: str) -> Binary:
        """With a digest."""
        place = self.place(component, member)
        return Binary(place.directory, member, "digest", "push", "file:///etcd", member)

    def image(self, archive: str) -> Image:
        """One tag."""
        if archive != "pause.tar":
            raise InputError(f"{archive} is not in `cluster.images`")
        return Image("digest", ("pause:1",))

    def addon(self, name: str) -> Addon:
        """None is known."""
        raise InputError(f"there is no add-on {name!r}")

    def certificate(self, name: str) -> KeyPair:
        """Words."""
        if name != "admin":
            raise InputError(f"there is no certificate {name!r}", hint="did you mean admin?")
        return KeyPair("cert", "key")

    def authority(self, name: str) -> KeyPair:
        """Words."""
        if name != "etcd":
            raise InputError(f"there is no authority {name!r}")
        return KeyPair("ca", "ca key")

    def encryption_key(self) -> EncryptionKey:
        """Words."""
        return EncryptionKey("key", "secret")

    def kubeconfig(self, certificate: str, server: str) -> str:
        """Words."""
        return f"{self.certificate(certificate).cert} {server}"


@dataclass(frozen=True, slots=True)
class RoleFolder:
    """A folder of roles beside an inventory; `shared` is the one that travels with kprov."""

    root: Path

    @property
    def shared(self) -> Path:
        """Templates of all roles."""
        return self.root / "shared"

    def write(self, path: str, text: str) -> Path:
        """A file below the folder."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def tasks(self, text: str, role: str = "mine") -> Path:
        """The role's tasks."""
        return self.write(f"{role}/tasks.yaml", text)

    def read(self, role: str = "mine") -> Role:
        """The role as it is read."""
        return read_role(role, (self.root,))

    def expand(
        self,
        text: str | None = None,
        *,
        facts: Mapping[str, Any] | None = None,
        host_vars: Mapping[str, Any] | None = None,
        **values: Any,
    ) -> tuple[Resource, ...]:
        """The resources of the role; without `facts` as before the look."""
        if text is not None:
            self.tasks(text)
        scope = Scope(
            values={**values, "facts": Pending("facts of h1") if facts is None else facts},
            host_vars=host_vars or {},
            sources=FakeSources(),
            pending=facts is None,
            renderers=Renderers(self.shared),
        )
        return expand(self.read(), scope)

    def problems(self, text: str) -> list[Problem]:
        """What reading this as the role's tasks complains about, file names cut to the last."""
        self.tasks(text)
        with pytest.raises(InputError) as caught:
            self.read()
        return [short(problem) for problem in caught.value.problems]

    def problem(self, text: str, **values: Any) -> Problem:
        """The one complaint of expanding this on a host that was looked at."""
        with pytest.raises(InputError) as caught:
            self.expand(text, **{"facts": {}, **values})
        (problem,) = caught.value.problems
        return short(problem)

    def places(self, **values: Any) -> list[str]:
        """Where the complaints of reading and expanding the role as it is point to."""
        try:
            self.expand(None, **values)
        except InputError as error:
            return [problem.where for problem in error.problems]
        return []


def short(problem: Problem) -> Problem:
    """The file by its name only."""
    return Problem(problem.what, problem.where.rpartition("/")[2], problem.hint)
