"""A machine as it is: files, users, firewall, links, units, mounts, processes.

Compared before an apply and after a reset, and around commands that must not touch anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Left out, each for a reason:
# - logs and journals: kprov is not the only one who writes there, and people want to read on;
# - the caches of ld.so, and the backups that useradd and userdel make of what they edit;
# - /run/systemd, /run/dbus, /run/user, /run/sshd, /var/lib/systemd: systemd's own, alive;
# - marks of logins and of sudo: we log in to look;
# - /proc, /sys, /dev: not files of the machine.
SCRIPT = r"""
export LC_ALL=C
set -- / /run /tmp
for data in /opt/kprov /var/lib/containerd /var/lib/etcd /var/lib/kprov /var/lib/kubelet; do
    if [ -d "$data" ]; then set -- "$@" "$data"; fi
done
echo '# files'
find "$@" -xdev \( -path /proc -o -path /sys -o -path /dev \
    -o -path /run/systemd -o -path /run/dbus -o -path /run/user -o -path /run/sshd \
    -o -path /run/credentials -o -path /run/utmp -o -path /run/motd.dynamic -o -path /run/sudo \
    -o -path /var/log -o -path /var/lib/systemd -o -path /var/lib/sudo \
    -o -path /var/cache/ldconfig \
    -o -path '/tmp/systemd-private-*' -o -path '/var/tmp/systemd-private-*' \
    -o -path '/etc/*-' -o -path /etc/ld.so.cache \) -prune \
    -o -printf '%p %y %m %u:%g %l\n' | sort -u
find /var/log -xdev -path /var/log/journal -prune -o -type d -printf '%p %y %m %u:%g\n' | sort
echo '# contents'
find /etc /usr/local /root /home -xdev -type f ! -path '/etc/*-' ! -path /etc/ld.so.cache \
    -exec sha256sum {} + | sort -k 2
echo '# users'
cut -d: -f1,3 /etc/passwd /etc/group | sort
echo '# firewall'
{ iptables-save; ip6tables-save; } 2>/dev/null |
    sed -e '/^#/d' -e 's/\[[0-9:]*\]//' | grep -E '^-A|^:[^ ]* -|DROP'
nft list tables 2>/dev/null | grep -vE '^table ip6? (nat|filter|mangle|raw|security)$'
echo '# links'
ip -o link | awk '{ print $2 }' | sed 's/@.*//' | sort
ip route | sort
ip -6 route | grep -v '^fe80' | sort
ls /run/netns 2>/dev/null
echo '# units'
systemctl list-units --type=service,socket,path,timer --state=running,failed,listening \
    --no-legend --plain | awk '{ print $1, $3, $4 }' | grep -v '^session-' | sort
systemctl list-unit-files --no-legend | awk '{ print $1, $2 }' | sort
echo '# mounts'
awk '{ print $2, $3 }' /proc/mounts | grep -vE '^/run/(user|credentials)' | sort
echo '# listeners'
ss -Hltnp | awk '{ print $4, $6 }' | sed 's/,pid=.*//' | sort
echo '# programs'
ps -eo comm= | grep -E 'containerd|kube|etcd|runc|pause' | sort
echo '# cgroups'
find /sys/fs/cgroup -maxdepth 3 -type d -name '*kubepods*' | sort
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Lines by section."""

    sections: Mapping[str, tuple[str, ...]]

    @classmethod
    def parse(cls, text: str) -> Snapshot:
        """What SCRIPT printed."""
        sections: dict[str, list[str]] = {}
        lines: list[str] = []
        for line in text.splitlines():
            if line.startswith("# "):
                lines = sections.setdefault(line[2:], [])
            else:
                lines.append(line.rstrip())
        return cls({name: tuple(its) for name, its in sections.items()})

    def same_as(self, earlier: Snapshot) -> None:
        """AssertionError with a line for each thing that is gone (-) or new (+)."""
        found = earlier.difference(self)
        assert not found, "the machine is not as it was:\n" + "\n".join(found)

    def difference(self, later: Snapshot) -> list[str]:
        """One line for each thing that is gone (-) or new (+) in the later one."""
        found = []
        for name in {**self.sections, **later.sections}:
            before, after = self.sections.get(name, ()), later.sections.get(name, ())
            found += [f"- {name}: {line}" for line in before if line not in set(after)]
            found += [f"+ {name}: {line}" for line in after if line not in set(before)]
        return found
