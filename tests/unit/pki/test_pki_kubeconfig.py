"""kubeconfig files: written, and merged into other people's."""

from __future__ import annotations

import base64
import subprocess
import sys

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kprov.model.errors import InputError
from kprov.model.secret import Secret
from kprov.pki.kubeconfig import (
    FileAuthority,
    FileCredentials,
    InlineAuthority,
    InlineCredentials,
    kubeconfig,
    merge,
)

NEW = kubeconfig(
    cluster="demo",
    server="https://192.0.2.11:6443",
    authority=InlineAuthority("CA"),
    user="demo-admin",
    credentials=InlineCredentials("CERT", Secret("KEY")),
    context="demo",
)
OTHERS = """\
apiVersion: v1
kind: Config
preferences: {colors: true}
clusters:
- {name: work, cluster: {server: https://work, extensions: [{name: x, extension: {last-update: 2024-01-02T03:04:05Z, provider: minikube.sigs.k8s.io, version: 1.32}}]}}
- {name: demo, cluster: {server: https://old}}
- {name: home, cluster: {server: https://home, insecure-skip-tls-verify: true}}
contexts:
- {name: work, context: {cluster: work, user: me, namespace: "on"}}
users:
- {name: me, user: {token: "0123", exec: {command: aws, env: null, args: ["1.0", "yes"]}}}
current-context: work
"""  # noqa: E501


def test_inline_kubeconfig_holds_everything() -> None:
    """Readable by any client: base64 data, current context set."""
    document = yaml.safe_load(NEW)
    assert document["clusters"][0]["cluster"] == {
        "certificate-authority-data": base64.b64encode(b"CA").decode(),
        "server": "https://192.0.2.11:6443",
    }
    assert document["users"][0]["user"]["client-key-data"] == base64.b64encode(b"KEY").decode()
    assert document["contexts"] == [
        {"name": "demo", "context": {"cluster": "demo", "user": "demo-admin"}}
    ]
    assert document["current-context"] == "demo"


def test_the_variant_with_paths_holds_no_key() -> None:
    """The kubelet's: certificates that it rotates itself, by path."""
    text = kubeconfig(
        cluster="demo",
        server="https://192.0.2.11:6443",
        authority=FileAuthority("/etc/kubernetes/pki/ca.crt"),
        user="kubelet",
        credentials=FileCredentials("/var/lib/kubelet/pki/c.pem", "/var/lib/kubelet/pki/c.pem"),
        namespace="default",
    )
    document = yaml.safe_load(text)
    assert document["users"][0]["user"] == {
        "client-certificate": "/var/lib/kubelet/pki/c.pem",
        "client-key": "/var/lib/kubelet/pki/c.pem",
    }
    assert document["current-context"] == "kubelet@demo"
    assert document["contexts"][0]["context"]["namespace"] == "default"


def test_merging_into_nothing_is_the_new_one() -> None:
    """An empty or missing ~/.kube/config."""
    assert merge("", NEW) == NEW
    assert yaml.safe_load(merge("apiVersion: v1\nclusters: null\n", NEW)) == yaml.safe_load(NEW)


def test_other_entries_keep_their_meaning() -> None:
    """Values that YAML would bend (times, `on`, digits in quotes) come out as they went in."""
    merged = merge(OTHERS, NEW)
    before, after = (yaml.load(t, Loader=yaml.BaseLoader) for t in (OTHERS, merged))
    assert [c["name"] for c in after["clusters"]] == ["work", "demo", "home"]
    assert [after["clusters"][i] for i in (0, 2)] == [before["clusters"][i] for i in (0, 2)]
    assert after["clusters"][1]["cluster"]["server"] == "https://192.0.2.11:6443"
    assert after["users"][0]["user"] == before["users"][0]["user"]
    assert after["preferences"] == before["preferences"]
    assert after["current-context"] == "demo"
    typed = yaml.safe_load(merged)
    assert typed["contexts"][0]["context"]["namespace"] == "on"
    assert typed["users"][0]["user"]["token"] == "0123"
    assert typed["clusters"][2]["cluster"]["insecure-skip-tls-verify"] is True


def test_merging_twice_changes_nothing_more() -> None:
    """Idempotent, and the current context can be left alone."""
    once = merge(OTHERS, NEW)
    assert merge(once, NEW) == once
    assert yaml.safe_load(merge(OTHERS, NEW, switch=False))["current-context"] == "work"


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)


@given(st.dictionaries(texts, texts), texts)
def test_any_strings_of_others_survive(user: dict[str, str], name: str) -> None:
    """Whatever strings stand in another user's entry, they are there afterwards."""
    others = yaml.safe_dump(
        {"kind": "Config", "users": [{"name": f"x{name}", "user": user}]}, allow_unicode=True
    )
    assert yaml.safe_load(merge(others, NEW))["users"][0] == {"name": f"x{name}", "user": user}


@pytest.mark.parametrize(
    "text", ["[1, 2]", "kind: Pod\n", "a: [", "clusters: {a: b}\n", "users: [x]\n"]
)
def test_what_is_no_kubeconfig_is_refused(text: str) -> None:
    """Nothing may be written over a file that kprov does not understand."""
    with pytest.raises(InputError, match="/home/me/config: this file cannot be merged into"):
        merge(text, NEW, where="/home/me/config")


def test_tables_and_kubeconfigs_come_without_cryptography() -> None:
    """`kprov render` and `--help` must not pay for it."""
    code = "import sys, kprov.pki.table, kprov.pki.kubeconfig; print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
