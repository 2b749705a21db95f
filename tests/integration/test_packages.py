"""What people install: built twice alike, whole, and at work outside the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """What a command prints; AssertionError with everything it said when it fails."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env={**os.environ, **environment},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def copy(folder: Path) -> Path:
    """The files that git knows, as a checkout in a place of its own, commit included."""
    run("git", "clone", "--quiet", "--shared", REPOSITORY, folder, cwd=REPOSITORY)
    for name in run("git", "ls-files", "-z", cwd=REPOSITORY).split("\0"):
        if name and (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / name, folder / name)
    return folder


def build(source: Path, out: Path, *what: str) -> Path:
    """The one file that was built."""
    run(sys.executable, "-m", "build", "--no-isolation", *what, "--outdir", out, cwd=source,
        SOURCE_DATE_EPOCH="1700000000")  # fmt: skip
    (made,) = out.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of these files."""
    folder = tmp_path_factory.mktemp("wheel")
    return build(copy(folder / "source"), folder / "out", "--wheel")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean environment with the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=True)
    run(folder / "bin/python", "-m", "pip", "install", "--quiet", wheel, cwd=folder)
    return folder


def test_wheel_has_all_that_it_needs(wheel: Path) -> None:
    """Roles, templates, the shell library, the man page, the commit."""
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "kprov/_share/roles/etcd/tasks.yaml",
        "kprov/_share/templates/flags.j2",
        "kprov/_share/commit",
        "kprov/sh/lib/core.sh",
    ):
        assert wanted in names
    assert any(name.endswith("data/share/man/man1/kprov.1") for name in names)
    assert not any(name.startswith("tests") for name in names)


def test_built_twice_alike(wheel: Path, tmp_path: Path) -> None:
    """In another folder, at another time, by another umask: the same bytes."""
    before = os.umask(0o077)
    try:
        again = build(copy(tmp_path / "elsewhere"), tmp_path / "out", "--wheel")
    finally:
        os.umask(before)
    assert again.read_bytes() == wheel.read_bytes()


def test_sdist_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    """Who builds from the source archive, without git, gets what we have."""
    sdist = build(copy(tmp_path / "source"), tmp_path / "out", "--sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (source,) = (tmp_path / "unpacked").iterdir()
    again = build(source, tmp_path / "wheel", "--wheel")
    mine, theirs = zipfile.ZipFile(wheel), zipfile.ZipFile(again)
    same = {name: mine.read(name) for name in mine.namelist() if "dist-info" not in name}
    assert {n: theirs.read(n) for n in theirs.namelist() if "dist-info" not in n} == same


def test_installed_elsewhere(installed: Path, tmp_path: Path) -> None:
    """An inventory is made, checked and rendered with nothing of the checkout in sight."""
    kprov = installed / "bin/kprov"
    home = {"HOME": str(tmp_path), "KPROV_CACHE": str(tmp_path / "cache")}
    assert "(" in run(kprov, "--version", cwd=tmp_path, **home), "with its commit"
    run(kprov, "init", "--control-plane", "cp1=192.0.2.11", "--worker", "w1=192.0.2.12",
        cwd=tmp_path, **home)  # fmt: skip
    resources = run(kprov, "render", "inventory.yaml", "w1", "os", cwd=tmp_path, **home)
    assert "sysctl:net.ipv4.ip_forward" in resources
    assert '"$schema"' in run(kprov, "schema", cwd=tmp_path, **home)
    assert "machine" in run(kprov, "local", "list", cwd=tmp_path, **home)


def test_one_file(installed: Path, tmp_path: Path) -> None:
    """kprov.pyz, as `make dist` makes it, runs with no installation at all."""
    (packages,) = installed.glob("lib/python*/site-packages")
    pyz = tmp_path / "kprov.pyz"
    run(Path(sys.executable).parent / "shiv", "--compressed", "--reproducible", "--console-script",
        "kprov", "--site-packages", packages, "-o", pyz, cwd=tmp_path)  # fmt: skip
    home = {"HOME": str(tmp_path), "SHIV_ROOT": str(tmp_path / "shiv")}
    run(sys.executable, pyz, "init", "--control-plane", "cp1=192.0.2.11", cwd=tmp_path, **home)
    assert "cp1" in (tmp_path / "inventory.yaml").read_text()


def test_bill_of_materials(installed: Path, tmp_path: Path) -> None:
    """Every library that comes with kprov is in it, with its version."""
    path = tmp_path / "kprov.cdx.json"
    run(Path(sys.executable).parent / "cyclonedx-py", "environment", "--output-reproducible",
        "-o", path, installed / "bin/python", cwd=tmp_path)  # fmt: skip
    text = path.read_text()
    for name in ("paramiko", "cryptography", "pydantic", "jinja2"):
        assert f'"name": "{name}"' in text.lower()
