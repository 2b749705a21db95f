"""`kprov schema`: what editors are told agrees with what the loader accepts."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml
from inventory_folder import HOSTS

from kprov.inventory import json_schema, load, scaffold
from kprov.inventory.connection_vars import NAMES
from kprov.inventory.node_vars import MEANINGS
from kprov.model.cluster import ClusterSpec

INVENTORIES = sorted((Path(__file__).parents[3] / "inventories").glob("*.yaml"))
SCHEMA = json_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_it_is_a_valid_schema() -> None:
    """It follows the dialect it names."""
    VALIDATOR.check_schema(SCHEMA)


@pytest.mark.parametrize("path", INVENTORIES, ids=lambda path: path.name)
def test_every_shipped_inventory_is_valid_and_loads(path: Path) -> None:
    """The examples load without a problem or warning, and the schema accepts them."""
    VALIDATOR.validate(yaml.safe_load(path.read_text("utf-8")))
    inventory = load(path, environ={})
    assert inventory.warnings == ()
    assert inventory.name == path.stem


def test_the_examples_that_others_rely_on_are_there() -> None:
    """Names and addresses used by the demo and the end-to-end tests."""
    assert {"local", "local-workers", "production", "vagrant"} <= {
        path.stem for path in INVENTORIES
    }
    local = load(INVENTORIES[0].parent / "local.yaml", environ={})
    assert [(host.name, host.connection.address) for host in local.hosts] == [("n1", "10.98.0.11")]
    assert local.cluster.local is not None
    assert local.host("n1").is_schedulable


@pytest.mark.parametrize(
    "text",
    [
        "cluster: {kubernets: v1}",
        "cluster: {network: {node_mask: big}}",
        "cluster: {network: {cni: calico}}",
        "cluster: {local: }",
        "all: {host: {}}",
        "all: [a]",
        "all: {vars: {ansible_port: x}}",
        "all: {vars: {ansible_become: [a]}}",
        "all: {children: {a: {children: {b: {hots: {}}}}}}",
    ],
)
def test_it_refuses_what_the_loader_refuses(text: str) -> None:
    """Slips get a red line in the editor."""
    assert not VALIDATOR.is_valid(yaml.safe_load(text))


@pytest.mark.parametrize(
    "text",
    [
        HOSTS,
        scaffold(),
        "cluster:\n  network:\n  kubelet:\nall:",
        "all: {vars: {ansible_port: '{{ port }}', mine: [1, {a: b}]}, hosts: {a: , 'b[1:3]': {}}}",
        "kube_node: {children: {racks: {hosts: one}}}",
        "cluster: {kube_apiserver: {extra_args: {v: 2, a: true}}, roles: {after: {control: [r]}}}",
    ],
)
def test_it_accepts_what_the_loader_accepts(text: str) -> None:
    """No red line under what works."""
    VALIDATOR.validate(yaml.safe_load(text))


def test_every_field_and_connection_variable_is_there() -> None:
    """Editors complete all fields of the spec and all connection variables, with their meaning."""
    assert set(SCHEMA["$defs"]["ClusterSpec"]["properties"]) == set(ClusterSpec.model_fields)
    variables = SCHEMA["$defs"]["Variables"]["properties"]
    assert set(variables) == {*NAMES, *MEANINGS}
    assert all(variable["description"] for variable in variables.values())
