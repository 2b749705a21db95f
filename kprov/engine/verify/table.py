"""What `kprov verify` proves: the table of checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from kprov.engine.verify import access, batch, dns, pods, services, storage, tenants, workloads
from kprov.engine.verify.session import Session


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to prove. `run` returns the evidence, or raises CheckFailed or CheckNotRun."""

    name: str
    title: str
    run: Callable[[Session], str]
    needs: Literal["api", "pods", "fleet"] = "pods"
    """What it works with: the API alone, pods of its own, or the pods of `fleet` as well."""


CHECKS = (
    Check("pod", "Pod: runs, log, exec", pods.pod),
    Check("daemonset", "DaemonSet: a pod on every node", pods.daemon_set, needs="fleet"),
    Check(
        "pod-network",
        "Pods reach each other, on a node and across",
        pods.pod_network,
        needs="fleet",
    ),
    Check("cluster-ip", "Service ClusterIP from every node", services.cluster_ip, needs="fleet"),
    Check("node-port", "Service NodePort on every node", services.node_port, needs="fleet"),
    Check("dns", "DNS in pods", dns.dns, needs="fleet"),
    Check(
        "deployment", "Deployment: create, scale, rolling update, rollback", workloads.deployment
    ),
    Check("replicaset", "ReplicaSet replaces a deleted pod", workloads.replica_set),
    Check("job", "Job runs to completion", batch.job),
    Check("cronjob", "CronJob: schedule, Job from its template", batch.cron_job),
    Check("configmap", "ConfigMap as file, environment, argument", storage.config_map),
    Check("secret", "Secret as file, environment, argument", storage.secret),
    Check("emptydir", "emptyDir volume", storage.empty_dir),
    Check("hostpath", "hostPath volume", storage.host_path),
    Check("labels", "Labels and selectors", access.labels, needs="api"),
    Check("scheduling", "nodeSelector and taints obeyed", pods.scheduling),
    Check("rbac", "RBAC allows and denies", access.rbac, needs="api"),
    Check("tenants", "Tenants: own Secrets alone, stopped by quota", tenants.tenants, needs="api"),
    Check("serviceaccount", "Service account: token in a pod", access.service_account),
)
