"""Manifests: what is read as which object, in which order it is applied, what is refused."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kprov.core.kube_objects import in_order, labelled, manifest_text, own_kinds, read_objects
from kprov.model.errors import InputError, Location

WHERE = Location("m.yaml")


def one(kind: str, name: str = "x", version: str = "v1", **more: object) -> str:
    body = {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **more}
    return f"---\n{yaml.safe_dump(body)}"


def crd(scope: str = "Namespaced") -> str:
    spec = {"group": "example.com", "names": {"kind": "Widget"}, "scope": scope}
    version = "apiextensions.k8s.io/v1"
    return one("CustomResourceDefinition", "widgets.example.com", version, spec=spec)


def test_namespaces_and_definitions_come_first_webhooks_last() -> None:
    """Whatever the order in the file; what is alike stays as it was written."""
    hook = one("ValidatingWebhookConfiguration", "h", "admissionregistration.k8s.io/v1")
    text = (
        hook + one("Widget", "w", "example.com/v1") + one("ConfigMap", "b") + one("ConfigMap", "a")
        + crd() + one("Namespace", "n") + one("ServiceAccount", "s")
    )  # fmt: skip
    names = [its.name for its in in_order(read_objects(text, WHERE))]
    assert names == ["n", "widgets.example.com", "s", "b", "a", "w", "h"]


def test_the_namespace_is_for_those_that_live_in_one() -> None:
    """Not for cluster-wide kinds, nor where another is named; definitions tell of their kinds."""
    text = one("ConfigMap") + one("ClusterRole", "r", "rbac.authorization.k8s.io/v1")
    text += "---\napiVersion: v1\nkind: Secret\nmetadata: {name: y, namespace: z}\n"
    assert [its.namespace for its in read_objects(text, WHERE, namespace="a")] == ["a", "", "z"]
    for scope, expected in (("Cluster", ""), ("Namespaced", "a")):
        text = one("Widget", "w", "example.com/v1") + crd(scope)
        widget, _ = read_objects(text, WHERE, namespace="a")
        assert widget.namespace == expected
    assert own_kinds(read_objects(crd(), WHERE)) == {("example.com", "Widget")}


def test_lists_stand_for_their_items() -> None:
    """As kubectl takes them; a document keeps its number."""
    items = [yaml.safe_load(one("ConfigMap", name)) for name in "ab"]
    text = f"---\n---\n{yaml.safe_dump({'apiVersion': 'v1', 'kind': 'List', 'items': items})}"
    assert [(its.name, its.document) for its in read_objects(text, WHERE)] == [("a", 2), ("b", 2)]


def test_yaml_is_read_as_kubernetes_reads_it() -> None:
    """Not as YAML 1.1 has it: no dates, no times as numbers."""
    data = 'data: {a: 2020-01-01, b: 22:22, c: =, d: 1e3, e: 0x10, f: "y"}'
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\n{data}\n"
    (found,) = read_objects(text, WHERE)
    values = {"a": "2020-01-01", "b": "22:22", "c": "=", "d": 1000.0, "e": 16, "f": "y"}
    assert found.body["data"] == values
    assert b'f: "y"' in manifest_text([found]) or b"f: 'y'" in manifest_text([found])


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(VALUES)
def test_what_is_written_is_read_again(value: object) -> None:
    """Any data, and the digest with it."""
    (given_object,) = read_objects(one("ConfigMap"), WHERE)
    its = labelled(given_object, "m")
    its = type(its)("v1", "ConfigMap", "default", "x", {**its.body, "data": value})
    (again,) = read_objects(manifest_text([its]), WHERE)
    assert again.body == its.body
    assert again.digest == its.digest


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (one("A") + "---\na: [\n", "document 2 is not YAML"),
        (one("A") + "---\nkind: A\nmetadata: {name: x}\n", "document 2: a Kubernetes object needs"),
        (one("A") + "---\napiVersion: v1\nmetadata: {name: x}\n", "needs `kind`"),
        (one("A") + "---\njust text\n", "document 2: a Kubernetes object is a mapping"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {generateName: x-}\n", "needs `metadata.name`"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: a b}\n", "needs `metadata.name`"),
        (one("A") + one("A"), "document 2: A default/x is in document 1 already"),
    ],
)
def test_what_is_no_object_is_named(text: str, what: str) -> None:
    """With the file and the document."""
    with pytest.raises(InputError) as caught:
        read_objects(text, WHERE)
    assert caught.value.problem.where == "m.yaml"
    assert what in caught.value.problem.what
