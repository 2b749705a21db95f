"""The shell library: every kind finds its functions there, and so does the fake host."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from importlib.resources import files

import pytest

from kprov.model.change import Action, Change
from kprov.model.kube import KubeObject
from kprov.model.resource import Content, Resource
from kprov.sh.kinds import KINDS
from kprov.sh.library import BENCHMARK, PAYLOAD, PROBE, REACH, RESET, library
from tests.unit.engine.fake_host import FakePayload, FakeProbe

OWNED = {"mode": "0644", "owner": "root", "group": "root"}
CONTENT = Content(b"x")
OBJECT = KubeObject("v1", "ConfigMap", "a", "b", {})
EXAMPLES: dict[str, Resource] = {
    its.kind: its
    for its in (
        Resource("directory", "/d", {"type": "directory", **OWNED}, {"data": True}),
        Resource("file", "/f", {**OWNED, "sha256": CONTENT.sha256}, {"secret": False}, CONTENT),
        Resource("link", "/l", {"target": "/t"}),
        Resource(
            "artifact", "/a", {"source": "s", "link": "/o/a"},
            {"directory": "/o", "binary": "a", "how": "push", "from": "", "member": ""},
        ),
        Resource("image", "i", {"present": True}, {"tags": ("t",), "source": "s", "from": "/x"}),
        Resource("pull", "p", {"present": True}, {"images": ("t",), "block": True}),
        Resource("unit", "u", {"enabled": True, "running": True, "inputs": "i"}, {"block": True}),
        Resource("sysctl", "a.b", {"value": "1"}),
        Resource("module", "m", {"present": True}),
        Resource("mount", "/m", {"source": "s", "type": "tmpfs"}, {"options": "ro"}),
        Resource("package", "p", {"installed": True}),
        Resource("user", "u", {"home": "/", "shell": "/bin/sh"}),
        Resource("command", "c", {"met": True}, {"run": "r", "unless": "u"}),
        Resource("wait", "w", {"met": True}, {"run": "r", "timeout": 1, "unit": "u"}),
        Resource("node", "n", {"label a": "b", "record": "label:a"}),
        Resource(
            "manifest", "m", {"ConfigMap a/b": "d", "dropped": ""},
            {"family": "roles", "path": "/m", "objects": (OBJECT,)},
        ),
        Resource(
            "rollout", "m", {"met": True}, {"family": "roles", "objects": (OBJECT,), "timeout": 1}
        ),
        Resource("leftovers", "addons", {"left": ""}, {"keep": ()}),
    )
}  # fmt: skip


def functions(names: Sequence[str]) -> set[str]:
    return set(re.findall(r"^(\w+)\(\)", library(tuple(names)), re.MULTILINE))


def test_every_kind_has_an_example() -> None:
    """Below, all of them are tried."""
    assert set(EXAMPLES) == set(KINDS)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_functions_are_there(kind: str) -> None:
    """What a kind calls is in the library that travels, and the fake knows it too."""
    resource = EXAMPLES[kind]
    for line in KINDS[kind].look([(0, resource)]):
        name = line.split()[0]
        assert name in functions(PROBE)
        assert hasattr(FakeProbe, name)
    for action in (Action.CREATE, Action.UPDATE):
        name = KINDS[kind].write(Change(resource, action, {}, ("link",))).split()[0]
        assert name in functions(PAYLOAD)
        assert hasattr(FakePayload, name)


def test_the_fake_knows_every_writing_function() -> None:
    """None is left untested."""
    writing = {name for name in functions(PAYLOAD) if name.startswith("k_")}
    assert {name for name in dir(FakePayload) if name.startswith("k_")} == writing


@pytest.mark.parametrize("names", [PROBE, (*PROBE, *BENCHMARK), PAYLOAD, REACH, RESET])
def test_what_is_left_out_leaves_it_valid(names: tuple[str, ...]) -> None:
    """Comments do not travel; what does is a script that shells accept."""
    text = library(names)
    assert "shellcheck" not in text
    assert subprocess.run(["dash", "-n", "-c", text], check=False).returncode == 0


def test_all_files_are_used() -> None:
    """No function lies around that nobody sends."""
    folder = files("kprov.sh").joinpath("lib")
    names = {entry.name.removesuffix(".sh") for entry in folder.iterdir()}
    assert names == {*PROBE, *BENCHMARK, *PAYLOAD, *REACH, *RESET}


def test_nothing_in_the_background_writes_between_the_lines_of_others() -> None:
    """A probe's lines come from many programs: what runs beside them collects its own in a file."""
    lines = library(PROBE).splitlines()
    for number, line in enumerate(lines):
        if not re.search(r"[^&]&$", line) or "3>" in line:
            continue
        assert line.strip() == ") &", f"{line}: give it a descriptor 3 of its own"
        start = max(n for n, text in enumerate(lines[:number]) if text.strip() == "(")
        for text in lines[start:number]:
            assert not re.search(r">&3|\bfact ", text), text
