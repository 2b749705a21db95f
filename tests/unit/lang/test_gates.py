"""Version gates: every release gets the flags and fields that it knows, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov import lang
from kprov.lang.gates import GATES, Gate, gates_for
from kprov.model.share import share
from kprov.model.version import Version

SUPPORTED = ("1.20", *(f"1.{minor}" for minor in range(29, 38)))
VERSIONS = {
    "kubernetes": "v1.36.2", "etcd": "3.6.8", "containerd": "2.1.9", "runc": "1.3.0",
    "cni_plugins": "1.7.1",
}  # fmt: skip
_USED = re.compile(r"\bgate(?:\.|s\[\")([a-z0-9_]+)")
_ASKED = re.compile(r"\bgate_holds\(\"([a-z0-9_]+)")
PROGRAM = Path(lang.__file__).parents[1]


def _gate(name: str, **versions: str) -> bool:
    return gates_for({**VERSIONS, **versions})[name]


def test_names_are_unique() -> None:
    """A template that asks for a gate gets the one that is meant."""
    names = [gate.name for gate in GATES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_a_gate_explains_itself(gate: Gate) -> None:
    """Every row says what it means and where upstream says so, and has an end on some side."""
    assert gate.what
    assert gate.source.startswith("https://")
    assert gate.since or gate.until


def test_roles_ask_for_gates_that_exist_and_for_all_of_them() -> None:
    """Nothing asks for an unknown gate, and no gate is left that nobody asks for."""
    folders = (Path(share("roles")), Path(share("templates")), PROGRAM / "engine")
    files = [
        path for folder in folders for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    ]  # fmt: skip
    asked = {name for path in files for name in _USED.findall(path.read_text())}
    rules = (path.read_text() for path in (PROGRAM / "inventory").glob("*.py"))
    asked |= {name for text in rules for name in _ASKED.findall(text)}
    assert asked == {gate.name for gate in GATES}


def test_no_template_compares_versions_itself() -> None:
    """What depends on a version is decided in the table alone."""
    for path in Path(share("roles")).rglob("*"):
        if path.is_file():
            assert "at_least(" not in path.read_text(), path


@pytest.mark.parametrize(
    ("name", "kubernetes", "holds"),
    [
        ("insecure_port_flag", "v1.20.2", True),
        ("insecure_port_flag", "v1.23.0", False),
        ("container_runtime_flag", "v1.26.15", True),
        ("container_runtime_flag", "v1.27.0", False),
        ("runtime_endpoint_field", "v1.26.15", False),
        ("runtime_endpoint_field", "v1.27.0", True),
        ("sandbox_image_flag", "v1.34.9", True),
        ("sandbox_image_flag", "v1.35.0", False),
        ("taints_field", "v1.20.2", False),
        ("taints_field", "v1.29.0", True),
        ("graceful_node_shutdown", "v1.20.2", False),
        ("graceful_node_shutdown", "v1.29.0", True),
        ("fail_cgroup_v1_field", "v1.30.14", False),
        ("fail_cgroup_v1_field", "v1.31.0", True),
        ("conntrack_tool", "v1.31.14", True),
        ("conntrack_tool", "v1.32.0", False),
        ("nftables_feature_gate", "v1.29.0", True),
        ("nftables_feature_gate", "v1.31.0", False),
        ("master_role", "v1.20.2", True),
        ("master_role", "v1.29.0", False),
    ],
)
def test_kubernetes_on_both_sides_of_a_change(name: str, kubernetes: str, holds: bool) -> None:
    """The last release before a change and the first after it differ."""
    assert _gate(name, kubernetes=kubernetes) is holds


@pytest.mark.parametrize("minor", SUPPORTED)
def test_the_runtime_is_named_in_exactly_one_way(minor: str) -> None:
    """A kubelet gets the runtime's socket as a flag or as a field, whatever its release."""
    flag = _gate("container_runtime_flag", kubernetes=f"v{minor}.0")
    assert flag is not _gate("runtime_endpoint_field", kubernetes=f"v{minor}.0")


@pytest.mark.parametrize(
    ("etcd", "experimental", "gates"),
    [
        ("3.4.23", True, False), ("3.5.30", True, False), ("3.6.0", False, True),
        ("v3.7.0", False, True),
    ],
)  # fmt: skip
def test_etcd_renamed_its_experimental_flags(etcd: str, experimental: bool, gates: bool) -> None:
    """3.6 brought names without `experimental`, 3.7 took the old ones away."""
    assert _gate("etcd_experimental_flags", etcd=etcd) is experimental
    assert _gate("etcd_feature_gates", etcd=etcd) is gates


@pytest.mark.parametrize(
    ("containerd", "version_3", "bin_dirs"),
    [
        ("1.6.20", False, False), ("1.7.28", False, False), ("2.0.7", True, False),
        ("2.1.0", True, True),
    ],
)  # fmt: skip
def test_containerd_2_has_another_configuration(
    containerd: str, version_3: bool, bin_dirs: bool
) -> None:
    """Plugin names and the list of CNI folders follow containerd's own version."""
    assert _gate("containerd_config_v3", containerd=containerd) is version_3
    assert _gate("containerd_cni_bin_dirs", containerd=containerd) is bin_dirs


def test_a_suffix_does_not_matter() -> None:
    """A release candidate or a rebuilt binary has the flags of its release."""
    rebuilt = gates_for({**VERSIONS, "kubernetes": "v1.20.3-test"})
    assert rebuilt == gates_for({**VERSIONS, "kubernetes": "v1.20.3"})


def test_a_missing_component_is_an_error() -> None:
    """Nobody decides about a version that is not known."""
    with pytest.raises(KeyError, match="etcd"):
        gates_for({name: text for name, text in VERSIONS.items() if name != "etcd"})


@given(
    since=st.one_of(st.none(), st.tuples(st.integers(0, 9), st.integers(0, 40))),
    until=st.one_of(st.none(), st.tuples(st.integers(0, 9), st.integers(0, 40))),
    version=st.tuples(st.integers(0, 9), st.integers(0, 40), st.integers(0, 40)),
)
def test_a_span_includes_its_start_and_excludes_its_end(
    since: tuple[int, int] | None, until: tuple[int, int] | None, version: tuple[int, int, int]
) -> None:
    """`since` <= release < `until`, with either side open."""
    gate = Gate(
        "x", "etcd", "what", "https://example.com",
        since="{}.{}".format(*since) if since else None,
        until="{}.{}".format(*until) if until else None,
    )  # fmt: skip
    expected = (since is None or (*since, 0) <= version) and (
        until is None or version < (*until, 0)
    )
    assert gate.holds(Version(*version)) is expected


def test_every_supported_release_has_a_coredns() -> None:
    """The table of role coredns has a line for each minor release."""
    text = (Path(share("roles")) / "coredns" / "defaults.yaml").read_text()
    assert set(SUPPORTED) <= set(re.findall(r'^  "(\d+\.\d+)": v\d', text, re.MULTILINE))
