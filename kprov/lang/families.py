"""Families of operating systems, and how each calls the packages that roles ask for.

The one table of its kind: roles use the names on the left. Sources: packages.debian.org,
packages.fedoraproject.org, software.opensuse.org, archlinux.org/packages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """A family: its package manager's program, and who belongs to it.

    `members` are the words of ID and ID_LIKE in os-release(5).
    """

    name: str
    manager: str
    members: frozenset[str]


FAMILIES: tuple[Family, ...] = (
    Family("debian", "apt-get", frozenset({"debian", "ubuntu"})),
    Family("suse", "zypper", frozenset({"suse", "opensuse", "sles", "sle-micro"})),
    Family("rhel", "dnf", frozenset({"rhel", "fedora", "centos", "amzn"})),
    Family("arch", "pacman", frozenset({"arch", "archlinux"})),
    Family("flatcar", "", frozenset({"flatcar", "coreos"})),
)

# A family that is not named has the package under the name that roles use.
PACKAGES: Mapping[str, Mapping[str, str]] = {
    "conntrack": {
        "suse": "conntrack-tools", "rhel": "conntrack-tools", "arch": "conntrack-tools",
    },
    "container-selinux": {},
    "curl": {},
    "haproxy": {},
    "ipset": {},
    "iptables": {},
    "keepalived": {},
    "nftables": {},
    "semanage": {
        "debian": "policycoreutils-python-utils", "suse": "policycoreutils-python-utils",
        "rhel": "policycoreutils-python-utils",
    },
}  # fmt: skip


def family_of(os_id: str, like: str) -> str:
    """The family of a system by ID and ID_LIKE of its os-release; empty when it is none of them."""
    for word in (os_id, *like.split()):
        for family in FAMILIES:
            if word in family.members or (word.startswith("opensuse") and family.name == "suse"):
                return family.name
    return ""


def package_names(name: str) -> dict[str, str]:
    """Package manager to the name it has for a package, where that is another one.

    Names that are not in the table are the host's own, for roles that are for one system only.
    """
    names = PACKAGES.get(name, {})
    return {its.manager: names[its.name] for its in FAMILIES if its.name in names}
