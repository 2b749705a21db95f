"""A real control plane on loopback: etcd, kube-apiserver, kube-controller-manager, kube-scheduler.

The programs come from the mirror that KPROV_TEST_MIRROR names, or from the test bed's own.
"""

from __future__ import annotations

import http.client
import os
import platform
import socket
import ssl
import subprocess
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kprov.model.secret import Secret
from kprov.model.version import Version
from kprov.pki import keys
from kprov.pki.ca import create_authority
from kprov.pki.certs import issue
from kprov.pki.kubeconfig import InlineAuthority, InlineCredentials, kubeconfig
from kprov.pki.request import CertificateRequest

ARCH = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]


@dataclass(frozen=True)
class ControlPlane:
    """A running control plane and how to speak to it."""

    kubeconfig: Path
    version: str
    folder: Path
    port: int

    def kubeconfig_for(self, port: int) -> Path:
        """A kubeconfig that points at another port, where nothing listens."""
        path = self.folder / f"kubeconfig-{port}"
        path.write_text(self.kubeconfig.read_text().replace(f":{self.port}", f":{port}"))
        return path


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The folder of artefacts in upstream's layout."""
    named = os.environ.get("KPROV_TEST_MIRROR")
    if named:
        return Path(named)
    from tests.testbed.mirror import build_mirror, default_cache

    return build_mirror(default_cache())


@pytest.fixture(scope="session")
def control_plane(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane with RBAC and without a single node."""
    folder = tmp_path_factory.mktemp("control-plane")
    version = max((path.name for path in (mirror / "release").iterdir()), key=Version.parse)
    programs = mirror / "release" / version / "bin" / "linux" / ARCH
    processes: list[subprocess.Popen[bytes]] = []
    try:
        yield _start(folder, version, programs, _etcd(mirror, folder), processes)
    finally:
        for process in processes:
            process.kill()  # the data goes with the folder: nothing needs an orderly end
            process.wait(timeout=30)


def free_port() -> int:
    """A TCP port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _etcd(mirror: Path, folder: Path) -> Path:
    releases = mirror / "etcd-io/etcd/releases/download"
    newest = max(releases.iterdir(), key=lambda path: Version.parse(path.name))
    with tarfile.open(newest / f"etcd-{newest.name}-linux-{ARCH}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder / f"etcd-{newest.name}-linux-{ARCH}" / "etcd"


def _start(
    folder: Path,
    version: str,
    programs: Path,
    etcd: Path,
    processes: list[subprocess.Popen[bytes]],
) -> ControlPlane:
    client, peer, secure = free_port(), free_port(), free_port()
    admin = _certificates(folder, secure)
    plane = ControlPlane(admin, version, folder, secure)

    def run(name: str, program: Path, **flags: object) -> None:
        words = [f"--{flag.replace('_', '-')}={value}" for flag, value in flags.items()]
        with (folder / f"{name}.log").open("wb") as log:
            command = [program, *words]
            processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=folder))

    run(
        "etcd",
        etcd,
        data_dir=folder / "data",
        listen_client_urls=f"http://127.0.0.1:{client}",
        advertise_client_urls=f"http://127.0.0.1:{client}",
        listen_peer_urls=f"http://127.0.0.1:{peer}",
        initial_advertise_peer_urls=f"http://127.0.0.1:{peer}",
        initial_cluster=f"default=http://127.0.0.1:{peer}",
        unsafe_no_fsync="true",
    )
    run(
        "kube-apiserver",
        programs / "kube-apiserver",
        etcd_servers=f"http://127.0.0.1:{client}",
        bind_address="127.0.0.1",
        secure_port=secure,
        authorization_mode="Node,RBAC",
        client_ca_file=folder / "ca.crt",
        tls_cert_file=folder / "api.crt",
        tls_private_key_file=folder / "api.key",
        service_account_key_file=folder / "sa.pub",
        service_account_signing_key_file=folder / "sa.key",
        service_account_issuer="https://kubernetes.default.svc",
        service_cluster_ip_range="10.96.0.0/16",
        endpoint_reconciler_type="none",
    )
    _wait_ready(folder, secure, processes)
    insecure = {"port": 0} if not Version.parse(version).at_least("1.23") else {}
    leader = {"kubeconfig": admin, "leader_elect": "false", "bind_address": "127.0.0.1"}
    run(
        "kube-controller-manager",
        programs / "kube-controller-manager",
        service_account_private_key_file=folder / "sa.key",
        root_ca_file=folder / "ca.crt",
        use_service_account_credentials="true",
        secure_port=free_port(),
        **leader,
        **insecure,
    )
    run(
        "kube-scheduler",
        programs / "kube-scheduler",
        secure_port=free_port(),
        **leader,
        **insecure,
    )
    return plane


def _certificates(folder: Path, port: int) -> Path:
    now = datetime.now(UTC)
    authority = create_authority("kubernetes", "test", "ecdsa", 2, now)

    def leaf(name: str, **fields: object) -> tuple[str, Secret]:
        request = CertificateRequest(
            name=name,
            authority="kubernetes",
            lifetime=timedelta(days=1),
            **fields,  # type: ignore[arg-type]
        )
        key = keys.generate("ecdsa", "leaf")
        certificate = issue(request, authority, key, now)
        from cryptography.hazmat.primitives.serialization import Encoding

        return certificate.public_bytes(Encoding.PEM).decode(), Secret(keys.to_pem(key).decode())

    def write(name: str, text: str) -> None:
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)

    serving, serving_key = leaf(
        "api", common_name="api", alternative_names=("127.0.0.1",), usage="server"
    )
    admin, admin_key = leaf("admin", common_name="admin", organizations=("system:masters",))
    account = keys.generate("ecdsa", "leaf")
    write("ca.crt", authority.cert_pem)
    write("api.crt", serving)
    write("api.key", serving_key.reveal())
    write("sa.key", keys.to_pem(account).decode())
    write("sa.pub", keys.public_pem(account))
    write(
        "kubeconfig",
        kubeconfig(
            cluster="test",
            server=f"https://127.0.0.1:{port}",
            authority=InlineAuthority(authority.cert_pem),
            user="admin",
            credentials=InlineCredentials(admin, admin_key),
        ),
    )
    return folder / "kubeconfig"


def _wait_ready(folder: Path, port: int, processes: list[subprocess.Popen[bytes]]) -> None:
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    deadline = time.monotonic() + 60
    while True:
        for process in processes:
            if process.poll() is not None:
                log = (folder / "kube-apiserver.log").read_text()[-2000:]
                pytest.fail(f"{process.args} ended with {process.returncode}: {log}")
        try:
            connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            pytest.fail(
                f"no /readyz within 60 s: {(folder / 'kube-apiserver.log').read_text()[-2000:]}"
            )
        time.sleep(0.1)
