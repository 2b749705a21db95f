"""The verification against a real API server: what it says and what it leaves behind."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kprov.engine.verify import throwaway
from kprov.engine.verify.api import Api, ApiError, ApiUnreachableError
from kprov.engine.verify.objects import MANAGED
from kprov.engine.verify.resources import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    CONFIG_MAPS,
    NAMESPACES,
    NODES,
    PODS,
)
from kprov.engine.verify.runner import run_checks
from kprov.engine.verify.session import by_name
from kprov.engine.verify.table import CHECKS
from kprov.engine.verify.values import CheckResult, VerifyOptions
from kprov.engine.verify.wait import WaitTimeout, wait_at

OPTIONS = VerifyOptions(node_timeout=1, timeout=5, request_timeout=30)


def verify(control_plane: Any, **options: Any) -> dict[str, CheckResult]:
    found = run_checks(control_plane.kubeconfig, replace(OPTIONS, **options), lambda _: None)
    return {result.name: result for result in found}


def connect(control_plane: Any) -> Api:
    return Api.connect(control_plane.kubeconfig, timeout=30)


def ours(api: Api, resource: Any) -> list[str]:
    """Names of what verifications have made and nobody is deleting."""
    items = api.get(resource.path(), {"labelSelector": MANAGED}).get("items") or []
    return [
        item["metadata"]["name"] for item in items if "deletionTimestamp" not in item["metadata"]
    ]


@pytest.fixture
def node(control_plane: Any) -> Iterator[Callable[..., None]]:
    """Registers nodes that say they are Ready; no kubelet is behind them."""
    api = connect(control_plane)
    names = []

    def register(name: str, **spec: Any) -> None:
        names.append(name)
        meta = {
            "name": name,
            "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"},
        }
        body = {"apiVersion": "v1", "kind": "Node", "metadata": meta, "spec": spec}
        api.create(NODES.path(), body)
        status = {
            "conditions": [
                {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "fake"}
            ],
            "addresses": [{"type": "InternalIP", "address": "192.0.2.1"}],
            "capacity": {"cpu": "4", "memory": "8Gi", "pods": "110"},
            "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
        }
        api.patch(NODES.path(name=name, sub="status"), {"status": status})

    yield register
    for name in names:
        api.delete(NODES.path(name=name))


def test_a_cluster_without_nodes_fails_that_check_and_runs_what_needs_none(control_plane):
    """No node: `nodes` fails, pods are not run for that reason, what the API alone does is ok."""
    results = verify(control_plane)
    assert results["api"].status == "ok"
    assert results["api"].detail == control_plane.version
    assert results["nodes"].status == "failed"
    assert results["nodes"].detail == "no node has registered"
    assert {name for name, result in results.items() if result.status == "not-run"} == {
        check.name for check in CHECKS if check.needs != "api"
    }
    assert (results["rbac"].status, results["rbac"].detail) == (
        "ok",
        "allowed: configmaps, nodes; denied: secrets, clusterroles, a wrong token",
    )
    assert results["labels"].status == "ok"
    assert list(results) == [
        *("api", "nodes", "namespace"),
        *(check.name for check in CHECKS),
        "cleanup",
    ]


def test_nothing_is_left_behind(control_plane):
    """After a run with cluster roles, namespace and roles are gone or on their way."""
    results = verify(control_plane, only=("rbac",), wait_cleanup=60)
    assert results["rbac"].status == "ok"
    assert results["cleanup"].detail == f"namespace {results['namespace'].detail} is gone"
    api = connect(control_plane)
    for resource in (NAMESPACES, CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS):
        assert ours(api, resource) == []


def test_results_are_reported_as_they_come(control_plane):
    """`report` gets every result that is returned, each once, the stages first."""
    reported: list[CheckResult] = []
    returned = run_checks(control_plane.kubeconfig, OPTIONS, reported.append)
    assert sorted(reported, key=str) == sorted(returned, key=str)
    assert [result.name for result in reported[:3]] == ["api", "nodes", "namespace"]


def test_an_unreachable_api_is_one_failed_result(control_plane):
    """Nobody listens: one result, with address and cause, instead of twenty."""
    with_nobody = control_plane.kubeconfig_for(1)
    (result,) = run_checks(with_nobody, OPTIONS, lambda _: None)
    assert (result.name, result.status) == ("api", "failed")
    assert "https://127.0.0.1:1: the API does not answer:" in result.detail
    assert "Connection refused" in result.detail
    assert "kube-apiserver" in result.hint


def test_an_api_of_another_authority_is_told_from_one_that_is_down(control_plane, tmp_path):
    """A kubeconfig with another cluster's CA: the hint is about the CA."""
    from datetime import UTC, datetime

    from kprov.pki.ca import create_authority

    other = create_authority("kubernetes", "other", "ecdsa", 2, datetime.now(UTC))
    (tmp_path / "other.crt").write_text(other.cert_pem)
    import yaml

    config = yaml.safe_load(control_plane.kubeconfig.read_text())
    del config["clusters"][0]["cluster"]["certificate-authority-data"]
    config["clusters"][0]["cluster"]["certificate-authority"] = str(tmp_path / "other.crt")
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))
    (result,) = run_checks(tmp_path / "kubeconfig", OPTIONS, lambda _: None)
    assert result.status == "failed"
    assert "CERTIFICATE_VERIFY_FAILED" in result.detail
    assert "CA" in result.hint


@pytest.mark.parametrize("moment", ["namespace", "labels"])
def test_an_interruption_cleans_up_and_is_passed_on(control_plane, moment):
    """Ctrl-C while stages or checks run: the namespace is deleted, KeyboardInterrupt goes on."""
    seen: list[CheckResult] = []

    def interrupt(result: CheckResult) -> None:
        seen.append(result)
        if result.name == moment:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_checks(control_plane.kubeconfig, OPTIONS, interrupt)
    assert seen[-1].name == "cleanup"
    assert seen[-1].status == "ok"
    api = connect(control_plane)
    assert ours(api, NAMESPACES) == []


def test_leftovers_of_killed_runs_are_removed_by_the_next(control_plane, monkeypatch):
    """What an earlier run has left is deleted when it is old enough, and named in the evidence."""
    api = connect(control_plane)
    throwaway.make(api, "kprov-verify-old01", 30)
    results = verify(control_plane, only=("labels",))
    assert "kprov-verify-old01" not in results["namespace"].detail
    assert "kprov-verify-old01" in ours(api, NAMESPACES)
    monkeypatch.setattr(throwaway, "_LEFTOVER_AGE", timedelta(seconds=-1))
    results = verify(control_plane, only=("labels",))
    assert "kprov-verify-old01" in results["namespace"].detail
    assert "kprov-verify-old01" not in ours(api, NAMESPACES)


def test_tainted_and_cordoned_nodes_take_no_pods(control_plane, node):
    """All nodes closed: `nodes` says which and why; checks with pods are not run."""
    node("cordoned", unschedulable=True)
    node("gpu", taints=[{"key": "gpu", "effect": "NoSchedule"}])
    results = verify(control_plane)
    assert results["nodes"].status == "failed"
    assert results["nodes"].detail.startswith("no node takes pods: cordoned:")
    assert "gpu: gpu" in results["nodes"].detail
    assert results["pod"].status == "not-run"


def test_a_lone_control_plane_is_tolerated_and_said(control_plane, node):
    """Only a tainted control plane: pods tolerate that taint, and the nodes check says so."""
    node("cp1", taints=[{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}])
    results = verify(control_plane, only=("scheduling",))
    assert results["nodes"].status == "ok"
    assert "pods here tolerate node-role.kubernetes.io/control-plane" in results["nodes"].detail
    assert results["scheduling"].status == "ok"


def test_taints_are_seen_to_keep_pods_away(control_plane, node):
    """A worker and a tainted control plane: the scheduler refuses what the taint forbids."""
    node("cp1", taints=[{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}])
    node("w1")
    results = verify(control_plane, only=("scheduling",))
    assert results["nodes"].detail == "2 of 2: cp1, w1"
    assert (results["scheduling"].status, results["scheduling"].detail) == (
        "ok",
        "nodeSelector obeyed; node-role.kubernetes.io/control-plane on cp1 keeps pods away",
    )


def test_pods_that_never_start_are_named_with_their_node(control_plane, node):
    """No kubelet behind a node: each check fails at its limit, with the pod and its node."""
    node("dead")
    results = verify(control_plane, only=("pod", "daemonset", "deployment", "job", "cluster-ip"))
    assert results["pod"].status == "failed"
    assert results["pod"].detail.startswith("pod pod on dead: Pending")
    assert "journalctl -u kubelet" in results["pod"].hint
    assert results["daemonset"].detail.startswith("1 of 1 nodes lack it: dead: pod agent-")
    assert "create: not done in time, replicas 1" in results["deployment"].detail
    assert "on dead: Pending" in results["deployment"].detail
    assert results["job"].detail.startswith("pod job-")
    assert "pod web-" in results["cluster-ip"].detail
    assert results["cleanup"].status == "ok"


def test_waiting_returns_at_the_change_and_not_later(control_plane):
    """A watch sees an object that appears while waiting; nothing is polled."""
    api = connect(control_plane)
    started: queue.SimpleQueue[float] = queue.SimpleQueue()

    def ready(found: Any) -> str | None:
        if "late" in found:
            return "seen"
        if started.empty():
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "late"}}
            started.put(time.monotonic())
            api.create(CONFIG_MAPS.path("default"), body)
        return None

    try:
        path = CONFIG_MAPS.path("default")
        assert wait_at(api, path, by_name("late"), ready, lambda: 30.0) == "seen"
        assert time.monotonic() - started.get() < 2
    finally:
        api.delete(CONFIG_MAPS.path("default", "late"))


def test_waiting_ends_at_the_deadline_with_what_was_there(control_plane):
    """No change: WaitTimeout carries the last objects."""
    api = connect(control_plane)
    deadline = time.monotonic() + 2
    with pytest.raises(WaitTimeout) as caught:
        wait_at(
            api,
            NAMESPACES.path(),
            by_name("default"),
            lambda _: None,
            lambda: max(0.0, deadline - time.monotonic()),
        )
    assert list(caught.value.objects) == ["default"]


def test_the_api_error_carries_status_and_words(control_plane):
    """404 comes as ApiError with the server's message; exec without a pod too."""
    api = connect(control_plane)
    with pytest.raises(ApiError, match='pods "nobody" not found') as caught:
        api.get(PODS.path("default", "nobody"))
    assert (caught.value.status, caught.value.reason) == (404, "NotFound")
    with pytest.raises(ApiError, match='pods "nobody" not found') as caught:
        api.exec(PODS.path("default", "nobody", "exec"), ("true",), "main", 10)
    assert caught.value.status == 404


def test_exec_without_a_server_is_unreachable(control_plane):
    """A refused connection is the same error for WebSockets as for plain requests."""
    api = Api.connect(control_plane.kubeconfig_for(1), timeout=5)
    with pytest.raises(ApiUnreachableError, match="refused"):
        api.exec(PODS.path("default", "nobody", "exec"), ("true",), "main", 10)
