"""Labels, annotations, taints and kubelet settings: every notation, every fault at its line."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inventory_folder import HOSTS, Folder

from kprov.inventory.node_vars import _key_fault, _value_fault
from kprov.model.node import EFFECTS, NodeSettings, Taint

GPU = Taint("dedicated", "gpu", "NoSchedule")


def settings(folder: Folder, text: str, host: str = "w1", *overrides: str) -> NodeSettings:
    """What the variables of w1 (given line by line) say."""
    lines = "".join(f"          {line}\n" for line in text.splitlines())
    inventory = (
        "cluster: {}\nkube_control_plane: {hosts: {cp1: {ansible_host: 192.0.2.11}}}\n"
        f"kube_node:\n  hosts:\n    w1:\n          ansible_host: 192.0.2.21\n{lines}"
    )
    return folder.read(inventory, *overrides).host(host).node


def problem(folder: Folder, text: str) -> str:
    """The only problem of variables that stand from line 8 on."""
    lines = "".join(f"          {line}\n" for line in text.splitlines())
    return folder.problem(
        "cluster: {}\nkube_control_plane: {hosts: {cp1: {ansible_host: 192.0.2.11}}}\n"
        f"kube_node:\n  hosts:\n    w1:\n          ansible_host: 192.0.2.21\n{lines}"
    )


@pytest.mark.parametrize(
    "text",
    [
        "node_labels: {zone: a, example.com/disk: ssd}",
        "node_labels: [zone=a, example.com/disk=ssd]",
        "node_labels: zone=a, example.com/disk=ssd",
        "node_labels: \"{{ {'zone': 'a', 'example.com/disk': 'ssd'} }}\"",
    ],
)
def test_labels_in_every_notation(folder: Folder, text: str) -> None:
    """A mapping, as in Kubespray; a list or one text, as kubectl and kubelets take them."""
    assert settings(folder, text).labels == {"zone": "a", "example.com/disk": "ssd"}


def test_values_are_texts_as_they_were_written(folder: Folder) -> None:
    """Kubernetes knows texts only: YAML's numbers and booleans stay what people see."""
    found = settings(folder, "node_labels: {a: 1.10, b: true, c: 007, d: , e: '', f: yes}")
    assert found.labels == {"a": "1.10", "b": "true", "c": "007", "d": "", "e": "", "f": "yes"}


@pytest.mark.parametrize(
    "text",
    [
        "node_taints: ['dedicated=gpu:NoSchedule']",
        "node_taints: dedicated=gpu:NoSchedule",
        "node_taints: [{key: dedicated, value: gpu, effect: NoSchedule}]",
        "node_taints: ['dedicated=gpu:NoSchedule', 'dedicated=gpu:NoSchedule']",
    ],
)
def test_taints_in_every_notation(folder: Folder, text: str) -> None:
    """Kubespray's two, and one text."""
    assert settings(folder, text).taints == (GPU,)


def test_a_taint_without_a_value(folder: Folder) -> None:
    """KEY:EFFECT, and both of one key with different effects."""
    found = settings(folder, "node_taints: ['a:NoExecute', 'a=b:NoSchedule']").taints
    assert [str(taint) for taint in found] == ["a:NoExecute", "a=b:NoSchedule"]


def test_host_wins_over_group(folder: Folder) -> None:
    """Ansible's precedence: the variable as a whole."""
    inventory = folder.read("""
        kube_control_plane: {hosts: {cp1: {ansible_host: 192.0.2.11}}}
        kube_node:
          vars: {node_labels: {zone: a, disk: ssd}, kubelet_extra_args: {v: 4}}
          hosts:
            w1: {ansible_host: 192.0.2.21, node_labels: {zone: b}}
            w2: {ansible_host: 192.0.2.22}
        """)
    assert inventory.host("w1").node.labels == {"zone": "b"}
    assert inventory.host("w2").node.labels == {"zone": "a", "disk": "ssd"}
    assert inventory.host("w2").node.kubelet_extra_args == {"v": 4}
    assert inventory.host("cp1").node == NodeSettings()


@pytest.mark.parametrize("name", ["kubelet_config", "kubelet_config_extra_args"])
def test_kubelet_config(folder: Folder, name: str) -> None:
    """Any mapping, under kprov's name or Kubespray's; nothing is ignored aloud."""
    text = f"{name}: {{maxPods: 50, evictionHard: {{memory.available: 5%}}}}"
    found = settings(folder, text).kubelet_config
    assert found == {"maxPods": 50, "evictionHard": {"memory.available": "5%"}}
    assert folder.load().warnings == ()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("node_labels: {a b: c}", "node_labels: 'a b' is no key"),
        ("node_labels: {/a: c}", "node_labels: '/a' is no key"),
        ("node_labels: {a/b/c: d}", "node_labels: 'a/b/c' is no key"),
        ("node_labels: {-a: c}", "node_labels: '-a' is no key"),
        ("node_labels: {Ex_ample.com/a: c}", "node_labels: 'Ex_ample.com/a' is no key"),
        ("node_labels: {a: b c}", "node_labels: the value of a is 'b c', expected letters"),
        (f"node_labels: {{a: {'x' * 64}}}", "node_labels: the value of a is 'xxx"),
        ("node_labels: {a: [b]}", "node_labels: a is a list, expected text"),
        ("node_labels: [a]", "node_labels: found the text 'a', expected KEY=VALUE"),
        ("node_labels: 5", "node_labels is the number 5, expected a mapping, or a list"),
        ("node_labels: {kubernetes.io/hostname: x}", "io/hostname is set by the kubelet"),
        ("node_labels: {kprov.dev/x: y}", "names that begin with kprov.dev/ are kprov's own"),
        ("node_annotations: {a b: c}", "node_annotations: 'a b' is no key"),
        (f"node_annotations: {{a: {'x' * 70000}}}", "a has 70000 bytes, at most 65536 are"),
        ("node_taints: [a]", "node_taints: found the text 'a', expected KEY=VALUE:EFFECT"),
        ("node_taints: {a: b}", "node_taints is a mapping, expected a list of KEY=VALUE:EFFECT"),
        (
            "node_taints: ['a:NoShedule']",
            "expected NoSchedule, PreferNoSchedule, NoExecute\n    did you mean 'NoSchedule'?",
        ),
        ("node_taints: [{key: a, efect: NoSchedule}]", "unknown key 'efect' in a taint"),
        ("node_taints: [{key: a}]", "the effect of a: is ''"),
        ("node_taints: ['=b:NoSchedule']", "found the text '=b:NoSchedule', expected KEY=VALUE"),
        ("node_taints: ['a=b c:NoSchedule']", "the value of a is 'b c'"),
        (
            "node_taints: ['node.kubernetes.io/not-ready:NoExecute']",
            "node.kubernetes.io/not-ready is set and removed by Kubernetes itself",
        ),
        (
            "node_taints: ['a=b:NoSchedule', 'a=c:NoSchedule']",
            "a=c:NoSchedule and a=b:NoSchedule: one of a key and an effect",
        ),
        ("kubelet_config: [a]", "kubelet_config is a list, expected a mapping"),
        ("kubelet_extra_args: {v: [4]}", "kubelet_extra_args: v is a list, expected text, a num"),
        ("kubelet_extra_args: {--v: 4}", "'--v' begins with dashes\n    write v"),
        ("kubelet_extra_args: ['--v=4']", "kubelet_extra_args is a list, expected a mapping of"),
        ("node_lables: {a: b}", "unknown variable 'node_lables'\n    did you mean 'node_labels'?"),
        ("kubelet_confg: {a: b}", "unknown variable 'kubelet_confg'\n    did you mean 'kubelet_c"),
    ],
)  # fmt: skip
def test_faults(folder: Folder, text: str, fault: str) -> None:
    """The line of the entry, what was found, what was expected."""
    found = problem(folder, text)
    assert found.startswith("inv.yaml:7: ")
    assert fault in found


def test_a_fault_of_a_group_is_said_once(folder: Folder) -> None:
    """Not once per host."""
    assert folder.problem(f"{HOSTS}  vars:\n    node_taints: ['a:Never']\n").startswith("inv.yaml:")


NAME = st.text(string.ascii_letters + string.digits + "-_.", min_size=1, max_size=63).filter(
    lambda text: text[0].isalnum() and text[-1].isalnum()
)


@given(key=NAME, value=NAME | st.just(""), effect=st.sampled_from(EFFECTS))
def test_a_taint_is_read_as_it_is_written(key: str, value: str, effect: str) -> None:
    """Text and back; what is made of valid parts has no fault."""
    taint = Taint(key, value, effect)
    assert Taint.parse(str(taint)) == taint
    assert not _key_fault(key)
    assert not _value_fault(key, value)


@given(st.text(max_size=80))
def test_keys_with_other_letters_are_refused(text: str) -> None:
    """Whatever has a letter that Kubernetes, or the shell on the host, would not take."""
    allowed = set(string.ascii_letters + string.digits + "-_./")
    if not set(text) <= allowed:
        assert _key_fault(text)
        assert _value_fault("a", text)
