"""kubeconfigs of a cluster: admin, user, and none when local accounts are disabled.

Source: aks.md 6.9; https://learn.microsoft.com/rest/api/aks/managed-clusters/list-cluster-user-credentials
(`server-fqdn`, `format`).
"""

from __future__ import annotations

import base64

import yaml

from tests.azure.arm import Call, Route
from tests.azure.arm_errors import Refusal
from tests.azure.exchange import Json, Response
from tests.azure.state import Cluster

SERVER_APPLICATION = "6dae42f8-4368-4678-94ff-3960e28e3630"
"""The Entra application that stands for all AKS API servers (aks.md 6.9)."""


def _api_server(call: Call, cluster: Cluster) -> Json:
    """A kubeconfig to start from: that of the stand-in, else one that leads nowhere."""
    make = call.world.settings.kubeconfig
    if make is not None:
        stand_in: Json = yaml.safe_load(make(cluster))
        return stand_in
    host = cluster.properties.get("privateFQDN") or cluster.properties["fqdn"]
    ca = base64.b64encode(b"no certificate: no API server is configured").decode()
    return {
        "clusters": [
            {"cluster": {"server": f"https://{host}:443", "certificate-authority-data": ca}}
        ],
        "users": [{"user": {"token": "none"}}],
    }


def _kubeconfig(cluster: Cluster, user_name: str, server: Json, user: Json) -> str:
    context = cluster.name + ("-admin" if "Admin" in user_name else "")
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "clusters": [{"name": cluster.name, "cluster": server}],
        "users": [{"name": user_name, "user": user}],
        "contexts": [{"name": context, "context": {"cluster": cluster.name, "user": user_name}}],
        "current-context": context,
    }
    return yaml.safe_dump(config, sort_keys=False)


def _answer(name: str, text: str) -> Response:
    value = base64.b64encode(text.encode()).decode()
    return Response(200, {"kubeconfigs": [{"name": name, "value": value}]})


def _ready(call: Call) -> Cluster:
    cluster = call.subscription.cluster(call["group"], call["name"])
    if "fqdn" not in cluster.properties:
        raise Refusal(
            404, "NotFound", f"The control plane of cluster {cluster.name} does not exist yet."
        )
    return cluster


def admin(call: Call) -> Response:
    """With a client certificate; refused when local accounts are disabled."""
    cluster = _ready(call)
    if cluster.properties.get("disableLocalAccounts"):
        raise Refusal.bad_request(
            "Getting static credential is not allowed because this cluster is set to disable "
            "local accounts."
        )
    base = _api_server(call, cluster)
    name = f"clusterAdmin_{cluster.group}_{cluster.name}"
    text = _kubeconfig(cluster, name, base["clusters"][0]["cluster"], base["users"][0]["user"])
    return _answer("clusterAdmin", text)


def user(call: Call) -> Response:
    """Without Entra like the admin's; with it, an exec plugin or the old auth provider."""
    cluster = _ready(call)
    base = _api_server(call, cluster)
    name = f"clusterUser_{cluster.group}_{cluster.name}"
    entra = cluster.properties.get("aadProfile")
    if entra is None:
        if cluster.properties.get("disableLocalAccounts"):
            raise Refusal.bad_request("Getting static credential is not allowed.")
        sign_in = base["users"][0]["user"]
    elif call.request.query.get("format", "").lower() == "exec":
        sign_in = _exec_plugin(call)
    else:
        sign_in = {
            "auth-provider": {"name": "azure", "config": {"apiserver-id": SERVER_APPLICATION}}
        }
    return _answer(
        "clusterUser", _kubeconfig(cluster, name, base["clusters"][0]["cluster"], sign_in)
    )


def _exec_plugin(call: Call) -> Json:
    """https://azure.github.io/kubelogin/concepts/aks.html."""
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": "kubelogin",
            "args": [
                "get-token",
                "--environment",
                "AzurePublicCloud",
                "--server-id",
                SERVER_APPLICATION,
                "--client-id",
                "80faf920-1908-4b52-b5ef-a8e7bedfc67a",
                "--tenant-id",
                call.subscription.tenant,
                "--login",
                "devicecode",
            ],
            "env": None,
            "installHint": "kubelogin is not installed. See https://aka.ms/aks/kubelogin",
            "provideClusterInfo": False,
        }
    }


_ONE = "/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters/{name}"
_ACTIONS = "Microsoft.ContainerService/managedClusters"
_SPACE = "Microsoft.ContainerService"
ROUTES = [
    Route(
        "POST",
        f"{_ONE}/listClusterAdminCredential",
        f"{_ACTIONS}/listClusterAdminCredential/action",
        admin,
        _SPACE,
    ),
    Route(
        "POST",
        f"{_ONE}/listClusterUserCredential",
        f"{_ACTIONS}/listClusterUserCredential/action",
        user,
        _SPACE,
    ),
    Route(
        "POST",
        f"{_ONE}/listClusterMonitoringUserCredential",
        f"{_ACTIONS}/listClusterMonitoringUserCredential/action",
        user,
        _SPACE,
    ),
]
