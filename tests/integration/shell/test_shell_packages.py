"""Packages on systems of every family, by fakes of their package managers, in real shells."""

from __future__ import annotations

from pathlib import Path

import pytest

from kprov.lang.families import package_names
from kprov.model.resource import Resource
from kprov.model.result import ChangeResult, Outcome
from tests.integration.shell.fake_managers import SYSTEMS, install_fakes
from tests.integration.shell.sandbox import SHELLS, Sandbox

NAMES = {
    "debian": ("iptables", "conntrack", "policycoreutils-python-utils"),
    "rhel": ("iptables", "conntrack-tools", "policycoreutils-python-utils"),
    "suse": ("iptables", "conntrack-tools", "policycoreutils-python-utils"),
    "arch": ("iptables", "conntrack-tools"),
}


@pytest.fixture(params=("dash", "busybox"))
def sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Sandbox:
    """Every test runs under dash and busybox; where there is rpm, bash takes the latter's place.

    (Debian's busybox has an rpm of its own, which its shell takes before any other; systems that
    have packages in rpm have bash.)
    """
    family = getattr(request.node, "callspec", None)
    rpm = family is not None and family.params.get("family") in ("rhel", "suse")
    shell = "bash" if rpm and request.param == "busybox" else request.param
    return Sandbox(tmp_path, SHELLS[shell])


def package(name: str) -> Resource:
    return Resource("package", name, {"installed": True}, {"names": package_names(name)})


def become(sandbox: Sandbox, family: str) -> None:
    """A system of that family, with nothing installed."""
    installed = sandbox.root / "installed"
    install_fakes(sandbox.root / "sbin", family, NAMES[family], installed)
    if family == "debian":
        status = sandbox.root / "lib" / "dpkg" / "status"
        status.parent.mkdir(parents=True)
        status.write_text("Package: base-files\n")


@pytest.mark.parametrize("family", SYSTEMS)
def test_installed_once(sandbox: Sandbox, family: str) -> None:
    """Under the family's own name; what another package provides counts as installed."""
    become(sandbox, family)
    wanted = [package("iptables"), package("conntrack")]
    changes = sandbox.plan(wanted)
    assert [change.id for change in changes] == ["package:iptables", "package:conntrack"]
    results = [line for line in sandbox.apply(changes) if isinstance(line, ChangeResult)]
    assert [(line.outcome, line.message) for line in results] == [(Outcome.OK, "")] * 2
    assert sandbox.plan(wanted) == ()


@pytest.mark.parametrize("family", SYSTEMS)
def test_not_to_be_had(sandbox: Sandbox, family: str) -> None:
    """The package manager's own words, and its name for the package."""
    become(sandbox, family)
    (result, *_) = sandbox.apply(sandbox.plan([package("nftables")]))
    assert isinstance(result, ChangeResult)
    assert result.outcome is Outcome.FAILED
    assert f"{SYSTEMS[family][0]} cannot install nftables" in result.message
    assert "no such package: nftables" in result.message


def test_a_system_without_packages(sandbox: Sandbox) -> None:
    """Flatcar: said so, not tried."""
    (result, *_) = sandbox.apply(sandbox.plan([package("conntrack")]))
    assert isinstance(result, ChangeResult)
    assert result.outcome is Outcome.FAILED
    assert "no package manager that kprov knows is here: conntrack" in result.message


def test_removed_but_not_purged(sandbox: Sandbox) -> None:
    """dpkg knows ipset by its configuration only: that is not installed."""
    become(sandbox, "debian")
    (change,) = sandbox.plan([package("ipset")])
    assert change.before is None


def test_the_system_counts_not_what_is_installed_on_it(sandbox: Sandbox) -> None:
    """A Debian that has dnf and rpm, as image builders do, is a Debian."""
    become(sandbox, "debian")
    install_fakes(sandbox.root / "sbin", "rhel", (), sandbox.root / "elsewhere")
    (result, *_) = sandbox.apply(sandbox.plan([package("conntrack")]))
    assert isinstance(result, ChangeResult)
    assert result.outcome is Outcome.OK
    assert (sandbox.root / "installed").read_text() == "conntrack\n"
