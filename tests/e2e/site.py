"""Real machines for one scenario: an inventory in a folder of its own, and a way in."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from kprov.artifacts.mirror_folder import FolderSource
from kprov.artifacts.versions import component_versions
from kprov.machines import private_key
from kprov.model.cluster import ClusterSpec
from tests.e2e.command import Kprov
from tests.e2e.mirror_folder import Images
from tests.e2e.snapshot import SCRIPT, Snapshot
from tests.testbed.mirror import default_cache


@dataclass(frozen=True, slots=True)
class Supply:
    """Where artefacts come from, which release is installed, and its images."""

    mirror: Path
    kubernetes: str
    images: Images

    def versions(self) -> dict[str, str]:
        """What `cluster.versions` has to say where a mirror cannot be listed (a web server)."""
        offered = FolderSource(self.mirror).offered("amd64")
        chosen = component_versions(ClusterSpec(kubernetes=self.kubernetes), offered)
        names = ("etcd", "containerd", "runc", "cni_plugins")
        return {name: getattr(chosen, name) for name in names}

    def cluster(self, name: str, **more: object) -> dict[str, object]:
        """The `cluster:` of an inventory."""
        return {
            "name": name,
            "kubernetes": self.kubernetes,
            "artifacts": {"mirror": self.mirror.as_uri()},
            "sandbox_image": self.images.pause,
            "images": [{"archive": str(path)} for path in self.images.archives],
            **more,
        }


@dataclass(frozen=True, slots=True)
class Site:
    """Machines of one cluster name and one address range; `hosts` is name to address."""

    name: str
    directory: Path
    hosts: Mapping[str, str]
    supply: Supply
    kprov: Kprov
    jump: str = ""
    """The machine through which our own look at the others goes; empty: straight there."""
    memory: dict[str, Snapshot] = field(default_factory=dict)
    """What was seen of machines, for later steps of the scenario."""

    @property
    def inventory(self) -> Path:
        """The file that the scenario's commands are about."""
        return self.directory / "inventory.yaml"

    @property
    def state(self) -> Path:
        """The state folder that belongs to it."""
        return self.directory / ".kprov" / self.name

    @property
    def journal(self) -> str:
        """What kprov wrote down so far; empty before the first line."""
        path = self.state / "journal.jsonl"
        return path.read_text() if path.exists() else ""

    @property
    def key(self) -> Path:
        """The private key that opens the machines."""
        return private_key(default_cache())

    def write(self, content: Mapping[str, object], name: str = "inventory.yaml") -> Path:
        """Write an inventory (JSON is YAML, but people read these)."""
        path = self.directory / name
        path.write_text(yaml.safe_dump(content, sort_keys=False))
        return path

    def run(self, host: str, script: str, *, user: str = "root", check: bool = True) -> str:
        """Run shell text on a machine by the system's own ssh; its output."""
        done = subprocess.run(
            (*self.ssh_words(host, user), "sh -s"),
            input=script, capture_output=True, text=True, timeout=90, check=False,
        )  # fmt: skip
        if check:
            assert done.returncode == 0, f"{host}: exit {done.returncode}: {script}\n{done.stderr}"
        return done.stdout

    def send(self, host: str, content: bytes, path: str, mode: str = "0644") -> None:
        """Put a file on a machine."""
        words = f"cat >{path} && chmod {mode} {path}"
        subprocess.run((*self.ssh_words(host), words), input=content, timeout=90, check=True)

    def inside(self, host: str, script: str) -> str:
        """Run shell text on a machine without SSH, for when its sshd is not to be had."""
        listed = self.kprov("local", "list", "-o", "json").exits(0).data["machines"]
        leader = next(
            its["leader"] for its in listed if (its["cluster"], its["name"]) == (self.name, host)
        )
        words = ("nsenter", "--target", str(leader), "--all", "--", "sh", "-s")
        return subprocess.run(
            words, input=script, capture_output=True, text=True, timeout=90, check=True
        ).stdout

    def ssh_words(self, host: str, user: str = "root") -> tuple[str, ...]:
        """The command that leads to a machine, the address last."""
        words: tuple[str, ...] = (
            *("ssh", "-F", "none", "-i", str(self.key), "-o", "IdentitiesOnly=yes"),
            *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"),
            *("-o", "LogLevel=ERROR", "-o", "ConnectTimeout=5", "-o", "BatchMode=yes"),
            *("-o", "ConnectionAttempts=5"),  # an sshd that reloads refuses for a moment
        )
        if self.jump and host != self.jump:
            through = shlex.join([*words, "-W", "%h:%p", f"root@{self.hosts[self.jump]}"])
            words = (*words, "-o", f"ProxyCommand={through}")
        return (*words, f"{user}@{self.hosts[host]}")

    def look(self, host: str) -> Snapshot:
        """The machine as it is now."""
        return Snapshot.parse(self.run(host, SCRIPT))

    def look_at_all(self) -> dict[str, Snapshot]:
        """All machines as they are now."""
        return {host: self.look(host) for host in self.hosts}


def one_machine(
    cluster: Mapping[str, object], host: str, variables: Mapping[str, object]
) -> dict[str, object]:
    """An inventory of one machine that is control plane and node."""
    return {
        "cluster": cluster,
        "all": {"children": {
            "kube_control_plane": {"hosts": {host: variables}}, "kube_node": {"hosts": {host: {}}},
        }},
    }  # fmt: skip
