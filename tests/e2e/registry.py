"""A real registry on this computer: Debian's docker-registry, unpacked, not installed."""

from __future__ import annotations

import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.testbed.apt import PrivateApt
from tests.testbed.mirror import default_cache
from tests.testbed.store import Store

USER, PASSWORD = "robot", "correct-horse"
_HTPASSWD = "$2b$05$IuuwL14CIAzGU38IUKWheekQlx9rAiFtxqwI8Xz1/Ys9hYa9Ij6m."
"""Of PASSWORD, bcrypt: the one form that the registry reads."""


def registry_program() -> Path:
    """The program, fetched once."""
    store = Store(default_cache() / "testbed")
    with store.locked():
        apt = PrivateApt(store.folder("apt"))
        if not (store.root / "apt" / "sources.list").exists():
            apt.update()
        version = apt.candidate("docker-registry")
        assert version, "Debian's package sources of this machine lack docker-registry"
        folder = store.once(
            f"docker-registry-{version.replace('/', '_')}",
            lambda into: apt.unpack("docker-registry", version, into),
        )
    return folder / "usr/bin/docker-registry"


def certificate(folder: Path, address: str) -> Path:
    """A certificate that vouches for itself at an address, with its key beside it."""
    path = folder / "registry.pem"
    subprocess.run(
        ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=registry", "-addext",
         f"subjectAltName=IP:{address}", "-keyout", str(path.with_suffix(".key")), "-out",
         str(path)),
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return path


@contextmanager
def registry(folder: Path, address: str, port: int, *, pem: Path | None = None) -> Iterator[str]:
    """A registry while the block runs; with `pem` it has TLS and wants a password."""
    (folder / "htpasswd").write_text(f"{USER}:{_HTPASSWD}\n")
    secured = {"tls": {"certificate": str(pem), "key": str(pem.with_suffix(".key"))}} if pem else {}
    auth = {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}}
    config = {
        "version": 0.1,
        "log": {"accesslog": {"disabled": False}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "images")}},
        "http": {"addr": f"{address}:{port}", **secured},
        **({"auth": auth} if pem else {}),
    }
    path = folder / f"registry-{port}.yaml"
    path.write_text(yaml.safe_dump(config))
    log = folder / f"registry-{port}.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            (registry_program(), "serve", path), stdout=stream, stderr=stream
        )
    try:
        _until_it_listens(process, address, port, log)
        yield f"{address}:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _until_it_listens(process: subprocess.Popen[bytes], address: str, port: int, log: Path) -> None:
    limit = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(f"http://{address}:{port}/v2/", timeout=2).close()
        except urllib.error.HTTPError:
            return  # it answers: a password is missing, or TLS
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < limit, log.read_text()
            time.sleep(0.05)
        else:
            return
