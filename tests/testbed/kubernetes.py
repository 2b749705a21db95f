"""Builds the six Kubernetes programs from Debian's source package `kubernetes`.

Source tree, generated files and Go's build cache (upstream's scripts keep it in the tree) stay
between runs at paths that do not change, so that the same source under a second version label is
mostly a matter of linking.
"""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

from tests.testbed.apt import PrivateApt
from tests.testbed.process import TestbedError, logged, output, say
from tests.testbed.store import Store, digest

COMMANDS = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kubectl",
)
TOOLS = ("gcc", "golang-go", "libc6-dev", "dpkg-dev", "make", "rsync")
TREE = Path("src/k8s.io/kubernetes")
LINKER_FLAGS = "-s -w"
SOURCE_DATE = "1700000000"  # the build date in `version` output: fixed, for equal binaries
UNFINISHED = "build-unfinished"


def build(store: Store, apt: PrivateApt, version: str, label: str) -> Path:
    """Return the folder with the six programs, built from source `version` to call itself `label`.

    A label that is not the source's own changes what the programs answer to `--version`, and
    nothing else. Raises TestbedError when the label is no version or the build fails.
    """
    if not re.fullmatch(r"v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?", label):
        raise TestbedError(f"version label {label!r}: expected one like v1.20.2 or v1.20.3-test")
    compiler = output(["go", "version"]).strip()
    recipe = digest(version, label, compiler, LINKER_FLAGS, SOURCE_DATE, *COMMANDS)
    return store.once(
        f"kubernetes-{label}-{recipe}",
        lambda target: _make(store, whole_source(store, apt, version), label, target),
    )


def source(store: Store, apt: PrivateApt, version: str) -> Path:
    """Return a GOPATH with the unpacked source package at `TREE`."""

    def unpack(target: Path) -> None:
        say(f"downloading the source of kubernetes {version} (34 MB)")
        (target / TREE).parent.mkdir(parents=True)
        apt.unpack_source("kubernetes", version, target / TREE)

    return store.once(f"kubernetes-source-{digest(version)}", unpack)


def whole_source(store: Store, apt: PrivateApt, version: str) -> Path:
    """Return the source, unpacked afresh after a broken-off build: it may hold half a file."""
    gopath = source(store, apt, version)
    if (gopath / UNFINISHED).exists():
        shutil.rmtree(gopath)
        gopath = source(store, apt, version)
    return gopath


def _make(store: Store, gopath: Path, label: str, target: Path) -> None:
    log = store.folder("logs") / f"kubernetes-{label}.log"
    say(f"building Kubernetes {label}: up to 9 minutes the first time; log: {log}")
    started = time.monotonic()
    stamp = store.folder("work") / f"version-{label}"
    stamp.write_text(_version_file(label), encoding="utf-8")
    what = "WHAT=" + " ".join(f"cmd/{command}" for command in COMMANDS)
    (gopath / UNFINISHED).touch()
    logged(
        ["nice", "-n", "5", "make", "all", what, f"GOLDFLAGS={LINKER_FLAGS}"],
        log,
        cwd=gopath / TREE,
        environment={
            "GOPATH": str(gopath),
            "GO111MODULE": "off",
            "GOPROXY": "off",
            "GOFLAGS": "",
            "GOTOOLCHAIN": "local",
            "CGO_ENABLED": "0",
            "KUBE_GIT_VERSION_FILE": str(stamp),
            "SOURCE_DATE_EPOCH": SOURCE_DATE,
        },
    )
    (gopath / UNFINISHED).unlink()
    for command in COMMANDS:
        shutil.copyfile(gopath / TREE / "_output/local/go/bin" / command, target / command)
        (target / command).chmod(0o755)
    say(f"built Kubernetes {label} in {(time.monotonic() - started) / 60:.1f} minutes")


def _version_file(label: str) -> str:
    """Return what upstream's hack/lib/version.sh reads instead of asking git."""
    major, minor = label.removeprefix("v").split(".")[:2]
    return (
        "KUBE_GIT_COMMIT='0000000000000000000000000000000000000000'\n"
        "KUBE_GIT_TREE_STATE='archive'\n"
        f"KUBE_GIT_VERSION='{label}'\n"
        f"KUBE_GIT_MAJOR='{major}'\n"
        f"KUBE_GIT_MINOR='{minor}'\n"
    )
