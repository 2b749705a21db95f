"""Bodies against the published schema: unknown fields, wrong types and unknown enum values.

The schema is the SDK's own, generated from Microsoft's specification of api-version 2026-08-01.
Read-only fields are ignored when sent, as the resource provider contract wants
(https://github.com/Azure/azure-resource-manager-rpc/blob/master/v1.0/resource-api-reference.md).
"""

from __future__ import annotations

import enum
import functools
import types
import typing
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from azure.mgmt.containerservice import models

from tests.azure.arm_errors import Refusal
from tests.azure.exchange import Json

_SCALARS: Mapping[type, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    float: (int, float),
    bool: (bool,),
    bytes: (str,),
    datetime: (str,),
    date: (str,),
    time: (str,),
}


@functools.cache
def _fields(model: Any) -> dict[str, tuple[Any, bool]]:
    """Wire name to type and whether it is read-only."""
    model()  # the SDK fills its tables with the first instance
    hints = typing.get_type_hints(model, vars(models) | {"_models": models})
    return {
        field._rest_name: (hints[name], field._visibility == ["read"])
        for name, field in model._attr_to_rest_field.items()
    }


def accepted(model_name: str, sent: Json, *, strict: bool = True) -> Json:
    """The body without its read-only fields; a refusal when it does not fit the model.

    Without `strict`, enums may have values that they had once.
    """
    return _model(getattr(models, model_name), sent, "", strict=strict)


def _model(model: Any, sent: Any, path: str, *, strict: bool) -> Json:
    if not isinstance(sent, dict):
        raise _misfit(path, sent, "object")
    fields = _fields(model)
    kept: Json = {}
    for name, value in sent.items():
        if name not in fields:
            raise Refusal(
                400,
                "UnmarshalError",
                f'UnmarshalEntity encountered error: json: unknown field "{name}".',
                target=_join(path, name),
            )
        kind, read_only = fields[name]
        if not read_only:
            kept[name] = _value(kind, value, _join(path, name), strict=strict)
    return kept


def _value(kind: Any, sent: Any, path: str, *, strict: bool) -> Any:
    if sent is None:
        return None
    choices = [each for each in _choices(kind) if each is not type(None)]
    enums = [each for each in choices if isinstance(each, type) and issubclass(each, enum.Enum)]
    if enums:
        return _enum(enums[0], sent, path) if strict else sent
    kind = choices[0]
    origin = typing.get_origin(kind)
    if origin is list:
        if not isinstance(sent, list):
            raise _misfit(path, sent, "array")
        inner = typing.get_args(kind)[0]
        return [_value(inner, item, path, strict=strict) for item in sent]
    if origin is dict:
        if not isinstance(sent, dict):
            raise _misfit(path, sent, "map")
        inner = typing.get_args(kind)[1]
        return {k: _value(inner, v, _join(path, k), strict=strict) for k, v in sent.items()}
    if hasattr(kind, "_attr_to_rest_field"):
        return _model(kind, sent, path, strict=strict)
    return _scalar(kind, sent, path)


def _choices(kind: Any) -> tuple[Any, ...]:
    if typing.get_origin(kind) in {typing.Union, types.UnionType}:
        return tuple(typing.get_args(kind))
    return (kind,)


def _scalar(kind: Any, sent: Any, path: str) -> Any:
    allowed = _SCALARS.get(kind)
    if allowed is None:
        return sent
    if not isinstance(sent, allowed) or (isinstance(sent, bool) and kind is not bool):
        raise _misfit(path, sent, kind.__name__)
    return sent


def _enum(kind: type[enum.Enum], sent: Any, path: str) -> Any:
    """Enum values are compared without regard to case and come back as the service spells them."""
    for member in kind:
        if isinstance(sent, str) and member.value.lower() == sent.lower():
            return member.value
    listed = ", ".join(str(member.value) for member in kind)
    raise Refusal.invalid_parameter(
        path,
        f"The value of parameter {path} is invalid: {sent!r}. Allowed values: {listed}. "
        "Please see https://aka.ms/aks-naming-rules for more details.",
    )


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _misfit(path: str, sent: Any, expected: str) -> Refusal:
    return Refusal(
        400,
        "UnmarshalError",
        f"UnmarshalEntity encountered error: json: cannot unmarshal {type(sent).__name__} into "
        f"field {path} of type {expected}.",
        target=path,
    )
