"""The image tarballs of the test bed's mirror."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile

from tests.testbed.archives import Entry
from tests.testbed.images import busybox_entries, image

TAGS = ("registry.k8s.io/pause:3.10", "k8s.gcr.io/pause:3.2")


def unpacked(content: bytes) -> dict[str, bytes]:
    files = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            stream = archive.extractfile(member)
            assert stream is not None
            files[member.name] = stream.read()
    return files


def test_manifest_names_the_config_and_the_layer_of_the_archive():
    """What manifest.json points to is there, and diff_ids is the digest of the layer itself."""
    files = unpacked(image(TAGS, [Entry("pause", b"elf")], {"Entrypoint": ["/pause"]}, "amd64"))
    (manifest,) = json.loads(files["manifest.json"])
    assert manifest["RepoTags"] == list(TAGS)
    config = json.loads(files[manifest["Config"]])
    (layer,) = manifest["Layers"]
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(files[layer]).hexdigest()}"]
    assert (config["os"], config["architecture"]) == ("linux", "amd64")
    assert config["config"]["Entrypoint"] == ["/pause"]
    assert unpacked(files[layer]) == {"pause": b"elf"}


def test_same_input_same_image():
    """An image is a function of its input: nothing of the clock or the machine is in it."""
    entries = [Entry("bin/x", b"1"), Entry("bin")]
    assert image(TAGS, entries, {}, "amd64") == image(TAGS, list(reversed(entries)), {}, "amd64")


def test_every_applet_is_a_link_beside_busybox():
    """`/bin/sh` and its like lead to the program, and the program never to itself."""
    entries = {entry.name: entry for entry in busybox_entries(b"elf", ["sh", "busybox", "["])}
    assert entries["bin/busybox"].content == b"elf"
    assert entries["bin/sh"].link == entries["bin/["].link == "busybox"
    assert entries["tmp"].mode == 0o1777
