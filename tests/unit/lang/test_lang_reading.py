"""Reading roles: everything wrong in a file at once, each with its line and a way out."""

from __future__ import annotations

import pytest

from kprov.lang.role import read_role
from kprov.lang.schema import KINDS
from kprov.model.errors import InputError, ProblemsError
from kprov.model.share import share
from tests.unit.lang.role_folder import RoleFolder, short


@pytest.mark.parametrize(
    ("text", "where", "what", "hint"),
    [
        ("- fiel: {path: /a}\n", "tasks.yaml:1", "unknown kind or keyword `fiel`", "`file`"),
        (
            "- file: {path: /a, content: x}\n  wen: x\n",
            "tasks.yaml:2", "unknown kind or keyword `wen`", "`when`",
        ),
        (
            "- file:\n    path: /a\n    contnet: x\n    content: y\n",
            "tasks.yaml:3", "unknown parameter of file `contnet`", "`content`",
        ),
        ("- link: {path: /a}\n", "tasks.yaml:1", "link needs `target`", ""),
        (
            "- link: {path: /a, target: /b}\n  module: {name: x}\n",
            "tasks.yaml:1", "exactly one kind, found link and module", "kinds:",
        ),
        ("- when: x\n", "tasks.yaml:1", "exactly one kind, found none", "kinds:"),
        ("- just words\n", "tasks.yaml:1", "found the text 'just words'", "kinds:"),
        ("- file: /a\n", "tasks.yaml:1", "`file` takes a mapping, found the text", ""),
        ("path: /a\n", "tasks.yaml:1", "expected a list of tasks, found a mapping", ""),
        ("", "tasks.yaml:1", "expected a list of tasks, found nothing", ""),
        ("- file: {path: /a\n", "tasks.yaml:", "YAML syntax", ""),
        ("- file:\n\tpath: /a\n", "tasks.yaml:2", "YAML syntax", "indent with spaces"),
        ("- command: {run: x}\n", "tasks.yaml:1", "command needs `unless` or `creates`", "'false'"),
        ("- file: {path: /a}\n", "tasks.yaml:1", "needs `template` or `content` or `absent`", ""),
        ("- manifest: {name: a}\n", "tasks.yaml:1", "needs `template` or `content`", ""),
        (
            "- module: {name: x}\n  when: [a, b]\n",
            "tasks.yaml:2", "`when` takes one expression, found a list", "`and`",
        ),
        ("- module: {name: x}\n  loop: 3\n", "tasks.yaml:2", "`loop` takes a list", ""),
        ("- module: {name: x}\n  as: [x]\n", "tasks.yaml:2", "`as` takes a short name", ""),
        (
            "- unit: {name: x}\n  restart_on: {a: b}\n",
            "tasks.yaml:2", "`restart_on` takes names or resource ids", "",
        ),
        ("- unit: {name: x}\n  restart_on: [1]\n", "tasks.yaml:2", "`restart_on` takes", ""),
        (
            "- module: {name: x}\n  restart_on: y\n",
            "tasks.yaml:2", "`restart_on` is for units, this is a module", "",
        ),
        (
            "- directory:\n    path: /a\n    mode: 0750\n",
            "tasks.yaml:3", "`mode` of directory takes an octal mode as text", 'mode: "0644"',
        ),
        ("- directory: {path: /a, mode: rwx}\n", "tasks.yaml:1", "takes an octal mode", ""),
        ("- unit: {name: x, running: 3}\n", "tasks.yaml:1", "takes true or false, found the", ""),
        (
            "- wait: {name: x, run: y, timeout: soon}\n",
            "tasks.yaml:1", "`timeout` of wait takes a whole number", "",
        ),
        ("- file: {path: [a], content: x}\n", "tasks.yaml:1", "takes text, found a list", ""),
        ("- file: {path: /a, content: }\n", "tasks.yaml:1", "takes text, found nothing", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_names_its_line(
    roles: RoleFolder, text: str, where: str, what: str, hint: str
) -> None:
    """One problem each: where, what was found, what was expected."""
    (problem,) = roles.problems(text)
    assert problem.where.startswith(where)
    assert what in problem.what
    assert hint in problem.hint


def test_all_problems_of_a_role_come_at_once(roles: RoleFolder) -> None:
    """In the order they are written, defaults.yaml included."""
    roles.write("mine/defaults.yaml", "- a\n")
    problems = roles.problems("- fiel: {path: /a}\n- link: {path: /b}\n- module: {nam: x}\n")
    assert [problem.where for problem in problems] == [
        "tasks.yaml:1", "tasks.yaml:2", "tasks.yaml:3", "tasks.yaml:3", "defaults.yaml:1",
    ]  # fmt: skip
    assert "expected variables with values, found a list" in problems[-1].what


def test_an_unknown_role_says_what_there_is_and_where_it_looked(roles: RoleFolder) -> None:
    """With a guess; folders without tasks are no roles."""
    roles.tasks("- module: {name: x}\n", role="monitoring")
    roles.write("monitorin/readme", "not a role")
    with pytest.raises(InputError) as caught:
        read_role("monitorign", (roles.root, share("roles")))
    problem = caught.value.problem
    assert problem.what == "there is no role `monitorign`"
    assert "did you mean `monitoring`?" in problem.hint
    assert str(roles.root) in problem.hint


def test_a_folder_without_tasks_is_no_role(roles: RoleFolder) -> None:
    """Found, but unusable: not silently passed over for the shipped one."""
    roles.write("mine/readme", "")
    with pytest.raises(InputError, match=r"role `mine` has no tasks\.yaml"):
        roles.read()


def test_files_that_cannot_be_read(roles: RoleFolder) -> None:
    """No text, or no right to read it."""
    roles.tasks("").write_bytes(b"- file: \xff\xfe")
    with pytest.raises(ProblemsError) as caught:
        roles.read()
    assert "UTF-8" in short(caught.value.problems[0]).what
    (roles.root / "other").mkdir()
    (roles.root / "other" / "tasks.yaml").symlink_to(roles.root / "nowhere")
    with pytest.raises(InputError, match=r"no tasks\.yaml"):
        roles.read("other")


def test_the_first_folder_wins(roles: RoleFolder) -> None:
    """A role beside the inventory replaces the shipped one of that name as a whole."""
    roles.tasks("- module: {name: mine}\n", role="etcd")
    role = read_role("etcd", (roles.root, share("roles")))
    assert [task.params["name"] for task in role.tasks] == ["mine"]
    assert role.defaults == {}
    assert read_role("kubelet", (roles.root, share("roles"))).folder == share("roles") / "kubelet"


def test_texts_stay_as_written(roles: RoleFolder) -> None:
    """YAML would make a number of a version, and True of true."""
    (task,) = roles.tasks("- sysctl: {name: a, value: 1.30}\n") and roles.read().tasks
    assert task.params["value"] == "1.30"
    (task,) = roles.tasks("- file: {path: /a, content: true}\n") and roles.read().tasks
    assert task.params["content"] == "true"


@pytest.mark.parametrize("name", sorted(path.name for path in share("roles").iterdir()))
def test_shipped_roles_are_well_formed(name: str) -> None:
    """Each can be read by itself and uses known kinds only."""
    role = read_role(name, (share("roles"),))
    assert role.tasks
    assert {task.kind for task in role.tasks} <= set(KINDS)
