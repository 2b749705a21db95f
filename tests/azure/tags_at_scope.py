"""Tags of a group or a cluster by the Tags API, which can merge and delete single ones.

Source: https://learn.microsoft.com/rest/api/resources/tags (at scope)
"""

from __future__ import annotations

from collections.abc import Callable

from tests.azure import clusters
from tests.azure.arm import Call, Route
from tests.azure.arm_errors import Refusal
from tests.azure.exchange import Response
from tests.azure.tag_rules import check_tags


def _tag_owner(call: Call) -> tuple[dict[str, str], Callable[[dict[str, str]], None]]:
    """The tags of a group or of a cluster, and how to set them."""
    if "name" in call.params:
        cluster = call.subscription.cluster(call["group"], call["name"])

        def save(tags: dict[str, str]) -> None:
            clusters.set_tags(call, cluster, tags)

        return dict(cluster.body.get("tags") or {}), save
    group = call.subscription.group(call["group"])

    def save_group(tags: dict[str, str]) -> None:
        group.tags = tags

    return dict(group.tags), save_group


def _tags(call: Call, tags: dict[str, str]) -> Response:
    body = {
        "id": call.request.path,
        "name": "default",
        "type": "Microsoft.Resources/tags",
        "properties": {"tags": tags},
    }
    return Response(200, body)


def get_tags(call: Call) -> Response:
    """Tags at a scope."""
    return _tags(call, _tag_owner(call)[0])


def patch_tags(call: Call) -> Response:
    """Merge, replace or delete tags at a scope."""
    before, save = _tag_owner(call)
    sent = call.request.json()
    given = dict((sent.get("properties") or {}).get("tags") or {})
    match sent.get("operation"):
        case "Merge":
            after = before | given
        case "Replace":
            after = given
        case "Delete":
            after = {k: v for k, v in before.items() if k not in given}
        case other:
            raise Refusal.invalid_request(f"The operation '{other}' is invalid.")
    check_tags(after)
    save(after)
    return _tags(call, after)


def put_tags(call: Call) -> Response:
    """Replace all tags at a scope."""
    given = dict((call.request.json().get("properties") or {}).get("tags") or {})
    check_tags(given)
    _tag_owner(call)[1](given)
    return _tags(call, given)


def _at(path: str) -> list[Route]:
    tags = path + "/providers/Microsoft.Resources/tags/default"
    return [
        Route("GET", tags, "Microsoft.Resources/tags/read", get_tags),
        Route("PATCH", tags, "Microsoft.Resources/tags/write", patch_tags),
        Route("PUT", tags, "Microsoft.Resources/tags/write", put_tags),
    ]


_GROUP = "/resourceGroups/{group}"
_CLUSTER = _GROUP + "/providers/Microsoft.ContainerService/managedClusters/{name}"
ROUTES = [*_at(_GROUP), *_at(_CLUSTER)]
