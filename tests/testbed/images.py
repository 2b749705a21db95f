"""Container images without a registry: one layer, a config, and the manifest of docker-archive."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.testbed.archives import Entry, sha256, tar
from tests.testbed.process import logged, output

PAUSE_TAGS = ("registry.k8s.io/pause:3.10", "k8s.gcr.io/pause:3.2")
BUSYBOX_TAGS = ("docker.io/library/busybox:1.36", "registry.k8s.io/e2e-test-images/busybox:1.29-2")
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CREATED = "2023-11-14T22:13:20Z"  # fixed, for equal bytes: archives.MTIME as a date


def image(
    tags: Sequence[str],
    entries: Sequence[Entry],
    config: Mapping[str, object],
    architecture: str,
) -> bytes:
    """Return an image tarball as `docker save` writes and `ctr images import` reads.

    `config` is the container part of the image configuration: Entrypoint, Cmd, Env, User
    (OCI image specification, config.md). `architecture` is Go's name: amd64, arm64.
    """
    layer = tar(entries)
    layer_name = f"{sha256(layer)}/layer.tar"
    configuration = {
        "architecture": architecture,
        "config": {"Env": [PATH], **config},
        "created": CREATED,
        "history": [{"created": CREATED}],
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(layer)}"]},
    }
    config_bytes = _json(configuration)
    config_name = f"{sha256(config_bytes)}.json"
    manifest = [{"Config": config_name, "RepoTags": list(tags), "Layers": [layer_name]}]
    return tar(
        [
            Entry("manifest.json", _json(manifest), 0o644),
            Entry(config_name, config_bytes, 0o644),
            Entry(layer_name, layer, 0o644),
        ]
    )


def pause_image(kubernetes_tree: Path, work: Path, architecture: str) -> bytes:
    """Compile pause.c of the Kubernetes source, as upstream's Makefile does; return its image."""
    program = work / "pause"
    flags = ["-Os", "-Wall", "-static", "-s", "-DVERSION=v3.10-testbed"]
    code = kubernetes_tree / "build/pause/linux/pause.c"
    logged(["gcc", *flags, "-o", str(program), str(code)], work / "pause.log")
    config = {"Entrypoint": ["/pause"], "User": "65535:65535"}
    return image(PAUSE_TAGS, [Entry("pause", program.read_bytes())], config, architecture)


def busybox_image(busybox: Path, architecture: str) -> bytes:
    """Return the image of a static busybox with a link in /bin for each of its applets."""
    applets = output([str(busybox), "--list"]).split()
    return image(
        BUSYBOX_TAGS, busybox_entries(busybox.read_bytes(), applets), {"Cmd": ["sh"]}, architecture
    )


def busybox_entries(program: bytes, applets: Sequence[str]) -> list[Entry]:
    """Return the root file system: /bin with its links, and the folders programs expect."""
    links = [Entry(f"bin/{name}", link="busybox") for name in applets if name != "busybox"]
    return [
        *(Entry(name) for name in ("bin", "dev", "etc", "home", "proc", "root", "sys", "var")),
        Entry("tmp", mode=0o1777),
        Entry("var/www"),
        Entry("bin/busybox", program),
        *links,
        Entry(
            "etc/passwd",
            b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n",
            0o644,
        ),
        Entry("etc/group", b"root:x:0:\nnogroup:x:65534:\n", 0o644),
        Entry("etc/nsswitch.conf", b"hosts: files dns\n", 0o644),
    ]


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
