"""What restrains programs on a host: rights of the login, SELinux, AppArmor."""

from __future__ import annotations

from collections.abc import Iterator

from kprov.core.preflight.place import Finding, Place
from kprov.model.host import BIN_DIRS


def rights(place: Place) -> Iterator[Finding]:
    """Root, on a system that can be written to."""
    fixed = place.facts.get("read_only").split()
    if place.host.vars.get("bin_dir", BIN_DIRS[0]) != BIN_DIRS[0]:
        fixed = [path for path in fixed if path != BIN_DIRS[0]]
    if {"/etc", "/var/lib"} <= set(fixed):
        yield place.error(
            "the login has not root's rights", "log in as root, or set ansible_become: true"
        )
    elif fixed == [BIN_DIRS[0]]:
        yield place.error(
            f"programs are to be linked in {BIN_DIRS[0]}, which cannot be written to",
            f"set `bin_dir: {BIN_DIRS[1]}` for this host (Flatcar, and others with a fixed /usr)",
        )
    elif fixed:
        yield place.error(
            f"cannot be written to: {', '.join(fixed)}",
            "kprov installs there: mount it writable",
        )


def selinux(place: Place) -> Iterator[Finding]:
    """Where it is enforcing, there is a policy for containers."""
    facts = place.facts
    enforcing = facts.get("selinux") == "enforcing"
    if place.is_node and enforcing and not facts.flag("selinux_containers"):
        yield place.warning(
            "SELinux is enforcing, without a policy for containers: pods may be denied their files",
            "install container-selinux, or set SELinux to permissive",
        )


def apparmor(place: Place) -> Iterator[Finding]:
    """Where it is on, its parser is there: containerd confines nothing without it."""
    facts = place.facts
    if place.is_node and facts.get("apparmor") == "on" and not facts.flag("tool_apparmor_parser"):
        yield place.warning(
            "AppArmor is on, but /sbin/apparmor_parser is missing: containers run unconfined",
            "install the package apparmor",
        )
