"""Losing machines under load: a client that writes all the time, and what became of its writes."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import yaml
from kubernetes import client, config

from kprov.machines import lifecycle
from kprov.machines.folders import Folders
from tests.e2e.site import Site
from tests.testbed.mirror import default_cache

EVERY = 0.1
ANSWER_SECONDS = 2.0
PROXY_PORT = 6444


@dataclass(slots=True)
class Writes:
    """ConfigMaps that the API acknowledged, each with its time; `refused` counts the others."""

    namespace: str
    acknowledged: dict[str, float] = field(default_factory=dict)
    refused: int = 0

    def longest_gap(self) -> float:
        """The longest time without an acknowledged write, in seconds."""
        times = list(self.acknowledged.values())
        return max((b - a for a, b in pairwise(times)), default=0.0)

    def since(self, moment: float) -> int:
        """How many were acknowledged after a moment."""
        return sum(at > moment for at in self.acknowledged.values())


@contextmanager
def writing(site: Site, worker: str, name: str) -> Iterator[Writes]:
    """Write every 100 ms through a worker's own proxy, as programs there do, until the end.

    A write that was not acknowledged is tried again: it may have been done all the same (409).
    """
    with _proxy(site, worker) as port:
        api = _api(site, port)
        api.create_namespace({"metadata": {"name": name}}, _request_timeout=ANSWER_SECONDS)
        writes, over = Writes(name), threading.Event()
        thread = threading.Thread(target=_write, args=(api, writes, over))
        thread.start()
        try:
            yield writes
        finally:
            over.set()
            thread.join()


def read_back(site: Site, worker: str, writes: Writes) -> set[str]:
    """The names of all ConfigMaps that are there."""
    with _proxy(site, worker) as port:
        found = _api(site, port).list_namespaced_config_map(writes.namespace)
    return {its.metadata.name for its in found.items}


def _write(api: client.CoreV1Api, writes: Writes, over: threading.Event) -> None:
    number = 0
    while not over.wait(EVERY):
        body = {"metadata": {"name": f"w-{number}"}, "data": {"n": str(number)}}
        try:
            api.create_namespaced_config_map(
                writes.namespace, body, _request_timeout=ANSWER_SECONDS
            )
        except client.ApiException as error:
            if error.status != 409:
                writes.refused += 1
                continue
        except Exception:  # noqa: BLE001  whatever a broken connection raises
            writes.refused += 1
            continue
        writes.acknowledged[f"w-{number}"] = time.monotonic()
        number += 1


def _api(site: Site, port: int) -> client.CoreV1Api:
    kubeconfig = yaml.safe_load((site.state / "kubeconfig").read_text())
    kubeconfig["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
    settings = client.Configuration()
    settings.retries = False
    config.load_kube_config_from_dict(kubeconfig, client_configuration=settings)
    return client.CoreV1Api(client.ApiClient(settings))


@contextmanager
def _proxy(site: Site, worker: str) -> Iterator[int]:
    """A port of this computer that leads to 127.0.0.1:6444 of a worker."""
    port = 16400 + int(site.hosts[worker].rpartition(".")[2])
    way = f"127.0.0.1:{port}:127.0.0.1:{PROXY_PORT}"
    words = (*site.ssh_words(worker), "-N", "-o", "ExitOnForwardFailure=yes", "-L", way)
    tunnel = subprocess.Popen(words, stdin=subprocess.DEVNULL)
    try:
        until(lambda: _listens(port), "the tunnel to the proxy", 30)
        yield port
    finally:
        tunnel.terminate()
        tunnel.wait()


def _listens(port: int) -> bool:
    line = f":{port:04X} 00000000:0000 0A"
    return line in Path("/proc/net/tcp").read_text()


def until(reached: Callable[[], bool], what: str, seconds: float = 120.0) -> float:
    """Wait until `reached`, and tell how long it took; AssertionError when time is up."""
    start = time.monotonic()
    while not reached():
        assert time.monotonic() - start < seconds, f"no {what} within {seconds} s"
        time.sleep(0.2)
    return time.monotonic() - start


def cut_power(site: Site, host: str) -> None:
    """End a machine at once; its disk stays."""
    lifecycle.stop(site.name, host, cache=default_cache(), report=print, power_cut=True)


def power_on(site: Site, host: str) -> None:
    """Boot it again; returns when its sshd answers."""
    lifecycle.start(site.name, host, cache=default_cache(), report=print)


def replaced(site: Site, host: str) -> None:
    """Another machine of that name and address: an empty disk, another host key."""
    cut_power(site, host)
    shutil.rmtree(Folders(default_cache()).machine(site.name, host))
    site.kprov("local", "up", site.inventory).exits(0)


def leader(site: Site, asked: str) -> str:
    """The host whose etcd leads; asked from one of the members."""
    said = site.run(asked, f"{ETCDCTL} endpoint status --cluster -w simple")
    # ENDPOINT, ID, VERSION, SIZE, LEADER, ...
    rows = [line.split(", ") for line in said.splitlines()]
    (endpoint,) = [row[0] for row in rows if row[4] == "true"]
    address = endpoint.removeprefix("https://").rpartition(":")[0]
    return next(name for name, its in site.hosts.items() if its == address)


def member_healthy(site: Site, host: str) -> bool:
    """Whether a host's etcd answers out of a quorum."""
    return "is healthy" in site.run(host, f"{ETCDCTL} endpoint health 2>&1 || true")


def api_ready(site: Site, host: str) -> bool:
    """Whether a host's own apiserver is ready, and etcd behind it."""
    ask = "kubectl --kubeconfig=/etc/kubernetes/admin.conf get --raw=/readyz 2>/dev/null || true"
    return site.run(host, ask).strip() == "ok"


ETCDCTL = (
    "ETCDCTL_API=3 etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/etcd/pki/ca.crt "
    "--cert=/etc/etcd/pki/healthcheck-client.crt --key=/etc/etcd/pki/healthcheck-client.key"
)
