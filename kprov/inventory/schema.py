"""The JSON Schema of an inventory file, for editors: completion, hints, red lines."""

from __future__ import annotations

from typing import Any

from kprov.inventory import connection_vars
from kprov.inventory.connection_vars import ConnectionVariable
from kprov.inventory.node_vars import schema_of_variables
from kprov.model.cluster import ClusterSpec
from kprov.model.failover import FailoverSpec

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEMPLATE: Schema = {"type": "string", "pattern": r"\{[{%]"}
_KINDS: dict[str, Schema] = {
    "text": {"type": "string"},
    "secret": {"type": ["string", "integer"]},
    "port": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 65535}, _TEMPLATE]},
    "boolean": {
        "anyOf": [{"type": "boolean"}, {"enum": ["yes", "no", "true", "false"]}, _TEMPLATE]
    },
    "seconds": {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, _TEMPLATE]},
}
_ANNOTATIONS = ("description", "title", "default")
_GROUPS = {
    "all": "Every host; variables here are everybody's.",
    "kube_control_plane": "Hosts of kube-apiserver, controller-manager and scheduler.",
    "kube_node": "Hosts where ordinary pods run.",
    "etcd": "Members of etcd, an odd number; without this group the control planes are.",
    "k8s_cluster": "Control planes and nodes together: variables for the whole cluster.",
    "bastion": "A host through which all others are reached.",
}


def json_schema() -> Schema:
    """The JSON Schema (2020-12) of a YAML inventory: the cluster spec, groups, hosts, variables."""
    cluster, failover = ClusterSpec.model_json_schema(), FailoverSpec.model_json_schema()
    definitions = {**cluster.pop("$defs", {}), **failover.pop("$defs", {})}
    cluster["description"] = "The cluster: version, networks, components."
    return {
        "$schema": _DIALECT,
        "title": "kprov inventory",
        "description": "Hosts and groups as in Ansible, and the cluster spec beside them.",
        "type": "object",
        "properties": {
            "cluster": _or_nothing(_reference("ClusterSpec")),
            "clusters": {
                "description": "Several managed clusters; each is laid over `cluster`.",
                "type": "array",
                "items": _reference("ClusterSpec"),
            },
            "failover": _reference("FailoverSpec"),
        }
        | _named_groups(),
        "additionalProperties": _reference("Group"),
        "$defs": {
            **_lenient(definitions),
            "ClusterSpec": _lenient_model(cluster),
            "FailoverSpec": _lenient_model(failover),
            "Group": _group(),
            "Variables": _variables(),
        },
    }


def _reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _or_nothing(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _named_groups() -> Schema:
    return {
        name: {"description": meaning, **_reference("Group")} for name, meaning in _GROUPS.items()
    }


def _group() -> Schema:
    return {
        "description": "A group of hosts.",
        "type": ["object", "null"],
        "properties": {
            "hosts": {
                "description": "Host names, ranges such as cp[1:3] included, and their variables.",
                "type": ["object", "string", "null"],
                "additionalProperties": _reference("Variables"),
            },
            "children": {
                "description": "Groups inside this one.",
                "type": ["object", "string", "null"],
                "properties": _named_groups(),
                "additionalProperties": _reference("Group"),
            },
            "vars": {"description": "Variables of all its hosts.", **_reference("Variables")},
        },
        "additionalProperties": False,
    }


def _variables() -> Schema:
    return {
        "description": "Variables: how to connect, what a node has, and whatever your roles use.",
        "type": ["object", "null"],
        "properties": {
            name: _variable(variable) for variable in connection_vars.ALL for name in variable.names
        }
        | schema_of_variables(),
        "additionalProperties": True,
    }


def _variable(variable: ConnectionVariable) -> Schema:
    return {"description": variable.meaning, **_KINDS[variable.kind]}


def _lenient(definitions: Schema) -> Schema:
    """Fields may be left without a value, as the loader allows; `local` may not."""
    return {name: _lenient_model(schema) for name, schema in definitions.items()}


def _lenient_model(schema: Schema) -> Schema:
    fields = {
        name: _something(field) if name == "local" else _or_nothing_too(field)
        for name, field in schema.get("properties", {}).items()
    }
    return {**schema, "properties": fields}


def _something(field: Schema) -> Schema:
    options = [option for option in field["anyOf"] if option.get("type") != "null"]
    return {**field, "anyOf": options}


def _or_nothing_too(field: Schema) -> Schema:
    kept: Schema = {key: field[key] for key in _ANNOTATIONS if key in field}
    inner = {key: value for key, value in field.items() if key not in kept}
    if any(option.get("type") == "null" for option in inner.get("anyOf", ())):
        return field
    return {**kept, **_or_nothing(inner)}
