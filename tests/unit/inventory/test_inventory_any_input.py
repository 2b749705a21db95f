"""Whatever people write, they get an inventory or problems, never a traceback."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kprov.inventory import load
from kprov.inventory.connection_vars import NAMES
from kprov.model.cluster import ClusterSpec
from kprov.model.errors import InputError

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 70000)
    | st.floats()
    | st.sampled_from(
        ["", "cp1", "10.0.0.0/8", "{{ x }}", "{{", "{% if %}", "v1.36.2", "a:6443", "containerd"]
    )
    | st.text(max_size=4)
)
WORDS = """
hosts children vars all cluster etcd kube_control_plane kube_node cp1 w[1:3] bastion _meta hostvars
plugin ip archive extra_args pods services node_mask after kube_version loadbalancer_apiserver
container_manager dns_mode
"""
KEYS = st.sampled_from([*WORDS.split(), *NAMES, *ClusterSpec.model_fields]) | st.text(max_size=3)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=25,
)
GROUP = st.fixed_dictionaries({"hosts": st.dictionaries(KEYS, VALUES, max_size=3), "vars": VALUES})


def tried(name: str, text: str, *overrides: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, name)
        file.write_text(text, encoding="utf-8", errors="replace")
        with contextlib.suppress(InputError):
            load(file, overrides=overrides, environ={})


@settings(max_examples=150, deadline=None)
@given(cluster=VALUES, planes=VALUES | GROUP, rest=st.dictionaries(KEYS, VALUES, max_size=4))
@example(cluster={"roles": {"after": {"control": None}}}, planes={}, rest={})
def test_any_yaml(cluster: object, planes: object, rest: dict[str, object]) -> None:
    """Any structure with the words of an inventory in it."""
    inventory = {**rest, "cluster": cluster, "kube_control_plane": planes}
    tried("inv.yaml", yaml.safe_dump(inventory, sort_keys=False))


@settings(deadline=None)
@given(st.lists(st.sampled_from([*'[]{}:=#;"\\\n\n  ', "cp1", "[a]", "[a:vars]", "[a:children]"])))
def test_any_ini(parts: list[str]) -> None:
    """Any line noise in an INI file."""
    tried("inv.ini", "".join(parts))


@settings(deadline=None)
@given(st.text(max_size=30), st.lists(st.sampled_from([*"={}:@.[] '\"", "cluster", "name", "1"])))
def test_any_text_and_any_override(text: str, parts: list[str]) -> None:
    """Any text as an inventory, any text as `-e`."""
    tried("hosts", text, "".join(parts))
