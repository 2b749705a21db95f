"""From tasks to resources: variables, guards, loops, aliases, ids."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kprov.lang.pending import Pending
from kprov.model.errors import InputError
from kprov.model.resource import Resource
from tests.unit.lang.role_folder import RoleFolder


def ids(resources: tuple[Resource, ...]) -> list[str]:
    return [resource.id for resource in resources]


GUARDED = """\
- module: {name: always}
- module: {name: v1}
  when: facts.cgroup == 'v1'
- module: {name: not-v1}
  when: facts.cgroup != 'v1'
- module: {name: never}
  when: cluster == 'x' and facts.cgroup == 'v1'
- module: {name: sure}
  when: cluster == 'y' or facts.cgroup == 'v1'
- module: {name: literally}
  when: false
"""


class TestGuards:
    """`when` is true, false, or not known yet."""

    def test_what_is_not_known_yet_counts_as_wanted(self, roles: RoleFolder) -> None:
        """So the look asks for it; what the inventory alone decides is decided."""
        made = roles.expand(GUARDED, cluster="y")
        assert ids(made) == ["module:always", "module:v1", "module:not-v1", "module:sure"]

    def test_facts_decide(self, roles: RoleFolder) -> None:
        """And what is made then was asked for before."""
        made = roles.expand(GUARDED, facts={"cgroup": "v2"}, cluster="y")
        assert ids(made) == ["module:always", "module:not-v1", "module:sure"]
        assert set(ids(made)) <= set(ids(roles.expand(GUARDED, cluster="y")))

    @pytest.mark.parametrize(
        "use",
        ["facts.x", "facts['x']", "facts.x is defined", "'a' in facts.tools", "not facts.x",
         "facts", "facts.x | default(1)", "address ~ 'x'", "address + 'x'", "'x' + address",
         "address < 3", "'%s' % address", "address | tojson", "[address] | tojson", "address | int",
         "address | upper", "address == '1'", "address.split('.')[0]", "{'a': address} | yaml",
         "'{}'.format(address)"],
    )  # fmt: skip
    def test_any_use_of_what_is_pending_is_noticed(self, roles: RoleFolder, use: str) -> None:
        """Whatever a template does with it: wanted, never an error and never a guess."""
        text = f'- module: {{name: x}}\n  when: "{use}"\n'
        assert ids(roles.expand(text, address=Pending("the address"))) == ["module:x"]

    def test_facts_that_nobody_looked_at_are_an_error_after_the_look(
        self, roles: RoleFolder
    ) -> None:
        """The address of a host that --limit left out, say."""
        problem = roles.problem(
            "- module: {name: x}\n  when: other.startswith('1')\n",
            other=Pending("the address of cp2"),
        )
        assert problem.where == "tasks.yaml:1"
        assert "the address of cp2" in problem.what
        assert "ip: ADDRESS" in problem.hint


class TestVariables:
    """Defaults, host variables, kprov's own words."""

    TEXT = '- sysctl: {name: a, value: "{{ depth }}"}\n'

    def test_host_variables_win_over_defaults(self, roles: RoleFolder) -> None:
        """As in Ansible."""
        roles.write("mine/defaults.yaml", "depth: 1\n")
        assert roles.expand(self.TEXT)[0].expected == {"value": "1"}
        assert roles.expand(self.TEXT, host_vars={"depth": 2})[0].expected == {"value": "2"}

    def test_kprovs_own_words_cannot_be_taken(self, roles: RoleFolder) -> None:
        """A host variable called `cluster` does not hide the cluster."""
        made = roles.expand(self.TEXT, host_vars={"depth": "mine"}, depth="kprov's")
        assert made[0].expected == {"value": "kprov's"}

    def test_defaults_may_use_what_is_above_them(self, roles: RoleFolder) -> None:
        """Also host variables that override it; other types stay what they are."""
        roles.write(
            "mine/defaults.yaml",
            "base: /srv\ndata: '{{ base }}/data'\nlist: ['{{ data }}/1', 2]\ndepth: '{{ list }}'\n",
        )
        made = roles.expand(self.TEXT, host_vars={"base": "/mnt"})
        assert made[0].expected == {"value": "['/mnt/data/1', 2]"}

    def test_a_default_that_uses_facts_is_pending_like_them(self, roles: RoleFolder) -> None:
        """It can be used where facts can."""
        roles.write("mine/defaults.yaml", "depth: '{{ facts.cpus * 2 }}'\n")
        assert ids(roles.expand(self.TEXT)) == ["sysctl:a"]
        assert roles.expand(self.TEXT, facts={"cpus": 4})[0].expected == {"value": "8"}

    def test_an_undefined_default_names_its_line(self, roles: RoleFolder) -> None:
        """In defaults.yaml."""
        roles.write("mine/defaults.yaml", "a: 1\ndepth: '{{ aa }}'\n")
        problem = roles.problem(self.TEXT)
        assert (problem.where, problem.what) == ("defaults.yaml:2", "`aa` is not defined")

    @pytest.mark.parametrize("name", ["self", "item", "context", "loop"])
    def test_odd_names_do_no_harm(self, roles: RoleFolder, name: str) -> None:
        """Names that Python or Jinja use themselves."""
        roles.expand("- module: {name: x}\n  when: 1 == 1\n", host_vars={name: 1})

    def test_flags_may_be_templates(self, roles: RoleFolder) -> None:
        """`False` as text is false, not "some text"."""
        text = '- unit: {name: a, running: "{{ on }}", enabled: "{{ not on }}"}\n'
        expected = roles.expand(text, on=False)[0].expected
        assert expected == {"enabled": True, "running": False, "loaded": True}
        problem = roles.problem(text, on="maybe")
        assert problem.what == "`running` of unit takes true or false, found 'maybe'"

    @pytest.mark.parametrize("mode", ["0644", "644", "2755"])
    def test_modes_may_be_templates(self, roles: RoleFolder, mode: str) -> None:
        """Three or four octal digits."""
        text = '- directory: {path: /a, mode: "{{ m }}"}\n'
        assert (roles.expand(text, m=mode)[0].expected or {})["mode"] == mode.zfill(4)
        assert "takes an octal mode, found 'rw'" in roles.problem(text, m="rw").what

    @pytest.mark.parametrize(
        ("task", "found"),
        [
            ("directory: {path: '{{ p }}'}", ""), ("directory: {path: '{{ p }}'}", "etc/x"),
            ("directory: {path: '{{ p }}'}", '/a"b'), ("directory: {path: '{{ p }}'}", "/a\\b"),
            ("directory: {path: '{{ p }}'}", "/a\nb"), ("module: {name: '{{ p }}'}", ""),
            ("module: {name: '{{ p }}'}", "a\tb"), ("link: {path: x, target: y}", "x"),
            ("authority: {name: etcd, cert: ca.crt}", "ca.crt"),
        ],
    )  # fmt: skip
    def test_names_that_no_host_could_answer_for(
        self, roles: RoleFolder, task: str, found: str
    ) -> None:
        """Paths are absolute; quotes and control characters do not survive the wire."""
        problem = roles.problem(f"- {task}\n", p=found)
        assert problem.where == "tasks.yaml:1"
        assert problem.what.endswith(f"found {found!r}")


class TestLoops:
    """One task, several resources."""

    def test_expressions_and_lists(self, roles: RoleFolder) -> None:
        """Both render; `item` is gone afterwards."""
        text = '- module: {name: "{{ item }}"}\n  loop: '
        assert ids(roles.expand(text + "names + ['c']\n", names=["a"])) == ["module:a", "module:c"]
        made = roles.expand(text + '["{{ one }}", b]\n', one="a")
        assert ids(made) == ["module:a", "module:b"]
        assert roles.expand(text + "[]\n") == ()

    @pytest.mark.parametrize("found", ["'text'", "3", "{'a': 1}", "none"])
    def test_only_lists(self, roles: RoleFolder, found: str) -> None:
        """Not letters of a text, not a crash."""
        problem = roles.problem(f'- module: {{name: "{{{{ item }}}}"}}\n  loop: "{found}"\n')
        assert problem.where == "tasks.yaml:1"
        assert "`loop` takes a list" in problem.what

    def test_facts_are_refused(self, roles: RoleFolder) -> None:
        """Ids come from the inventory alone."""
        with pytest.raises(InputError, match="`loop` uses facts of h1, but ids are made before"):
            roles.expand('- module: {name: "{{ item }}"}\n  loop: facts.names\n')

    def test_commands_keep_apart(self, roles: RoleFolder) -> None:
        """A round does not hide the others; neither does a long common beginning."""
        text = """\
- command: {run: "mkdir {{ item }}", unless: "test -d {{ item }}"}
  loop: ['/a', '/b']
- command: {run: "kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/x one", unless: x}
- command: {run: "kubectl --kubeconfig=/etc/kubernetes/admin.conf --cache-dir=/x two", unless: x}
"""
        made = roles.expand(text)
        assert len(set(ids(made))) == 4
        assert ids(made)[0] == "command:mkdir {{ item }} (/a)"
        assert all(len(name) < 80 for name in ids(made))


class TestIds:
    """What the look asks for is what is compared afterwards."""

    @pytest.mark.parametrize(
        ("task", "key"),
        [
            ("file: {path: '/{{ facts.x }}', content: a}", "path"),
            ("link: {path: '/{{ facts.x }}', target: a}", "path"),
            ("unit: {name: '{{ facts.x }}'}", "name"),
            ("artifact: {name: etcd, path: '/{{ facts.x }}'}", "path"),
            ("command: {name: '{{ facts.x }}', run: a, unless: b}", "name"),
            ("command: {run: a, unless: '{{ facts.x }}'}", "unless"),
            ("command: {run: a, creates: '/{{ facts.x }}'}", "creates"),
            ("wait: {name: a, run: '{{ facts.x }}'}", "run"),
            ("authority: {name: etcd, cert: /a, key: '/{{ facts.x }}'}", "key"),
            ("manifest: {name: '{{ facts.x }}', content: a}", "name"),
            ("image: {archive: '{{ facts.x }}'}", "archive"),
        ],
    )
    def test_facts_are_refused_where_the_look_needs_it_before(
        self, roles: RoleFolder, task: str, key: str
    ) -> None:
        """With the line, before any host is asked."""
        with pytest.raises(InputError) as caught:
            roles.expand(f"- {task}\n")
        assert caught.value.problem.where.endswith("tasks.yaml:1")
        assert caught.value.problem.what.startswith(f"`{key}` of ")
        assert "facts of h1" in caught.value.problem.what

    @pytest.mark.parametrize(
        "task",
        [
            "file: {path: /a, content: '{{ facts.x }}', mode: '{{ facts.x }}'}",
            "file: {path: /a, template: t.j2, absent: '{{ facts.x == 1 }}'}",
            "command: {run: '{{ facts.x }}', unless: b}",
            "sysctl: {name: a, value: '{{ facts.x }}'}",
            "unit: {name: a, template: t.j2, running: '{{ facts.x == 1 }}'}",
            "link: {path: /a, target: '{{ facts.x }}'}",
            "directory: {path: /a, owner: '{{ facts.x }}', group: '{{ facts.x }}'}",
            "user: {name: a, home: '{{ facts.x }}'}",
            "mount: {path: /a, source: '{{ facts.x }}', type: tmpfs}",
            "wait: {name: a, run: b, timeout: '{{ facts.x }}'}",
            "manifest: {name: a, template: t.j2}",
            "kubeconfig: {path: /a, certificate: admin, server: '{{ facts.x }}'}",
            "certificate: {name: admin, cert: /a, key: /b, owner: '{{ facts.x }}'}",
            "command: {run: 'echo {{ facts.x }} {{ item }}', unless: b}\n  loop: [1, 2]",
        ],
    )
    def test_facts_elsewhere_leave_the_ids_alone(self, roles: RoleFolder, task: str) -> None:
        """The same ids before and after the look."""
        template = "apiVersion: v1\nkind: A\nmetadata: {name: '{{ facts.x }}'}\n"
        roles.write("mine/templates/t.j2", template)
        before = ids(roles.expand(f"- {task}\n"))
        assert before
        assert ids(roles.expand(f"- {task}\n", facts={"x": 1000})) == before


class TestRestarts:
    """`restart_on`: names of tasks, or ids."""

    def test_names_stand_for_all_that_a_task_makes(self, roles: RoleFolder) -> None:
        """Also in a loop; the unit's own file comes by itself; ids are taken as they are."""
        roles.write("mine/templates/u.j2", "x")
        made = roles.expand("""\
- unit: {name: a.service, template: u.j2}
  restart_on: [all, "sysctl:b"]
- module: {name: "{{ item }}"}
  loop: [x, y]
  as: all
""")
        unit = next(resource for resource in made if resource.kind == "unit")
        assert unit.restart_on == (
            "file:/etc/systemd/system/a.service", "module:x", "module:y", "sysctl:b",
        )  # fmt: skip

    def test_a_task_that_is_left_out_keeps_its_name(self, roles: RoleFolder) -> None:
        """A unit may name what only some hosts have."""
        made = roles.expand(
            "- module: {name: x}\n  as: m\n  when: false\n- unit: {name: a}\n  restart_on: m\n"
        )
        assert made[0].restart_on == ()

    def test_an_unknown_name(self, roles: RoleFolder) -> None:
        """The unit's line, and the name that was meant."""
        problem = roles.problem(
            "- module: {name: x}\n  as: config\n- unit: {name: a}\n  restart_on: [confg]\n"
        )
        assert problem.where == "tasks.yaml:3"
        assert "restart_on names `confg`" in problem.what
        assert problem.hint == "did you mean `config`?"


class TestMaterial:
    """What the controller makes or finds."""

    def test_unknown_names_get_the_tasks_line(self, roles: RoleFolder) -> None:
        """The sources know the names, the role the place."""
        problem = roles.problem("\n- artifact: {name: ectd, path: /a}\n")
        assert (problem.where, problem.hint) == ("tasks.yaml:2", "did you mean etcd?")
        problem = roles.problem("- certificate: {name: amdin, cert: /a, key: /b}\n")
        assert (problem.where, problem.hint) == ("tasks.yaml:1", "did you mean admin?")

    def test_keys_are_secret_and_private(self, roles: RoleFolder) -> None:
        """Certificates are readable, keys are not; neither travels back."""
        text = "- certificate: {name: admin, cert: /c, key: /k, owner: etcd}\n"
        cert, key = roles.expand(text, facts={})
        assert cert.expected is not None
        assert key.expected is not None
        assert (cert.expected["mode"], key.expected["mode"]) == ("0644", "0600")
        assert (key.expected["owner"], key.expected["group"]) == ("etcd", "etcd")
        assert cert.content is not None
        assert cert.content.secret
        assert "cert" not in repr(replace(cert, name=""))

    def test_no_material_is_made_before_the_look(self, roles: RoleFolder) -> None:
        """Only ids: a certificate may need addresses that the look finds."""
        text = (
            "- certificate: {name: admin, cert: /c, key: /k}\n- authority: {name: etcd, cert: /d}"
        )
        assert [resource.content for resource in roles.expand(text)] == [None] * 3


class TestManifests:
    """Kubernetes objects from a template."""

    def test_objects_carry_the_name_of_the_manifest(self, roles: RoleFolder) -> None:
        """As a label, beside their own; expected is a digest for each; empty documents do not
        count."""
        one = "apiVersion: v1\nkind: A\nmetadata: {name: %s, labels: {a: b}}\n---\n---\n"
        roles.write("mine/templates/m.j2", one % "x" + one % "y")
        file, manifest = roles.expand("- manifest: {name: m, template: m.j2}\n", facts={})
        assert manifest.expected is not None
        assert set(manifest.expected) == {"A default/x", "A default/y", "dropped"}
        assert file.content is not None
        assert file.content.data.count(b"kprov.dev/addon: m") == 2
        assert file.content.data.count(b"a: b") == 2

    @pytest.mark.parametrize(
        ("text", "what"),
        [
            ("kind: [A\n", "document 1 is not YAML"),
            ("- a\n", "document 1: a Kubernetes object is a mapping, found [a]"),
            ("---\n---\nkind: A\n", "document 2: a Kubernetes object needs `apiVersion`"),
            ("apiVersion: v1\nkind: A\n", "needs `metadata`, a mapping, found {apiVersion: v1,"),
            ("apiVersion: v1\nkind: A\nmetadata: x\n", "needs `metadata`, a mapping"),
            ("apiVersion: v1\nkind: A\nmetadata: {name: 1}\n", "needs `metadata.name`"),
            ("# nothing\n", "has no objects"),
        ],
    )
    def test_what_is_no_object_names_the_template(
        self, roles: RoleFolder, text: str, what: str
    ) -> None:
        """Not a crash."""
        roles.write("mine/templates/m.j2", text)
        problem = roles.problem("- manifest: {name: m, template: m.j2}\n")
        assert problem.where == "m.j2"
        assert what in problem.what
