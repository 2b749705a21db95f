"""The API's resources by path. Bodies stay plain JSON, so one client serves every version."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class ApiResource:
    """A kind of object and where the API serves it."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str = "", name: str = "", sub: str = "") -> str:
        """The URL path of the collection, of one object, or of one object's subresource.

        A namespace is left out for kinds that live in none.
        """
        prefix = "/apis/" if "/" in self.api_version else "/api/"
        parts = [prefix + self.api_version]
        if namespace and self.namespaced:
            parts += ["namespaces", quote(namespace, safe="")]
        parts += [part for part in (self.plural, quote(name, safe=""), sub) if part]
        return "/".join(parts)


NAMESPACES = ApiResource("v1", "Namespace", "namespaces", namespaced=False)
NODES = ApiResource("v1", "Node", "nodes", namespaced=False)
PODS = ApiResource("v1", "Pod", "pods")
EVENTS = ApiResource("v1", "Event", "events")
SERVICES = ApiResource("v1", "Service", "services")
CONFIG_MAPS = ApiResource("v1", "ConfigMap", "configmaps")
SECRETS = ApiResource("v1", "Secret", "secrets")
SERVICE_ACCOUNTS = ApiResource("v1", "ServiceAccount", "serviceaccounts")
DEPLOYMENTS = ApiResource("apps/v1", "Deployment", "deployments")
REPLICA_SETS = ApiResource("apps/v1", "ReplicaSet", "replicasets")
DAEMON_SETS = ApiResource("apps/v1", "DaemonSet", "daemonsets")
JOBS = ApiResource("batch/v1", "Job", "jobs")
ROLES = ApiResource("rbac.authorization.k8s.io/v1", "Role", "roles")
ROLE_BINDINGS = ApiResource("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings")
CLUSTER_ROLES = ApiResource(
    "rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", namespaced=False
)
CLUSTER_ROLE_BINDINGS = ApiResource(
    "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False
)
SUBJECT_ACCESS_REVIEWS = ApiResource(
    "authorization.k8s.io/v1", "SubjectAccessReview", "subjectaccessreviews", namespaced=False
)
SELF_SUBJECT_ACCESS_REVIEWS = ApiResource(
    "authorization.k8s.io/v1",
    "SelfSubjectAccessReview",
    "selfsubjectaccessreviews",
    namespaced=False,
)


def cron_jobs(api_version: str) -> ApiResource:
    """CronJobs: batch/v1 since Kubernetes 1.21, batch/v1beta1 until 1.24."""
    return ApiResource(api_version, "CronJob", "cronjobs")


def endpoint_slices(api_version: str) -> ApiResource:
    """EndpointSlices: discovery.k8s.io/v1 since Kubernetes 1.21, v1beta1 until 1.24."""
    return ApiResource(api_version, "EndpointSlice", "endpointslices")
