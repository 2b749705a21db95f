"""The pure parts of the verification: what objects say, and how it is put into words."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov.engine.verify import api, diagnosis, dns, ground, pods, services, throwaway, workloads
from kprov.engine.verify.api import ApiError
from kprov.engine.verify.node_view import NodeView, read_node, tolerations_for
from kprov.engine.verify.objects import url
from kprov.engine.verify.podwork import is_running
from kprov.engine.verify.resources import CLUSTER_ROLES, DEPLOYMENTS, PODS
from kprov.engine.verify.runner import choose, result_of
from kprov.engine.verify.table import CHECKS
from kprov.engine.verify.values import CheckFailed, CheckNotRun
from kprov.model.errors import InputError

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


def node(name: str, *, taints: tuple[str, ...] = (), ready: bool = True, **spec: Any) -> Any:
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/os": "linux"}},
        "spec": {"taints": [{"key": key, "effect": "NoSchedule"} for key in taints], **spec},
        "status": {
            "conditions": [
                {"type": "Ready", "status": str(ready), "reason": "Why", "message": "because"}
            ],
            "addresses": [
                {"type": "InternalIP", "address": "192.0.2.1"},
                {"type": "InternalIP", "address": "2001:db8::1"},
            ],
        },
    }


def view(name: str, **fields: Any) -> NodeView:
    return read_node(node(name, **fields))


def pod(*states: dict[str, Any], phase: str = "Pending", on: str | None = "w1") -> Any:
    spec: dict[str, Any] = {"containers": [{"name": "main", "image": "busybox:1"}]}
    if on:
        spec["nodeName"] = on
    statuses = [{"name": "main", "ready": "running" in state, "state": state} for state in states]
    return {
        "metadata": {"name": "p", "uid": "u"},
        "spec": spec,
        "status": {"phase": phase, "containerStatuses": statuses},
    }


def test_paths_of_core_group_and_cluster_wide_resources():
    """/api for the core group, /apis for the others; no namespace where there is none."""
    assert PODS.path("a", "b", "log") == "/api/v1/namespaces/a/pods/b/log"
    assert DEPLOYMENTS.path("a") == "/apis/apps/v1/namespaces/a/deployments"
    assert CLUSTER_ROLES.path("a", "b") == "/apis/rbac.authorization.k8s.io/v1/clusterroles/b"


def test_urls_put_ipv6_in_brackets():
    """RFC 3986, 3.2.2."""
    assert url("10.0.0.1", 80) == "http://10.0.0.1:80/"
    assert url("2001:db8::1", 80) == "http://[2001:db8::1]:80/"


def test_a_node_is_read_with_the_first_of_its_addresses():
    """On dual-stack nodes the first InternalIP is the primary one."""
    assert view("a").address == "192.0.2.1"
    assert view("a").takes_pods()
    assert view("a", ready=False).why_not_ready == "Why: because"
    assert not view("a", ready=False).takes_pods()
    assert not view("a", unschedulable=True).takes_pods()
    assert read_node({"metadata": {"name": "new"}}).why_not_ready == (
        "its kubelet has not reported yet"
    )


def test_a_taint_that_is_lifted_in_a_moment_closes_no_node():
    """A node that has just become Ready still has the lifecycle controller's taint."""
    assert view("a", taints=("node.kubernetes.io/not-ready",)).takes_pods()
    assert not view("a", taints=("node.kubernetes.io/disk-pressure",)).takes_pods()


def test_a_taint_that_only_prefers_closes_no_node():
    """PreferNoSchedule keeps nobody away."""
    tainted = node("a")
    tainted["spec"]["taints"] = [{"key": "x", "effect": "PreferNoSchedule"}]
    assert read_node(tainted).takes_pods()


def test_control_plane_taints_are_tolerated_only_when_nobody_else_takes_pods():
    """One open node: nothing is tolerated; none: the control plane's taint, and no other."""
    closed = view("cp", taints=(CONTROL_PLANE,))
    assert tolerations_for([closed, view("w")]) == ()
    assert tolerations_for([closed]) == ({"key": CONTROL_PLANE, "operator": "Exists"},)
    assert tolerations_for([view("gpu", taints=("gpu",))]) == ()
    ground_of_gpu = ground.survey((view("gpu", taints=("gpu",)),))
    assert not ground_of_gpu.takes_pods
    with pytest.raises(CheckFailed, match="no node takes pods: gpu: gpu"):
        ground.judge_nodes(ground_of_gpu)


def test_nodes_that_are_not_ready_are_named_with_the_reason_and_left_out():
    """The others still take part in the checks."""
    found = ground.survey((view("a"), view("b", ready=False)))
    assert [each.name for each in found.nodes] == ["a"]
    with pytest.raises(CheckFailed, match="1 of 2 not Ready: b: Why: because"):
        ground.judge_nodes(found)


@pytest.mark.parametrize(
    ("version", "makes"),
    [("v1.20.2", True), ("v1.23.17", True), ("v1.24.0", False), ("v1.36.2+k3s1", False),
     ("something", False)],
)  # fmt: skip
def test_releases_that_make_token_secrets(version, makes):
    """Until 1.23 the controller makes a token Secret for each service account."""
    assert ground.makes_token_secrets(version) is makes


def test_a_pod_without_its_image_is_hopeless_and_hinted():
    """Waiting on ImagePullBackOff ends at once, and says which image and what to do."""
    stuck = pod({"waiting": {"reason": "ImagePullBackOff", "message": "no such host"}})
    assert diagnosis.hopeless(stuck) == "ImagePullBackOff"
    words = diagnosis.describe_pod(stuck, [{"metadata": {}, "type": "Warning", "reason": "Failed"}])
    assert words == ("pod p on w1: Pending; container main waiting: ImagePullBackOff: no such host")
    hint = diagnosis.hint_for(stuck, words)
    assert hint.startswith("busybox:1 is not on the node")
    assert "cluster.images" in hint


def test_a_pod_that_is_only_starting_is_not_hopeless():
    """ContainerCreating, and a config map the kubelet has not seen yet, may still pass."""
    for reason in ("ContainerCreating", "CreateContainerConfigError", "PodInitializing"):
        assert diagnosis.hopeless(pod({"waiting": {"reason": reason}})) == ""
    assert diagnosis.hopeless(pod()) == ""


def test_the_description_has_exit_codes_and_the_last_warnings():
    """A crashed container with its code; warnings win over normal events, latest last."""
    crashed = pod({"terminated": {"exitCode": 3, "reason": "Error"}}, phase="Failed")
    events = [
        {"metadata": {}, "type": kind, "reason": reason, "message": "m", "lastTimestamp": when}
        for kind, reason, when in [
            ("Warning", "Late", "2026-01-01T00:00:09Z"),
            ("Normal", "Pulled", "2026-01-01T00:00:10Z"),
            ("Warning", "Early", "2026-01-01T00:00:01Z"),
        ]
    ]
    assert diagnosis.describe_pod(crashed, events) == (
        "pod p on w1: Failed; container main terminated with code 3: Error; "
        "event Early: m; event Late: m"
    )


def test_a_pod_that_nothing_schedules_is_told_from_one_that_fits_nowhere():
    """No condition: the scheduler is asked for; Unschedulable: its words and its hint."""
    lost = pod(on=None)
    words = diagnosis.describe_pod(lost)
    assert words == "pod p, on no node yet: Pending"
    assert "kube-scheduler" in diagnosis.hint_for(lost, words)
    lost["status"]["conditions"] = [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
         "message": "0/1 nodes are available: 1 Insufficient cpu."}
    ]  # fmt: skip
    words = diagnosis.describe_pod(lost)
    assert "free CPU" in diagnosis.hint_for(lost, words)
    assert "PodScheduled: Unschedulable: 0/1 nodes are available" in words
    event = {**lost["status"]["conditions"][0], "metadata": {}, "reason": "FailedScheduling"}
    assert diagnosis.describe_pod(lost, [event]) == words


def test_what_the_scheduler_said_before_is_past_once_the_pod_has_a_node():
    """FailedScheduling of a pod that was scheduled later explains nothing."""
    event = {"metadata": {}, "type": "Warning", "reason": "FailedScheduling", "message": "taint"}
    assert diagnosis.describe_pod(pod(), [event]) == "pod p on w1: Pending"
    assert "FailedScheduling" in diagnosis.describe_pod(pod(on=None), [event])


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        (
            'failed to setup network for sandbox "c": plugin type="bridge" failed',
            "cluster.network.cni",
        ),
        ('failed to get sandbox image "registry.k8s.io/pause:3.10"', "cluster.sandbox_image"),
        ("runc create failed: unable to start container process", "journalctl -u containerd"),
        ("something never seen before", "journalctl -u kubelet"),
    ],
)
def test_hints_follow_the_message(message, hint):
    """Messages as containerd 1.6 to 2.2 word them."""
    event = {"metadata": {}, "type": "Warning", "reason": "Failed", "message": message}
    stuck = pod({"waiting": {"reason": "ContainerCreating"}})
    assert hint in diagnosis.hint_for(stuck, diagnosis.describe_pod(stuck, [event]))


@given(st.text(max_size=2000))
def test_a_description_is_one_line_of_bounded_length(message):
    """Whatever a runtime says, the detail stays a line, with the end of the message in it."""
    stuck = pod({"waiting": {"reason": "R", "message": message}})
    words = diagnosis.describe_pod(stuck)
    assert len(words.splitlines()) <= 1 or not message.isprintable()
    assert len(words) < 400
    assert words.endswith(" ".join(message.split())[-50:])


def test_an_image_on_its_way_is_told_from_one_that_came_or_failed():
    """Only `Pulling` without an end to it."""

    def said(*reasons: str) -> bool:
        return diagnosis.still_pulling([{"metadata": {}, "reason": each} for each in reasons])

    assert said("Scheduled", "Pulling")
    assert not said("Scheduled")
    assert not said("Pulling", "Pulled")
    assert not said("Pulling", "Failed", "BackOff")


def test_running_means_every_container_is_and_nobody_deletes_it():
    """The phase alone says Running while a container waits or the pod is on its way out."""
    good = pod({"running": {}}, phase="Running")
    assert is_running(good)
    assert not is_running(pod({"running": {}}, {"waiting": {}}, phase="Running"))
    assert not is_running(pod(phase="Running"))
    good["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert not is_running(good)


def test_a_rollout_is_done_when_the_controller_has_seen_it_and_old_pods_are_gone():
    """Like kubectl: generation observed; total, updated and available all as wanted."""
    done = {
        "metadata": {"generation": 3},
        "spec": {"replicas": 2},
        "status": {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2,
                   "availableReplicas": 2},
    }  # fmt: skip
    assert workloads.rollout_done(done)
    for key, value in (
        ("observedGeneration", 2), ("replicas", 4), ("updatedReplicas", 1), ("availableReplicas", 1)
    ):  # fmt: skip
        unfinished = {**done, "status": {**done["status"], key: value}}
        assert not workloads.rollout_done(unfinished), key


@given(st.sets(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=9))
def test_every_name_has_other_neighbours(names):
    """A ring: nobody asks itself, everybody is asked by as many as it asks."""
    ring = dict.fromkeys(names)
    asked = [other for name in names for other in pods.neighbours(name, ring)]
    assert all(name not in pods.neighbours(name, ring) for name in names)
    assert {asked.count(name) for name in names} == {min(3, len(names) - 1)}


def test_the_ring_of_nodes_closes():
    """Each node's NodePort is asked by itself and by the one before it."""
    nodes = tuple(view(name) for name in "abc")
    assert [(a.name, b.name) for a, b in services.ring(nodes)] == [
        ("a", "b"), ("b", "c"), ("c", "a"),
    ]  # fmt: skip


def test_only_ready_endpoints_count_and_unknown_is_ready():
    """EndpointSlice: `ready` absent or null must be read as true (discovery.k8s.io/v1)."""
    slices = [
        {"endpoints": [
            {"addresses": ["10.0.0.2"], "conditions": {"ready": True}},
            {"addresses": ["10.0.0.3"], "conditions": {"ready": False}},
            {"addresses": ["10.0.0.1"], "conditions": {}},
        ]},
        {"endpoints": None},
    ]  # fmt: skip
    assert services.ready_addresses(slices) == ["10.0.0.1", "10.0.0.2"]


def test_the_service_domain_is_read_from_a_pods_resolv_conf():
    """The search list has namespace, services and cluster, then the node's own."""
    text = "nameserver 10.96.0.10\nsearch ns.svc.k.example svc.k.example k.example corp\n"
    assert dns.service_domain(text) == "svc.k.example"
    assert dns.service_domain("nameserver 1.1.1.1\nsearch corp\n") == ""


def test_leftovers_are_older_than_ten_minutes():
    """By the API server's clock, which is the one that dated them."""
    now = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
    assert not throwaway.is_leftover("2026-01-01T11:50:00Z", now)
    assert throwaway.is_leftover("2026-01-01T11:49:59Z", now)
    assert timedelta(minutes=10) == now - datetime.fromisoformat("2026-01-01T11:50:00Z")


def test_namespace_names_are_valid_and_differ():
    """RFC 1123 labels, one for each run."""
    names = {throwaway.new_name() for _ in range(50)}
    assert len(names) > 45
    assert all(name.startswith("kprov-verify-") and len(name) == 18 for name in names)


def status(**fields: Any) -> str:
    return json.dumps({"kind": "Status", "apiVersion": "v1", **fields})


def test_exit_codes_come_from_the_error_channel():
    """remotecommand v4: Success is 0; NonZeroExitCode carries the code; the rest is an error."""
    failure = status(
        status="Failure", reason="NonZeroExitCode",
        details={"causes": [{"reason": "ExitCode", "message": "7"}]},
    )  # fmt: skip
    assert api._exit_code(status(status="Success"), "p") == 0
    assert api._exit_code(failure, "p") == 7
    with pytest.raises(ApiError, match="no such container"):
        api._exit_code(status(status="Failure", message="no such container"), "p")
    with pytest.raises(ApiError, match="without a status"):
        api._exit_code("", "p")


def test_a_proxys_error_page_is_an_error_in_words():
    """What is no metav1.Status is shown as it is, shortened."""
    error = api._refused(502, b"<html>Bad Gateway</html>", "GET /x")
    assert (error.status, error.message) == (502, "<html>Bad Gateway</html>")
    assert "kprov kubeconfig" in api._refused(401, b"{}", "GET /x").problem.hint
    assert len(api._refused(502, b"x" * 9999, "GET /x").message) == 300


def test_unknown_checks_are_refused_with_the_nearest_name():
    """A typing error in `only` is the user's input error, before anything is touched."""
    with pytest.raises(InputError, match="did you mean 'node-port'"):
        choose(("nodeport",))
    assert [check.name for check in choose(("job", "pod"))] == ["pod", "job"]
    assert choose(()) == CHECKS


def test_check_names_are_unique_and_none_takes_a_stages_name():
    """Names are the keys of `-o json`."""
    names = [check.name for check in CHECKS]
    assert len(set(names) | {"api", "nodes", "namespace", "cleanup"}) == len(names) + 4


def test_verdicts_become_results_and_surprises_stay_errors():
    """Only verdicts and errors meant for people are results; a bug is not a failed check."""
    assert result_of("n", "t", 1, "evidence").status == "ok"
    assert result_of("n", "t", 1, CheckNotRun("no image")).status == "not-run"
    failed = result_of("n", "t", 1, CheckFailed("what", "do"))
    assert (failed.status, failed.detail, failed.hint) == ("failed", "what", "do")
    api_said = result_of("n", "t", 1, ApiError(403, "Forbidden", "no", "POST /x"))
    assert api_said.detail == "POST /x: HTTP 403 Forbidden: no"
    with pytest.raises(KeyError):
        result_of("n", "t", 1, KeyError("bug"))
