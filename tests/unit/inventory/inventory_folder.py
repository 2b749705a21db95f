"""A folder to write inventories into, and the ways tests look at what comes out."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from kprov.inventory import load
from kprov.model.errors import InputError
from kprov.model.host import Inventory

HOSTS = """
all:
  children:
    kube_control_plane: {hosts: {cp1: {ansible_host: 192.0.2.11}}}
    kube_node: {hosts: {w1: {ansible_host: 192.0.2.21}}}
"""


@dataclass(frozen=True)
class Folder:
    """Files of one inventory, and loading them with an environment of the test's own."""

    path: Path

    def write(self, name: str, text: str) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text).lstrip("\n"))
        return file

    def load(
        self, name: str = "inv.yaml", *overrides: str, environ: Mapping[str, str] | None = None
    ) -> Inventory:
        return load(self.path / name, overrides=overrides, environ=environ or {})

    def read(
        self, text: str, *overrides: str, environ: Mapping[str, str] | None = None
    ) -> Inventory:
        self.write("inv.yaml", text)
        return self.load("inv.yaml", *overrides, environ=environ)

    def problems(self, text: str, *overrides: str, name: str = "inv.yaml") -> list[str]:
        """The problems of an inventory, the folder's name taken out."""
        self.write(name, text)
        return self.problems_of(name, *overrides)

    def problems_of(self, name: str, *overrides: str) -> list[str]:
        with pytest.raises(InputError) as caught:
            self.load(name, *overrides)
        assert caught.value.exit_code == 3
        return [str(problem).replace(f"{self.path}/", "") for problem in caught.value.problems]

    def problem(self, text: str, *overrides: str, name: str = "inv.yaml") -> str:
        """The one and only problem of an inventory."""
        found = self.problems(text, *overrides, name=name)
        assert len(found) == 1, found
        return found[0]
