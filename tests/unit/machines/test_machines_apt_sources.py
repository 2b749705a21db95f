"""The mirror for base images is the one that this computer's apt uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from kprov.machines.apt_sources import Source, choose, parse_deb822, parse_list, read

DEB822 = """\
# a comment
Types: deb deb-src
URIs: http://mirror.example/debian
# another, in the middle
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://third.example/apt
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
"""

ONE_LINE = """\
# deb http://off.example/debian bookworm main
deb [ arch=amd64 signed-by=/etc/apt/keyrings/k.gpg ] http://mirror.example/debian/ bookworm main # x
deb-src http://mirror.example/debian bookworm main
deb [trusted=yes] file:/srv/debian bookworm main contrib
deb http://flat.example/ ./
"""


def test_deb822_gives_one_source_per_address_and_suite() -> None:
    """Comments and disabled stanzas are passed over, keys written in place are left to apt."""
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    assert parse_deb822(DEB822) == (
        Source("http://mirror.example/debian", "bookworm", ("main", "contrib"), keyring),
        Source("http://mirror.example/debian", "bookworm-updates", ("main", "contrib"), keyring),
        Source("https://third.example/apt", "bookworm", ("main",)),
    )


def test_one_line_style_with_options() -> None:
    """Options in brackets, comments at the end, flat repositories, source packages."""
    assert parse_list(ONE_LINE) == (
        Source("http://mirror.example/debian/", "bookworm", ("main",), "/etc/apt/keyrings/k.gpg"),
        Source("file:/srv/debian", "bookworm", ("main", "contrib"), trusted=True),
        Source("http://flat.example/", "./", ()),
    )


def test_both_styles_are_read(tmp_path: Path) -> None:
    """sources.list, then *.list, then *.sources; other names are none of apt's."""
    (tmp_path / "sources.list").write_text("deb http://a.example/debian bookworm main\n")
    folder = tmp_path / "sources.list.d"
    folder.mkdir()
    (folder / "b.list").write_text("deb http://b.example/debian bookworm main\n")
    (folder / "c.sources").write_text(
        "Types: deb\nURIs: http://c.example/debian\nSuites: sid\nComponents: main\n"
    )
    (folder / "d.list.disabled").write_text("deb http://d.example/debian bookworm main\n")
    assert [source.uri[7] for source in read(tmp_path)] == ["a", "b", "c"]


def test_no_sources_at_all(tmp_path: Path) -> None:
    """A computer without apt has none, which is no crash."""
    assert read(tmp_path) == ()


OWN = Source("http://mirror.example/debian", "bookworm", ("main",))


@pytest.mark.parametrize(
    "other",
    [
        Source("http://third.example/apt", "bookworm", ("main",)),
        Source("http://mirror.example/debian", "bookworm-updates", ("main",)),
        Source("http://docker.example/linux/debian", "bookworm", ("stable",)),
        Source("cdrom:[Debian]/", "bookworm", ("main",)),
        Source("mirror+file:/etc/apt/mirrors/debian", "bookworm", ("main",)),
    ],
)
def test_the_distribution_wins(other: Source) -> None:
    """Third parties, updates, foreign components and what debootstrap cannot read come second."""
    assert choose([other, OWN], lambda suite: suite == "bookworm") == OWN


def test_a_mirror_with_any_name_will_do() -> None:
    """When nothing ends in /debian or /ubuntu, the first that fits is taken."""
    own = Source("http://mirror.example/pub", "bookworm", ("main",))
    assert choose([own], lambda suite: suite == "bookworm") == own


def test_nothing_fits() -> None:
    """No suite that debootstrap knows: None, for the caller to explain."""
    assert choose([OWN], lambda suite: False) is None
