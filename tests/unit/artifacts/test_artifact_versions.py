"""Which versions go together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov.artifacts.versions import LINES, Choice, component_versions
from kprov.model.cluster import ClusterSpec, VersionSpec
from kprov.model.errors import InputError
from kprov.model.version import Version


def spec(kubernetes: str, **versions: str) -> ClusterSpec:
    return ClusterSpec(kubernetes=kubernetes, versions=VersionSpec.model_validate(versions))


def test_every_supported_release_has_a_line() -> None:
    """v1.20 and v1.29 to v1.37; each default is one that is said to work."""
    assert list(LINES) == ["1.20", *(f"1.{minor}" for minor in range(29, 38))]
    for line in LINES.values():
        for name in ("etcd", "containerd", "runc", "cni_plugins", "crictl"):
            choice: Choice = getattr(line, name)
            assert Version.parse(choice.default).at_least(choice.least)
            assert not Version.parse(choice.default).at_least(choice.below)


def test_versions_have_the_form_of_their_releases() -> None:
    """Tags begin with v, containerd's archives are named without."""
    found = component_versions(spec("v1.36.2"))
    assert found.kubernetes == "v1.36.2"
    assert found.etcd.startswith("v3.6.")
    assert found.containerd.startswith("2.")
    assert all(found.of(c).startswith("v1.") for c in ("runc", "cni-plugins", "crictl", "coredns"))


def test_the_old_release_gets_what_it_can_speak_to() -> None:
    """Kubernetes v1.20 knows CRI v1alpha2 only, which containerd 2 has lost."""
    found = component_versions(spec("v1.20.2"))
    assert found.containerd.startswith("1.6.")
    assert found.etcd.startswith("v3.4.")


def test_what_people_ask_for_wins() -> None:
    """Over the default and over what a mirror has."""
    asked = spec("v1.36.2", etcd="3.5.9", containerd="v1.7.1")
    found = component_versions(asked, {"etcd": ("v3.6.14",), "containerd": ("v2.3.4",)})
    assert (found.etcd, found.containerd) == ("v3.5.9", "1.7.1")


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        (("v3.5.30",), "v3.5.30"),
        (("v3.5.30", "v3.6.1", "v3.6.0"), "v3.6.1"),
        (("v3.5.9", "v3.6.14", "v3.6.99"), "v3.6.14"),
        (("v3.4.23", "v3.9.0"), "v3.6.14"),
        ((), "v3.6.14"),
    ],
)
def test_a_mirror_folder_without_the_default_offers_the_nearest(
    offered: tuple[str, ...], expected: str
) -> None:
    """The default if it is there, then its own line, then the newest that works; else itself."""
    assert component_versions(spec("v1.36.2"), {"etcd": offered}).etcd == expected


versions = st.builds("v{}.{}.{}".format, st.integers(1, 4), st.integers(0, 8), st.integers(0, 40))


@given(st.sampled_from(sorted(LINES)), st.lists(versions))
def test_only_what_works_is_ever_chosen(minor: str, offered: list[str]) -> None:
    """Whatever a mirror has, the choice is the default or within the limits of the line."""
    found = component_versions(spec(f"v{minor}.0"), {"etcd": offered, "containerd": offered})
    for choice, version in (
        (LINES[minor].etcd, found.etcd),
        (LINES[minor].containerd, found.containerd),
    ):
        assert version.removeprefix("v") == choice.default or version.lstrip("v") in {
            text.removeprefix("v") for text in offered
        }
        assert Version.parse(version).at_least(choice.least)
        assert not Version.parse(version).at_least(choice.below)


@pytest.mark.parametrize("release", ["v1.19.3", "v1.25.0", "v1.99.0"])
def test_an_unknown_release_is_an_input_error(release: str) -> None:
    """It lists what is supported."""
    with pytest.raises(InputError, match=f"Kubernetes {release} is not supported") as caught:
        component_versions(spec(release))
    assert "v1.36" in str(caught.value)
