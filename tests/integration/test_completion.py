"""Completion, asked of real shells: commands, options, and what only the inventory knows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

INVENTORY = """\
cluster: {name: demo}
all:
  children:
    kube_control_plane: {hosts: {cp1: {ansible_host: 192.0.2.11}}}
    kube_node: {hosts: {"w[01:02]": {}}}
"""
BASH = r"""
source "$1"; shift
COMP_LINE=$1; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9
read -ra COMP_WORDS <<<"$COMP_LINE"
case $COMP_LINE in *" ") COMP_WORDS+=("") ;; esac
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_python_argcomplete kprov
printf '%s\n' "${COMPREPLY[@]}"
"""
ZSH = r"""
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'autoload -Uz compinit && compinit -u -D'
zpty -w z "source $1"
zpty -w z 'kprov() { if [[ -v _ARGCOMPLETE ]]; then command kprov "$@"; else echo "ran: $*"; fi }'
zpty -w z 'echo rea""dy'
zpty -r z line '*ready*'
zpty -w -n z "$2"$'\t\n'
zpty -r z line '*ran: *'$'\n*'
print -r -- "${line##*ran: }"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An inventory, and a PATH where `kprov` is the one under test."""
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    (tmp_path / "roles/mine").mkdir(parents=True)
    (tmp_path / "roles/mine/tasks.yaml").write_text("- directory: {path: /srv}\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/kprov").symlink_to(Path(sys.executable).parent / "kprov")
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    """The PATH and home of a person who has installed kprov."""
    return {**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}", "HOME": str(folder)}


def script(folder: Path, shell: str) -> Path:
    """What `kprov completion SHELL` prints, in a file."""
    path = folder / f"completion.{shell}"
    command = ["kprov", "completion", shell]
    done = subprocess.run(
        command, env=environment(folder), capture_output=True, text=True, check=True
    )
    path.write_text(done.stdout)
    return path


def asked(folder: Path, *command: str) -> list[str]:
    """The words that a shell offers."""
    if not shutil.which(command[0]):
        pytest.fail(f"{command[0]} is missing: `make system` installs it", pytrace=False)
    done = subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]


LINES = [
    ("kprov ver", {"verify"}),
    ("kprov apply inventory.yaml --limit ", {"cp1", "w01", "w02", "kube_node"}),
    ("kprov apply inventory.yaml --limit w01,c", {"w01,cp1"}),
    ("kprov render inventory.yaml cp1 ", {"etcd", "kubelet", "mine"}),
    ("kprov plan --st", {"--state"}),
    ("kprov apply missing.yaml --limit ", set()),
]


@pytest.mark.parametrize(("line", "wanted"), LINES)
def test_bash(folder: Path, line: str, wanted: set[str]) -> None:
    """The function that `complete` registers, called as bash calls it."""
    found = asked(folder, "bash", "-c", BASH, "bash", str(script(folder, "bash")), line)
    assert wanted <= set(found)
    if not wanted:
        assert not {"cp1", "kube_node"} & set(found)


@pytest.mark.parametrize(("line", "wanted"), LINES[:5])
def test_fish(folder: Path, line: str, wanted: set[str]) -> None:
    """fish tells itself what it would offer."""
    text = f"source {script(folder, 'fish')}; complete -C '{line}'"
    found = asked(folder, "fish", "--no-config", "-c", text)
    assert wanted <= {its.split("\t")[0] for its in found}


def test_zsh(folder: Path) -> None:
    """A real zsh on a terminal of its own: Tab completes the word, Enter runs the line."""
    said = asked(folder, "zsh", "-f", "-c", ZSH, "zsh", str(script(folder, "zsh")), "kprov verif")
    assert said[0] == "verify"
