"""What containerd is told of registries and of the proxy, release by release."""

from __future__ import annotations

from pathlib import Path

import pytest

from kprov.model.resource import Resource
from tests.golden.golden import compare
from tests.golden.world import resources, world

HERE = Path(__file__).parent
CASES = {"containerd-1.6": "v1.20.2", "containerd-2.3": "v1.36.2"}
FOLDERS = ("/etc/containerd/", "/etc/kprov/")


def text(resource: Resource) -> str:
    """Path, mode, whether it is kept from plans; then the content, passwords included."""
    assert resource.content is not None
    expected = resource.expected or {}
    secret = " secret" if resource.content.secret else ""
    lines = resource.content.data.decode().splitlines()
    head = f"{resource.name} {expected['mode']} {expected['owner']}{secret}"
    return "\n".join([head, *(f"    | {line}".rstrip() for line in lines)])


@pytest.mark.parametrize("case", CASES)
def test_registries_and_proxy(case: str) -> None:
    """Files with passwords are for root alone and never in a plan."""
    overrides = [f"cluster.kubernetes={CASES[case]}"]
    its = world(HERE / "inventories" / "registries.yaml", overrides, {})
    found = [r for group in resources(its, "w1").values() for r in group]
    files = [r for r in found if r.kind == "file" and r.name.startswith(FOLDERS)]
    for file in files:
        if b"PASSWORD" in file.content.data or b"p%40ss" in file.content.data:  # type: ignore[union-attr]
            assert file.content.secret  # type: ignore[union-attr]
            assert (file.expected or {})["mode"] == "0600"
    compare(HERE / "runtime" / f"{case}.txt", "\n".join(map(text, files)) + "\n")
