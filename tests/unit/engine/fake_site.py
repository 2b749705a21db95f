"""A cluster of fake hosts behind the real command line: everything is real except SSH."""

from __future__ import annotations

import getpass
import hashlib
import io
import socket
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kprov.artifacts.catalogue import RELEASES, version_of
from kprov.artifacts.versions import component_versions
from kprov.cli.main import main
from kprov.model.cluster import ClusterSpec
from kprov.model.errors import KprovError
from kprov.model.host import Host
from kprov.transport.base import AbortedError
from kprov.transport.fake import FakeTransport
from tests.unit.engine.fake_host import ADDRESSES, FakeHost

VERSIONS = component_versions(ClusterSpec(kubernetes="v1.36.2"))
MEMBERS = {
    "etcd": ("etcd", "etcdctl"),
    "containerd": ("containerd", "containerd-shim-runc-v2", "ctr"),
    "cni-plugins": ("bridge", "host-local", "loopback", "portmap"),
    "crictl": ("crictl",),
}


def fake_mirror(folder: Path) -> Path:
    """A mirror folder in upstream's layout whose programs are their own names."""
    for name, release in RELEASES.items():
        version = version_of(name, VERSIONS)
        file = folder / release.url_of(version, "amd64").split("/", 3)[3]
        file.parent.mkdir(parents=True, exist_ok=True)
        members = MEMBERS.get(name)
        data = name.encode() if members is None else _archive(name, version, members)
        file.write_bytes(data)
        checksum = folder / release.checksum_url_of(version, "amd64").split("/", 3)[3]
        checksum.write_text(f"{hashlib.sha256(data).hexdigest()}  {file.name}\n")
    return folder


def _archive(name: str, version: str, members: tuple[str, ...]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for member in members:
            entry = tarfile.TarInfo(RELEASES[name].member_of(version, "amd64", member) or member)
            entry.size = len(member)
            archive.addfile(entry, io.BytesIO(member.encode()))
    return buffer.getvalue()


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass
class FakeSite:
    """Hosts by name, an inventory that names them, and the commands."""

    folder: Path
    mirror: Path
    capture: pytest.CaptureFixture[str]
    hosts: dict[str, FakeHost] = field(default_factory=dict)
    unreachable: dict[str, KprovError] = field(default_factory=dict)
    transports: list[FakeTransport] = field(default_factory=list)
    connecting: Callable[[Host], None] = field(default=lambda host: None)
    """Called before each connection."""

    other_mirror: str = ""
    """The address that the inventory names instead of the mirror folder."""
    state_folder: Path | None = None
    """What --state names, where a test does that."""
    aborted: bool = False
    """Whether a connector was told to end everything."""

    @contextmanager
    def slow_server(self, piece: Callable[[bytes], bytes]) -> Iterator[str]:
        """The mirror on loopback, larger than it is: every piece goes through `piece`."""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                file = site.mirror / self.path.lstrip("/")
                if not file.is_file():
                    self.send_error(404)
                    return
                self.send_response(200)
                data = file.read_bytes()
                if "sha256" in file.name.lower():
                    self.end_headers()
                    self.wfile.write(data)
                    return
                self.send_header("Content-Length", str(50 << 20))
                self.end_headers()
                with suppress(OSError):
                    for _ in range(50):
                        self.wfile.write(piece(b" " * (1 << 20)))

            def log_message(self, *words: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            serving = threading.Thread(target=server.serve_forever, args=(0.01,))
            serving.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}"
            finally:
                server.shutdown()
                serving.join()

    @property
    def inventory(self) -> Path:
        """The inventory file."""
        return self.folder / "inventory.yaml"

    @property
    def state(self) -> Path:
        """The cluster's state folder."""
        return self.state_folder or self.folder / ".kprov" / "demo"

    def write(
        self, *names: str, cluster: str = "", node_vars: Mapping[str, str] | None = None
    ) -> None:
        """An inventory of hosts cp1..cp3 and w1..w3; `cluster`: more lines of the cluster spec."""
        for name in names:
            self.hosts.setdefault(name, FakeHost(name))
        extra = "".join(f", {key}: {value}" for key, value in (node_vars or {}).items())

        def group(prefix: str) -> str:
            lines = [
                f"        {name}: {{ansible_host: 192.0.2.{ADDRESSES[name]}{extra}}}\n"
                for name in names if name.startswith(prefix)
            ]  # fmt: skip
            return "".join(lines) or "        {}\n"

        self.inventory.write_text(
            "cluster:\n  name: demo\n  kubernetes: v1.36.2\n"
            f"  artifacts: {{mirror: '{self.other_mirror or self.mirror.as_uri()}'}}\n{cluster}"
            "all:\n  children:\n"
            f"    kube_control_plane:\n      hosts:\n{group('cp')}"
            f"    kube_node:\n      hosts:\n{group('w')}"
        )

    def run(self, command: str, *words: str | Path) -> Done:
        """One command; its inventory is added."""
        self.transports.clear()
        self.aborted = False
        return self.main(command, self.inventory, *words)

    def main(self, *words: str | Path) -> Done:
        """A whole command line, exit included."""
        self.capture.readouterr()
        try:
            code = main([str(word) for word in words])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        said = self.capture.readouterr()
        return Done(code, said.out, said.err)

    def apply(self, *words: str) -> Done:
        """`kprov apply --yes`, which has to work."""
        done = self.run("apply", "--yes", *words)
        assert done.code == 0, done.err + done.out
        return done

    @property
    def owner(self) -> str:
        """In whose name this site's commands take leases."""
        return f"{getpass.getuser()}@{socket.gethostname()} {self.state}"

    @property
    def channels(self) -> dict[str, int]:
        """SSH channels of the last command, by host; each host was connected to at most once."""
        names = [transport.host.name for transport in self.transports]
        assert len(names) == len(set(names)), f"connected more than once: {names}"
        return {its.host.name: its.channels for its in self.transports}

    def connect(self, host: Host) -> FakeTransport:
        """What stands for SSH."""
        self.connecting(host)
        if host.name in self.unreachable:
            raise self.unreachable[host.name]
        return FakeTransport(host, self.hosts[host.name].answer)


def fake_connector(site: FakeSite) -> type:
    """A class in place of SshConnector that connects to the site's hosts."""

    class FakeConnector:
        def __init__(self, known_hosts: Path, *, log: Callable[[str], None]) -> None:
            assert known_hosts == site.state / "known_hosts"
            self._log = log
            self._lock = threading.Lock()

        def connect(self, host: Host) -> FakeTransport:
            self._log(f"{host.name}: connecting to {host.connection.address}")
            transport = site.connect(host)
            with self._lock:
                if site.aborted:
                    raise AbortedError("the connections of this run were ended", where=host.name)
                site.transports.append(transport)
            return transport

        def abort(self) -> None:
            with self._lock:
                site.aborted = True
            for transport in site.transports:
                transport.abort()

        def close(self) -> None:
            for transport in site.transports:
                transport.close()

    return FakeConnector
