"""`make demo`: a real cluster on this computer, with kprov's own commands.

Artefacts come from upstream when it can be reached, otherwise from the test bed's mirror. What was
chosen stays chosen until `make demo-stop`, so that a second run has nothing to do.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import yaml

from kprov.artifacts.versions import LINES
from kprov.model.version import Version
from tests.e2e.mirror_folder import Images, find_images, kubernetes_versions
from tests.testbed import images, kubernetes
from tests.testbed.apt import PrivateApt, require
from tests.testbed.mirror import build_mirror, default_cache
from tests.testbed.process import TestbedError, output, say
from tests.testbed.store import Store, digest

REPOSITORY = Path(__file__).resolve().parents[2]
INVENTORY = Path("inventories/local.yaml")
CLUSTER, MACHINE = "local", "n1"
"""As that inventory names them."""
STATE = REPOSITORY / "inventories/.kprov" / CLUSTER
UPSTREAM = "https://dl.k8s.io/release"
PROBE_SECONDS = 3.0


def main() -> int:
    """Boot, apply, verify, show; the exit code of the first command that fails."""
    if os.geteuid() != 0:
        say("the demo needs root, for a machine of its own: sudo make demo")
        return 1
    try:
        chosen = choice()
    except TestbedError as error:
        say(str(error))
        return 1
    started = time.monotonic()
    options = ("-e", f"@{chosen.relative_to(REPOSITORY)}")
    for words in (
        ("local", "up", str(INVENTORY)),
        ("apply", str(INVENTORY), "--yes", *options),
        ("verify", str(INVENTORY), *options, "--image", images.BUSYBOX_TAGS[0]),
        ("local", "ssh", f"{CLUSTER}/{MACHINE}", *KUBECTL, "get", "nodes", "-o", "wide"),
    ):
        code = kprov(words)
        if code:
            say("the machine is left to look at: kprov local ssh n1; `make demo-stop` removes it")
            return code
    farewell(options, time.monotonic() - started)
    return 0


KUBECTL = ("kubectl", "--kubeconfig=/etc/kubernetes/admin.conf")


def kprov(words: Sequence[str]) -> int:
    """Run a command as a person would, and show it."""
    print(f"\n$ kprov {' '.join(words)}", flush=True)
    command = (sys.executable, "-m", "kprov", *words)
    return subprocess.run(command, cwd=REPOSITORY, check=False).returncode


def farewell(options: Sequence[str], seconds: float) -> None:
    """What there is now, and what to do with it."""
    program = "sudo .venv/bin/kprov" if "SUDO_USER" in os.environ else ".venv/bin/kprov"
    kubeconfig = STATE.relative_to(REPOSITORY) / "kubeconfig"
    here = "" if shutil.which("kubectl") else "   (there is no kubectl on this computer's PATH)"
    print(f"""
A cluster after {seconds:.0f} s. Some things to do with it:
  {program} local ssh {MACHINE} {" ".join(KUBECTL)} get pods -A
  kubectl --kubeconfig={kubeconfig} get pods -A{here}
  {program} status {INVENTORY} {" ".join(options)}
  {program} plan {INVENTORY} {" ".join(options)}   # change something on the machine first
Its kubeconfig: {kubeconfig}
To stop it: make demo-stop""")


# --- where from, and which release


def choice() -> Path:
    """The `-e @FILE` of this demo: release, mirror, images; made when the machine is not there."""
    path = STATE / "demo.yaml"
    if path.is_file() and booted():
        return path
    release = newest_upstream()
    cluster = from_upstream(release) if release else from_mirror()
    STATE.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"cluster": cluster}, sort_keys=False))
    return path


def booted() -> bool:
    """Whether a demo was begun already."""
    command = (sys.executable, "-m", "kprov", "local", "list", "-o", "json")
    machines = json.loads(output(command))["machines"]
    return any((its["cluster"], its["name"]) == (CLUSTER, MACHINE) for its in machines)


def from_upstream(release: str) -> dict[str, object]:
    """Upstream itself; images come along, as local machines cannot reach a registry."""
    say(f"upstream can be reached: Kubernetes {release}")
    return {"kubernetes": release, **preloaded(find_images(build_images(default_cache())))}


def from_mirror() -> dict[str, object]:
    """The test bed's mirror, built at the first time."""
    say("upstream cannot be reached: the test bed's mirror it is")
    mirror = build_mirror(default_cache())
    release = kubernetes_versions(mirror)[0]
    return {
        "kubernetes": release,
        "artifacts": {"mirror": mirror.as_uri()},
        **preloaded(find_images(mirror)),
    }


def preloaded(found: Images | None) -> dict[str, object]:
    """Image archives as the cluster spec wants them."""
    assert found is not None, "the test bed makes both images"
    return {
        "sandbox_image": found.pause,
        "images": [{"archive": str(path)} for path in found.archives],
    }


def newest_upstream() -> str | None:
    """The newest release that upstream has and kprov supports; None: out of reach."""
    newest = fetch("stable.txt")
    if newest and Version.parse(newest).minor_text not in LINES:
        line = max(LINES, key=Version.parse)
        newest = fetch(f"stable-{line}.txt")
    return newest


def fetch(name: str) -> str | None:
    """A small file of upstream's; None when it does not come in time, name look-up included."""
    answer: list[str] = []

    def ask() -> None:
        with contextlib.suppress(OSError, ValueError):
            with urllib.request.urlopen(f"{UPSTREAM}/{name}", timeout=PROBE_SECONDS) as body:
                text = body.read(100).decode().strip()
            Version.parse(text)
            answer.append(text)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(PROBE_SECONDS)
    return answer[0] if answer else None


def build_images(cache: Path) -> Path:
    """A folder with the images alone: no Kubernetes is built for them."""
    store = Store(cache / "testbed")
    with store.locked():
        require(kubernetes.TOOLS, store.folder("logs") / "apt.log")
        apt = PrivateApt(store.folder("apt"))
        apt.update()
        source, busybox = apt.source_version("kubernetes"), apt.candidate("busybox-static")
        if not source or not busybox:
            raise TestbedError("the package sources of this machine lack kubernetes or busybox")
        architecture = output(["dpkg", "--print-architecture"]).strip()

        def fill(folder: Path) -> None:
            with tempfile.TemporaryDirectory(dir=store.folder("work")) as name:
                work = Path(name)
                apt.unpack("busybox-static", busybox, work / "busybox")
                program = work / "busybox/bin/busybox"
                tree = kubernetes.source(store, apt, source) / kubernetes.TREE
                (folder / "busybox.tar").write_bytes(images.busybox_image(program, architecture))
                (folder / "pause.tar").write_bytes(images.pause_image(tree, work, architecture))

        return store.once(f"images-{digest(source, busybox, architecture)}", fill)


if __name__ == "__main__":
    sys.exit(main())
