"""Templates: what is wrong in them is reported with the template's own line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kprov.engine.values import Node
from kprov.model.cluster import ClusterSpec
from tests.unit.lang.role_folder import RoleFolder

TASK = "- module: {name: x}\n- file: {path: /a, template: a.j2}\n"


@pytest.mark.parametrize(
    ("text", "where", "what", "hint"),
    [
        ("1\n{{ clustr.name }}\n", "a.j2:2", "`clustr` is not defined", "did you mean `cluster`?"),
        (
            "{{ cluster.netwrk.pods }}", "a.j2:1", "this ClusterSpec has no `netwrk`",
            "did you mean `network`?",
        ),
        ("\n\n{{ node.adress }}", "a.j2:3", "this Node has no `adress`", "`address`"),
        ("{{ words.b }}", "a.j2:1", "this mapping has no `b`", "known: a"),
        ("{{ list[7] }}", "a.j2:1", "this list of 1 has no `7`", ""),
        ("1\n2\n{% if x %}\n", "a.j2:3", "template syntax", ""),
        ("1\n{{ 1 + }}\n", "a.j2:2", "template syntax", ""),
        ("1\n{{ 'a' | nope }}\n", "a.j2:2", "No filter named 'nope'", ""),
        ("1\n{{ 1 + 'a' }}\n", "a.j2:2", "TypeError: unsupported operand", ""),
        ("1\n{{ 1 // 0 }}\n", "a.j2:2", "ZeroDivisionError", ""),
        ("1\n{% include 'b.j2' %}\n", "a.j2:2", "no template `b.j2`", "expected at"),
        ("1\n{% import 'm.j2' as m %}\n{{ m.f() }}", "m.j2:2", "`nope` is not defined", ""),
        ("{% import 'm.j2' as m %}\n{{ m.g() }}", "a.j2:2", "has no `g`", ""),
        ("1\n{% import 'broken.j2' as m %}\n", "broken.j2:2", "template syntax", ""),
        ("1\n{% import 'shared.j2' as m %}\n{{ m.f() }}", "shared.j2:3", "`nope` is not", ""),
        ("1\n{{ undefined_function() }}\n", "a.j2:2", "`undefined_function` is not defined", ""),
        ("1\n{% for x in cluster.imges %}{% endfor %}", "a.j2:2", "has no `imges`", "`images`"),
        ("{% macro f() %}{{ f() }}{% endmacro %}\n{{ f() }}", "a.j2:", "RecursionError", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_names_the_templates_line(
    roles: RoleFolder, text: str, where: str, what: str, hint: str
) -> None:
    """File, line, what was found, what was meant."""
    roles.write("mine/templates/a.j2", text)
    roles.write("mine/templates/m.j2", "{% macro f() %}\n{{ nope }}\n{% endmacro %}\n")
    roles.write("mine/templates/broken.j2", "1\n{% if %}\n")
    roles.write("shared/shared.j2", "\n{% macro f() %}\n{{ nope }}\n{% endmacro %}\n")
    problem = roles.problem(
        TASK, cluster=ClusterSpec(), node=Node("n", "192.0.2.1", ""), words={"a": 1}, list=[1]
    )
    assert problem.where.startswith(where)
    assert what in problem.what
    assert hint in problem.hint


def test_a_template_that_is_not_there(roles: RoleFolder) -> None:
    """The task's line, and where it should be."""
    problem = roles.problem(TASK)
    assert (problem.where, problem.what) == ("tasks.yaml:2", "no template `a.j2`")
    assert problem.hint == f"expected at {roles.root / 'mine/templates/a.j2'}"


@pytest.mark.parametrize("name", ["../tasks.yaml", "/etc/passwd"])
def test_a_template_stays_in_its_folder(roles: RoleFolder, name: str) -> None:
    """A path that leads out finds nothing."""
    problem = roles.problem(f"- file: {{path: /a, template: {name}}}\n")
    assert problem.what == f"no template `{name}`"


def test_a_template_that_is_no_text(roles: RoleFolder) -> None:
    """Binary files are not templates."""
    roles.write("mine/templates/a.j2", "").write_bytes(b"\xff\xfe\x00")
    assert "UnicodeDecodeError" in roles.problem(TASK).what


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("- module: {name: '{{ nme }}'}\n", "`nme` is not defined", "`name`"),
        ("- module: {name: x}\n  when: nme\n", "`nme` is not defined", "`name`"),
        ("- module: {name: x}\n  when: not nme\n", "`nme` is not defined", "`name`"),
        ("- module: {name: x}\n  when: words.b\n", "this mapping has no `b`", "known: a"),
        ("- module: {name: x}\n  loop: nme\n", "`nme` is not defined", "`name`"),
        ("- module: {name: x}\n  when: name ==\n", "template syntax", ""),
        ("- module: {name: x}\n  when: 1 + 'a'\n", "TypeError", ""),
        ("- module: {name: '{{ x'}\n", "template syntax", ""),
        ("- file: {path: /a, content: '{{ words.b }}'}\n", "this mapping has no `b`", "known: a"),
    ],
)
def test_what_is_wrong_in_a_task_names_the_tasks_line(
    roles: RoleFolder, text: str, what: str, hint: str
) -> None:
    """Undefined names in every place that may hold an expression."""
    problem = roles.problem("# comment\n" + text, name="x", words={"a": 1})
    assert problem.where == "tasks.yaml:2"
    assert what in problem.what
    assert hint in problem.hint


def test_what_may_be_undefined_can_be_asked(roles: RoleFolder) -> None:
    """`is defined` and `default` work on names, members and items."""
    text = "{{ a is defined }} {{ a | default(1) }} {{ w.b | default(2) }} {{ w.b is defined }}"
    roles.write("mine/templates/a.j2", text)
    _, file = roles.expand(TASK, facts={}, w={})
    assert file.content is not None
    assert file.content.data == b"False 1 2 False"


def test_the_roles_template_wins_over_the_shared_one(roles: RoleFolder) -> None:
    """Of the same name."""
    roles.write("shared/a.j2", "shared")
    (_, shared) = roles.expand(TASK, facts={})
    roles.write("mine/templates/a.j2", "mine")
    (_, mine) = roles.expand(TASK, facts={})
    assert [its.content and its.content.data for its in (shared, mine)] == [b"shared", b"mine"]


def test_values_are_not_templates_themselves(roles: RoleFolder, tmp_path: Path) -> None:
    """What a variable holds is put in as it is: braces in it do nothing."""
    made = roles.expand("- file: {path: /a, content: '{{ x }}'}\n", facts={}, x="{{ 1 + 1 }}")
    assert made[0].content is not None
    assert made[0].content.data == b"{{ 1 + 1 }}"
