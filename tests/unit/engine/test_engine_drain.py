"""Draining nodes of a managed cluster, against a fake API server."""

from __future__ import annotations

import pytest

from kprov.engine.drain import drain
from kprov.model.errors import ProviderError
from tests.azure.fake_kubernetes import fake_kubernetes

SELECTOR = "kubernetes.azure.com/agentpool=work"


def test_pods_that_move_are_evicted_and_others_stay() -> None:
    """Daemons, mirror pods and pods that have ended are of the node."""
    with fake_kubernetes() as api:
        api.nodes = {"n1": {"kubernetes.azure.com/agentpool": "work"}, "n2": {}}
        api.pod("web", "n1")
        api.pod("daemon", "n1", ownerReferences=[{"kind": "DaemonSet"}])
        api.pod("static", "n1", annotations={"kubernetes.io/config.mirror": "x"})
        api.pod("elsewhere", "n2")
        api.pod("ended", "n1")
        api.pods["ended"]["status"]["phase"] = "Succeeded"
        said: list[str] = []
        drain(api.kubeconfig(), SELECTOR, said.append, pause=0.01)
        assert api.cordoned == ["n1"]
        assert api.evicted == ["web"]
        assert said == ["1 nodes cordoned, draining them"]


def test_a_budget_that_never_allows_it_is_told() -> None:
    """Nothing is deleted by force."""
    with fake_kubernetes() as api:
        api.nodes = {"n1": {"kubernetes.azure.com/agentpool": "work"}}
        api.pod("db", "n1")
        api.refusals = 10**6
        with pytest.raises(ProviderError) as caught:
            drain(api.kubeconfig(), SELECTOR, lambda _: None, seconds=0.2, pause=0.01)
        assert "1 pods do not leave the nodes: default/db" in caught.value.problem.what
        assert "disruption budget" in caught.value.problem.hint
        assert list(api.pods) == ["db"]
