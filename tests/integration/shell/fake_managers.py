"""Fake package managers: strict scripts that know the flags kprov uses, and refuse all others.

Each keeps what is installed in a file, one package a line with all that it provides.
"""

from __future__ import annotations

from pathlib import Path

_HEAD = """#!/bin/sh
# A FAKE of {program}: for tests only
installed={installed}
refuse() {{ echo "fake {program}: unknown: $*" >&2; exit 64; }}
wanted() {{
    [ "$1" = -- ] || refuse "$@"
    shift
    [ $# -eq 1 ] || refuse "$@"
    case $1 in
        {known}) ;;
        *) echo "no such package: $1" >&2; exit 1 ;;
    esac
    echo "{provides}" >>"$installed"
}}
"""
_PROGRAMS = {
    "apt-get": """
case "$*" in
    'update -q') : >"$installed.lists"; exit ;;
    'install -y -q --no-install-recommends -- '*) ;;
    *) refuse "$@" ;;
esac
[ "$DEBIAN_FRONTEND" = noninteractive ] || refuse "a question"
[ -e "$installed.lists" ] || { echo "no package lists" >&2; exit 100; }
shift 4
wanted "$@"
""",
    "dpkg-query": """
case "$*" in '-W -f ${db:Status-Status} ${Package}\\n -- '?*) ;; *) refuse "$@" ;; esac
shift 4
status=0
for name; do
    if grep -qsx "$name" "$installed"; then echo "installed $name"
    elif [ "$name" = ipset ]; then echo "config-files ipset"
    else status=1
    fi
done
exit $status
""",
    "dnf": """
case "$*" in 'install -y -q -- '*) ;; *) refuse "$@" ;; esac
shift 3
wanted "$@"
""",
    "zypper": """
case "$*" in '--non-interactive --quiet install --no-recommends -- '*) ;; *) refuse "$@" ;; esac
shift 4
wanted "$@"
""",
    "rpm": """
case "$*" in '-q --whatprovides --qf = [%{PROVIDES} ]\\n -- '?*) ;; *) refuse "$@" ;; esac
shift 5
status=0
for name; do
    if line=$(grep -sw -- "$name" "$installed"); then echo "= $line "
    else echo "no package provides $name"; status=1
    fi
done
exit $status
""",
    "pacman": """
case "$*" in
    '-T -- '?*)
        shift 2
        status=0
        for name; do grep -qsw -- "$name" "$installed" || { echo "$name"; status=127; }; done
        exit $status ;;
    '-S --needed --noconfirm -- '*) shift 3; wanted "$@" ;;
    *) refuse "$@" ;;
esac
""",
}
SYSTEMS = {
    "debian": ("apt-get", "dpkg-query"),
    "rhel": ("dnf", "rpm"),
    "suse": ("zypper", "rpm"),
    "arch": ("pacman",),
}
"""What a system of each family has."""


def install_fakes(folder: Path, family: str, known: tuple[str, ...], installed: Path) -> None:
    """Put the fakes of a family into a folder; their repository has the packages `known`."""
    folder.mkdir(parents=True, exist_ok=True)
    for program in SYSTEMS[family]:
        provides = "$1-nft $1" if family == "rhel" else "$1"
        head = _HEAD.format(
            program=program, installed=installed, known=" | ".join(known or ("-",)),
            provides=provides,
        )  # fmt: skip
        path = folder / program
        path.write_text(head + _PROGRAMS[program])
        path.chmod(0o755)
