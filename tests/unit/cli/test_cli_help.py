"""The command line itself: help, usage, exit codes, speed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from kprov.cli.main import COMMANDS
from tests.unit.engine.fake_site import FakeSite

HEAVY = ("pydantic", "paramiko", "fabric", "jinja2", "kubernetes", "cryptography", "yaml")
NAMES = [command.name for command in COMMANDS]


def kprov(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    """A process of its own."""
    command = [sys.executable, "-m", "kprov", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload,no-any-return]


def test_help_imports_nothing_heavy() -> None:
    """So it is quick; every command is one line there, and the exit codes are explained."""
    program = (
        "import sys; from kprov.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        f"print('HEAVY', [name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "HEAVY []" in done.stdout
    for command in COMMANDS:
        assert f"\n    {command.name}" in done.stdout
        assert command.help in done.stdout
    assert "3  the input is wrong" in done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_an_example(site: FakeSite, name: str) -> None:
    """One that names the command; every option says what it does."""
    done = site.main(name, "--help")
    assert done.code == 0
    _, _, example = done.out.partition("example:\n  ")
    assert example.startswith(f"kprov {name}")
    lines = done.out.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("  -"):
            words = line.strip().split("  ")
            assert len(words) > 1 or lines[number + 1].startswith("        "), line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["appply"], "did you mean `apply`?"),
        (["apply"], "the following arguments are required: inventory"),
        (["check", "i.yaml", "-o", "jsn"], "did you mean `json`?"),
        (["apply", "i.yaml", "--forse"], "unrecognized arguments: --forse"),
        (["local"], "arguments are required"),
    ],
)
def test_wrong_usage_is_wrong_input(site: FakeSite, words: list[str], said: str) -> None:
    """Exit 3, the usage, what is wrong."""
    done = site.main(*words)
    assert done.code == 3
    assert done.err.startswith("usage: kprov")
    assert said in done.err


def test_version(site: FakeSite) -> None:
    """For bug reports."""
    assert site.main("--version").out.startswith("kprov 0.")


@pytest.mark.parametrize("words", [["--help"], ["schema"], ["init", "-"]])
def test_a_reader_who_leaves(words: list[str]) -> None:
    """`| head` gets its lines; no traceback, no error."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        done = subprocess.run(
            [sys.executable, "-m", "kprov", *words],
            stdout=stream, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0
    assert done.stderr == ""


def test_no_terminal_letters(site: FakeSite) -> None:
    """A message that ASCII cannot hold does not end in a traceback."""
    text = site.inventory.read_text().replace("demo", "dämö")
    site.inventory.write_text(text)
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "NO_COLOR": "1"}
    done = kprov("check", str(site.inventory), env=env)
    assert done.returncode == 3
    assert "d\\xe4m\\xf6" in done.stderr
    assert "Traceback" not in done.stderr
