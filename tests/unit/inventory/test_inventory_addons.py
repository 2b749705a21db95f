"""Add-ons and tenants in an inventory: what is refused, where, and what to do instead."""

from __future__ import annotations

import pytest
from inventory_folder import HOSTS, Folder


def problem(folder: Folder, *lines: str) -> str:
    """The only problem of a spec; its lines begin at 2."""
    text = "".join(f"  {line}\n" for line in lines)
    return folder.problem(f"cluster:\n{text}{HOSTS}")


@pytest.mark.parametrize(
    ("lines", "line", "words"),
    [
        (["addons: [{name: metric-server}]"], 2, "did you mean 'metrics-server'"),
        (["addons:", "- {name: a, manifest: web.yml}"], 3, "did you mean 'web.yaml'"),
        (["addons:", "- {name: a, manifest: web.yaml}", "- {name: a, manifest: web.yaml}"], 4,
         "two addons have the name a"),
        (["addons: [{name: coredns, manifest: web.yaml}]"], 2, "taken by a role"),
        (["addons: [{name: a, manifest: 'http://example.com/m.yaml'}]"], 2, "`sha256` is not said"),
        (["addons: [{name: A, manifest: web.yaml}]"], 2, "lower-case letters"),
        (["tenants:", "- {name: a, isolate: false}", "- {name: a, isolate: false}"], 4,
         "two tenants have the name a"),
        (["tenants: [{name: kube-system, isolate: false}]"], 2, "Kubernetes' own namespaces"),
        (["tenants: [{name: Team_A, isolate: false}]"], 2, "no name of a namespace"),
        (["tenants:", "- name: a", "  isolate: false", "  quota: {memory: 8Gb}"], 5,
         "'8Gb' is not a quantity"),
        (["tenants:", "- name: a", "  isolate: false", "  quota: {cpu: lots}"], 5,
         "'lots' is not a quantity"),
        (["tenants:", "- name: a", "  isolate: true"], 4, "nothing enforces NetworkPolicies"),
        (["tenants:", "- name: a"], 3, "say `isolate: false`"),
    ],
)  # fmt: skip
def test_bad_input(folder: Folder, lines: list[str], line: int, words: str) -> None:
    """At its line, with a way out."""
    folder.write("web.yaml", "")
    found = problem(folder, *lines)
    assert f":{line}: " in found
    assert words in found


@pytest.mark.parametrize(
    "addon",
    [
        "{name: calico, manifest: web.yaml}",
        "{name: mine, manifest: web.yaml, provides: [network-policy]}",
    ],
)
def test_walls_where_something_enforces_them(folder: Folder, addon: str) -> None:
    """An add-on that is known for it, or says so."""
    folder.write("web.yaml", "")
    spec = f"cluster:\n  addons: [{addon}]\n  tenants: [{{name: a}}]\n"
    folder.write("inv.yaml", spec + HOSTS)
    assert folder.load("inv.yaml").cluster.tenants[0].isolate


def test_recipes_beside_the_inventory(folder: Folder) -> None:
    """Like roles: one's own wins, and one that is wrong is named."""
    folder.write("addons/mine/addon.yaml", "values: {a: 1}\n")
    folder.write("inv.yaml", f"cluster:\n  addons: [{{name: mine}}]\n{HOSTS}")
    assert folder.load("inv.yaml").cluster.addons[0].name == "mine"
    folder.write("addons/mine/addon.yaml", "valeus: {a: 1}\n")
    (found,) = folder.problems_of("inv.yaml")
    assert "addons/mine/addon.yaml" in found
    assert "`valeus`" in found
