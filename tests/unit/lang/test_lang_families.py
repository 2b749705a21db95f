"""Families of systems by their os-release."""

from __future__ import annotations

import pytest

from kprov.lang.families import FAMILIES, PACKAGES, family_of, package_names


@pytest.mark.parametrize(
    ("os_id", "like", "family"),
    [
        ("debian", "", "debian"),
        ("ubuntu", "debian", "debian"),
        ("linuxmint", "ubuntu debian", "debian"),
        ("rhel", "fedora", "rhel"),
        ("almalinux", "rhel centos fedora", "rhel"),
        ("amzn", "fedora", "rhel"),
        ("sles", "suse", "suse"),
        ("opensuse-leap", "suse opensuse", "suse"),
        ("opensuse-tumbleweed", "", "suse"),
        ("arch", "", "arch"),
        ("manjaro", "arch", "arch"),
        ("flatcar", "coreos", "flatcar"),
        ("alpine", "", ""),
        ("", "", ""),
    ],
)
def test_family(os_id: str, like: str, family: str) -> None:
    """By ID, otherwise by the first of ID_LIKE that is known."""
    assert family_of(os_id, like) == family


def test_only_families_that_exist_have_names() -> None:
    """A slip in the table would be a name that no host ever asks for."""
    names = {family.name for family in FAMILIES}
    assert all(set(its) <= names for its in PACKAGES.values())


def test_names_by_manager() -> None:
    """What a host can tell apart is which manager it has."""
    assert package_names("conntrack")["dnf"] == "conntrack-tools"
    assert package_names("of-one-system-only") == {}
