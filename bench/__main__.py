"""`make bench`: kprov against hand-written shell on the same local machines, in one run."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.measure import pairs, peak_megabytes, report, seconds
from kprov.engine.cache import cache_root
from kprov.machines.folders import Folders
from tests.testbed.mirror import build_mirror

HERE = Path(__file__).resolve().parent
KPROV = [sys.executable, "-m", "kprov"]
ONE = {"n1": "10.97.240.11"}
FIVE = {
    "cp1": "10.97.242.11", "cp2": "10.97.242.12", "cp3": "10.97.242.13",
    "w1": "10.97.242.21", "w2": "10.97.242.22",
}  # fmt: skip
THREE = {"cp1": "10.97.241.11", "w1": "10.97.241.12", "w2": "10.97.241.13"}


@dataclass(frozen=True, slots=True)
class Cluster:
    """An inventory of local machines and how to reach them by hand."""

    inventory: Path
    machines: dict[str, str]

    def kprov(self, *words: str) -> list[str]:
        """A kprov command on this cluster."""
        return [*KPROV, words[0], str(self.inventory), *words[1:]]

    def ssh(self, name: str, *words: str) -> list[str]:
        """A command on a machine, by the ssh client, without sharing connections."""
        key = str(Folders(cache_root()).private_key)
        options = ["-i", key, "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
                   "-o", "UserKnownHostsFile=/dev/null", "-o", "ControlPath=none"]  # fmt: skip
        return ["ssh", *options, f"root@{self.machines[name]}", *words]


def cluster(folder: Path, name: str, machines: dict[str, str], mirror: Path) -> Cluster:
    """Write its inventory and boot its machines; `cp` in a name makes a control plane."""
    planes = [host for host in machines if host.startswith("cp")] or list(machines)[:1]
    workers = [host for host in machines if host not in planes] or planes
    hosts = "\n".join(f"    {host}: {{ansible_host: {ip}}}" for host, ip in machines.items())
    images = ", ".join(f"{{archive: {path}}}" for path in sorted(mirror.glob("images/*.tar")))
    version = max(path.name for path in (mirror / "release").iterdir())
    path = folder / f"{name}.yaml"
    path.write_text(
        f"cluster:\n  name: {name}\n  kubernetes: {version}\n  local: {{}}\n"
        f"  artifacts: {{mirror: 'file://{mirror}'}}\n  images: [{images}]\n"
        f"  network: {{services: 10.100.0.0/16}}\n"
        f"all:\n  hosts:\n{hosts}\n  children:\n"
        f"    kube_control_plane: {{hosts: {{{', '.join(f'{p}: ' for p in planes)}}}}}\n"
        f"    kube_node: {{hosts: {{{', '.join(f'{w}: ' for w in workers)}}}}}\n"
    )
    subprocess.run([*KPROV, "local", "up", str(path)], check=True)
    made = Cluster(path, machines)
    subprocess.run(made.kprov("apply", "--yes"), check=True)
    return made


def floor_files(it: Cluster, name: str, images: list[Path], script: str = "floor.sh") -> bytes:
    """Everything but binaries, from a machine that kprov has set up, as one tar.gz."""
    subprocess.run(it.ssh(name, "mkdir -p /root/floor-images; cat > /root/floor.sh"),
                   input=(HERE / script).read_bytes(), check=True)  # fmt: skip
    for image in images:
        subprocess.run(it.ssh(name, f"cat > /root/floor-images/{image.name}"),
                       input=image.read_bytes(), check=True)  # fmt: skip
    capture = (HERE / "capture.sh").read_bytes()
    made = subprocess.run(it.ssh(name, "sh", "-s"), input=capture, capture_output=True, check=True)
    return made.stdout


def fresh_apply(it: Cluster, images: list[Path], runs: int) -> str:
    """One machine, artefacts in place, to node Ready: SSH, planning, certificates included."""
    files = floor_files(it, "n1", images)

    def reset() -> None:
        seconds(it.kprov("reset", "--yes", "--keep-binaries"))

    def ours() -> float:
        reset()
        return seconds(it.kprov("apply", "--yes"))

    def floor() -> float:
        reset()
        return seconds(it.ssh("n1", "tar -xzf - -C / && sh /root/floor.sh n1"), stdin=files)

    return report("apply on one machine / hand-written shell", *pairs(ours, floor, runs), 2)


def highly_available(it: Cluster, images: list[Path], runs: int) -> str:
    """Three control planes and two workers, artefacts in place, to all nodes Ready."""
    files = {name: floor_files(it, name, images, "floor-ha.sh") for name in it.machines}
    planes = {name: ip for name, ip in it.machines.items() if name.startswith("cp")}
    members = ",".join(f"{name}=https://{ip}:2380" for name, ip in planes.items())

    def reset() -> None:
        seconds(it.kprov("reset", "--yes", "--keep-binaries"))

    def ours() -> float:
        reset()
        return seconds(it.kprov("apply", "--yes"))

    def floor() -> float:
        reset()

        def one(name: str) -> float:
            command = f"tar -xzf - -C / && sh /root/floor.sh {name} {members}"
            return seconds(it.ssh(name, command), stdin=files[name])

        with ThreadPoolExecutor(len(it.machines)) as pool:
            return max(pool.map(one, it.machines))

    line = report("apply on 3 + 2 / hand-written shell", *pairs(ours, floor, runs), 1.5)
    reset()
    done = subprocess.run(it.kprov("apply", "--yes", "-v"), capture_output=True, check=True)
    told = done.stderr.decode().splitlines()
    return "\n".join([line, *(it for it in told if it.startswith(("critical path", "slowest")))])


def nothing_to_do(it: Cluster, runs: int) -> str:
    """Three machines as they should be, against one sha256sum of the same files on each."""

    def floor() -> float:
        def one(name: str) -> float:
            return seconds(
                it.ssh(name, "sha256sum /etc/kubernetes/*.* /etc/systemd/system/*.service")
            )

        with ThreadPoolExecutor(len(it.machines)) as pool:
            return max(pool.map(one, it.machines))

    def ours() -> float:
        return seconds(it.kprov("apply", "--yes"))

    return report("apply with nothing to do / ssh sha256sum", *pairs(ours, floor, runs), 3)


def main() -> None:
    """Print the figures; take the machines away again."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="part of a cluster's name: one, three, ha")
    args = parser.parse_args()
    runs, only = args.runs, args.only
    mirror = build_mirror(cache_root())
    images = sorted(mirror.glob("images/*.tar"))
    with tempfile.TemporaryDirectory() as folder:
        made: list[Path] = []
        try:
            clusters = (("bench-one", ONE), ("bench-three", THREE), ("bench-ha", FIVE))
            for name, machines in clusters:
                if only not in name:
                    continue
                made.append(Path(folder) / f"{name}.yaml")
                it = cluster(Path(folder), name, machines, mirror)
                if name == "bench-one":
                    print(fresh_apply(it, images, runs), flush=True)
                elif name == "bench-ha":
                    print(highly_available(it, images, runs), flush=True)
                else:
                    print(nothing_to_do(it, runs), flush=True)
                    peak = peak_megabytes(it.kprov("plan"))
                    print(f"memory of `kprov plan` with 3 hosts: {peak:.0f} MB, target 120")
                subprocess.run([*KPROV, "local", "down", str(made[-1])], check=True)
        finally:
            for inventory in made:
                subprocess.run([*KPROV, "local", "down", str(inventory)], check=False)
    print(f"kprov --help: {seconds([*KPROV, '--help']):.2f} s, target 0.25")


if __name__ == "__main__":
    main()
