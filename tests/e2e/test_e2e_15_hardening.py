"""Everything that can be asked of security and of the API, on one machine: that it holds, proven by
evidence from the machine, and that what is wrong never reaches a running component."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from kprov.model.share import share
from tests.e2e.conftest import Machines
from tests.e2e.site import Site, Supply, one_machine
from tests.e2e.steps import converged, unchanged, verified

HOST, ADDRESS = "n1", "10.97.126.11"
KUBECTL = "/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf"
ETCDCTL = (
    "ETCDCTL_API=3 /usr/local/bin/etcdctl --endpoints=https://127.0.0.1:2379 "
    "--cacert=/etc/etcd/pki/ca.crt --cert=/etc/etcd/pki/healthcheck-client.crt "
    "--key=/etc/etcd/pki/healthcheck-client.key"
)
POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - {level: None, userGroups: ["system:nodes"]}
  - {level: Metadata}
"""
EXPOSURE = {
    "etcd": 1.5, "kube-apiserver": 1.5, "kube-controller-manager": 1.5, "kube-scheduler": 1.5,
    "kube-proxy": 3.0, "kprov-pod-network": 3.0, "kubelet": 9.4, "containerd": 9.6,
}  # fmt: skip
"""Most that `systemd-analyze security` may say of a unit, of 10: the kubelet mounts for pods, and
containers are children of containerd, so neither can be in a sandbox."""

pytestmark = [pytest.mark.e2e, pytest.mark.story]


@pytest.fixture(scope="module")
def site(machines: Machines, supply: Supply) -> Iterator[Site]:
    """One booted machine."""
    with machines(supply, "e2e-hard", {HOST: ADDRESS}) as site:
        (site.directory / "policy.yaml").write_text(POLICY)
        subprocess.run(
            ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-keyout", "/dev/null", "-subj", "/CN=id.example.com authority",
             "-out", str(site.directory / "oidc-ca.pem")),
            capture_output=True, check=True,
        )  # fmt: skip
        inventory(site)
        yield site


def inventory(site: Site, **more: Any) -> None:
    """Everything at once; `more` is laid over it."""
    cluster = site.supply.cluster(
        "e2e-hard",
        local={},
        hardening="cis",
        oidc={
            "issuer_url": "https://id.example.com",
            "client_id": "kprov",
            "username_claim": "email",
            "groups_claim": "groups",
            "groups_prefix": "oidc:",
            "ca_file": "oidc-ca.pem",
            "required_claims": {"hd": "example.com", "tier": "gold"},
        },
        audit={"policy": "policy.yaml", "days": 45},
        feature_gates={"GracefulNodeShutdown": True},
    )
    cluster["kube_apiserver"] = {
        "admission_plugins": {"enable": ["PodNodeSelector"]},
        "runtime_config": {"api/beta": True},
        **more.pop("kube_apiserver", {}),
    }
    site.write(one_machine({**cluster, **more}, HOST, {"ansible_host": ADDRESS}))


def benchmark(site: Site, code: int) -> dict[str, dict[str, Any]]:
    """`status --cis`: every check by its number."""
    status = site.kprov("status", site.inventory, "--cis", "-o", "json").exits(code)
    return {check["id"]: check for check in status.data["hosts"][HOST]["cis"]}


def started(site: Site) -> str:
    """When the apiserver was started."""
    return site.run(HOST, "systemctl show -P ActiveEnterTimestampMonotonic kube-apiserver.service")


def test_apply(site: Site):
    """One apply, and nothing is left to do."""
    converged(site)


def test_verify(site: Site):
    """A hardened cluster does its work all the same."""
    verified(site)


def test_every_check_of_the_benchmark(site: Site):
    """A fresh cluster: what is scored passes; what does not apply says why; in one round trip."""
    found = benchmark(site, 0)
    assert len(found) == 98
    assert {check["status"] for check in found.values() if check["scored"]} == {"pass"}
    assert not [check for check in found.values() if check["status"] == "fail"]
    assert all(check["evidence"] for check in found.values())
    site.kprov("status", site.inventory, "--cis").exits(0).says("CIS Kubernetes Benchmark", "pass")


def test_secrets_are_encrypted_in_etcd(site: Site):
    """The stored value begins with the provider's name; the word is nowhere in it."""
    site.run(HOST, f"{KUBECTL} create secret generic proof --from-literal=word=open-sesame-4711")
    stored = site.run(
        HOST, f"{ETCDCTL} get /registry/secrets/default/proof --print-value-only | base64 -w0"
    )
    raw = subprocess.run(
        ("base64", "-d"), input=stored.encode(), capture_output=True, check=True
    ).stdout
    assert raw.startswith(b"k8s:enc:secretbox:v1:kprov-")
    assert b"open-sesame" not in raw
    read = site.run(HOST, f"{KUBECTL} get secret proof -o jsonpath={{.data.word}} | base64 -d")
    assert read == "open-sesame-4711"
    mode = site.run(HOST, "stat -c '%a %U' /etc/kubernetes/encryption.yaml").split()
    assert mode == ["600", "kube-apiserver"]


def test_what_was_written_before_stays_readable(site: Site):
    """Plain values, as a cluster without encryption has them, are read through `identity`."""
    site.run(HOST, r"""
        cd /etc/kubernetes
        sed -i '/- identity/d; s/^\( *\)- secretbox:/\1- identity: {}\n&/' encryption.yaml
        systemctl kill --signal=KILL kube-apiserver
    """)  # fmt: skip
    site.run(HOST, f"until {KUBECTL} get --raw=/readyz >/dev/null 2>&1; do sleep 0.2; done")
    site.run(HOST, f"{KUBECTL} create secret generic old --from-literal=word=plain")
    stored = f"{ETCDCTL} get /registry/secrets/default/old --print-value-only"
    assert site.run(HOST, f"{stored} | grep -ac plain").strip() != "0", "not written in plain text"
    assert site.run(HOST, f"{stored} | grep -ac k8s:enc || true").strip() == "0"
    converged(site)
    read = site.run(HOST, f"{KUBECTL} get secret old -o jsonpath={{.data.word}} | base64 -d")
    assert read == "plain"


def test_nobody_without_a_name(site: Site):
    """The API and the kubelet answer 401; the audit log has lines of JSON by the user's policy."""
    for port in (6443, 10250):
        code = site.run(
            HOST, f"curl -sk -o /dev/null -w '%{{http_code}}' https://{ADDRESS}:{port}/pods || true"
        )
        assert code == "401" or "curl" not in site.run(HOST, "command -v curl || true")
    line = site.run(HOST, "tail -n 1 /var/log/kubernetes/audit/audit.log")
    assert json.loads(line)["level"] == "Metadata"
    assert "--audit-log-maxage=45" in site.run(
        HOST, "tr '\\0' ' ' </proc/$(pidof kube-apiserver)/cmdline"
    )


def test_units_are_sandboxed(site: Site, record_property: pytest.RecordProperty):
    """`systemd-analyze security` of each unit, printed and held below a bound."""
    script = "".join(
        f"echo {name} $(systemd-analyze security --no-pager {name}.service | tail -n 1 | "
        "sed 's/.*service: *//' | cut -d' ' -f1)\n" for name in EXPOSURE
    )  # fmt: skip
    scores = {
        name: float(score) for name, score in map(str.split, site.run(HOST, script).splitlines())
    }
    for name, score in scores.items():
        print(f"systemd-analyze security {name}.service: {score}")
        record_property(f"exposure of {name}", score)
    assert set(scores) == set(EXPOSURE)
    assert not [name for name, score in scores.items() if score > EXPOSURE[name]], scores


def test_sabotage_is_found(site: Site):
    """What somebody changed by hand fails its checks and no others, with how it is now."""
    site.run(HOST, """
        chmod 0644 /etc/kubernetes/kubelet.yaml
        chmod 0640 /etc/kubernetes/pki/service-account.key
        sed -i 's/--profiling=false/--profiling=true/' /etc/systemd/system/kube-scheduler.service
        systemctl daemon-reload && systemctl restart kube-scheduler
    """)  # fmt: skip
    found = benchmark(site, 2)
    failed = {
        number: check["evidence"] for number, check in found.items() if check["status"] == "fail"
    }
    assert set(failed) == {"1.1.21", "1.4.1", "4.1.9"}
    assert "/etc/kubernetes/pki/service-account.key is 0640" in failed["1.1.21"]
    assert failed["1.4.1"] == "--profiling=true"
    assert "/etc/kubernetes/kubelet.yaml is 0644" in failed["4.1.9"]
    converged(site)
    assert not [check for check in benchmark(site, 0).values() if check["status"] == "fail"]


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"audit": {"policy": "wrong.yaml"}}, "did you mean 'Metadata'?"),
        (
            {"oidc": {"issuer_url": "http://id.example.com", "client_id": "a"}},
            "expected an https://",
        ),
        (
            {"feature_gates": {"GracefullNodeShutdown": True}},
            "did you mean 'GracefulNodeShutdown'?",
        ),
        ({"hardening": "csi"}, "did you mean 'cis'?"),
        (
            {"kube_apiserver": {"extra_args": {"etcd-servers": "https://x"}}},
            "hosts of the group etcd",
        ),
    ],
)
def test_bad_input_touches_nothing(site: Site, over: dict[str, Any], words: str):
    """Exit 3 before any connection; the apiserver runs on."""
    before = started(site)
    (site.directory / "wrong.yaml").write_text(
        POLICY.replace("level: Metadata", "level: Metadatta")
    )
    inventory(site, **over)
    site.kprov("apply", site.inventory, "--yes").exits(3).says(words)
    assert started(site) == before


def test_flags_that_the_apiserver_refuses(site: Site):
    """They are tried before the running one is stopped: it runs on, the error says what it said."""
    before = started(site)
    inventory(site, kube_apiserver={"extra_args": {"no-such-flag": "one two"}})
    done = site.kprov("apply", site.inventory, "--yes").exits(1)
    done.says(
        "kube-apiserver.service does not take its new command line",
        "runs on as it was",
        "unknown flag: --no-such-flag",
        "likely cause: a flag that this version does not know: check extra_args",
    )
    assert started(site) == before
    assert site.run(HOST, f"{KUBECTL} get --raw=/readyz") == "ok"
    assert not site.run(HOST, "ls /run/systemd/system | grep kprov-try || true")
    inventory(site)
    converged(site)


def test_a_value_that_only_a_start_can_refuse(site: Site):
    """A file that is not there: the apiserver does not come up, and its own words are shown."""
    role = site.directory / "roles" / "kube-apiserver"  # as kprov's, with less patience
    shutil.copytree(f"{share('roles')}/kube-apiserver", role)
    tasks = role / "tasks.yaml"
    tasks.write_text(re.sub(r"timeout: \d+", "timeout: 20", tasks.read_text()))
    inventory(site, kube_apiserver={"extra_args": {"egress-selector-config-file": "/nowhere"}})
    done = site.kprov("apply", site.inventory, "--yes").exits(1)
    done.says(
        "wait:kube-apiserver is ready",
        "last journal lines of kube-apiserver.service",
        "open /nowhere: no such file or directory",
    )
    shutil.rmtree(role)
    inventory(site)
    converged(site)


def test_everything_works_in_the_end(site: Site):
    """And nothing is left to do."""
    verified(site, "pod", "rbac")
    unchanged(site)
