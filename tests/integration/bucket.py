"""Buckets on loopback over real HTTP: moto's S3 server (PyPI), Azurite for Azure Blob (npm).

Each is installed once into the test bed's cache, in an environment of its own: boto wants other
versions of libraries than kprov's.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

import pytest

from tests.testbed.mirror import default_cache
from tests.testbed.store import Store

MOTO, AZURITE = "5.2.5", "3.35.0"
ACCOUNT = "devstoreaccount1"
KEY = base64.b64encode(b"a key for tests alone, 32 bytes!").decode()


@dataclass(frozen=True)
class Bucket:
    """An address for `--state`, and the environment that opens it."""

    url: str
    environment: Mapping[str, str]


def installed(name: str, install: Callable[[Path], None]) -> Path:
    """A folder of the test bed's cache."""
    store = Store(default_cache() / "testbed")
    with store.locked():
        return store.once(name, install)


@contextlib.contextmanager
def served(command: list[str], folder: Path) -> Iterator[int]:
    """A server on a free port of loopback; `{port}` in its command is that port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [word.format(port=port) for word in command], cwd=folder, stdout=log, stderr=log
        )
        try:
            deadline = time.monotonic() + 60
            while not _listens(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"no server: {(folder / 'server.log').read_text()[-2000:]}")
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()
            process.wait(30)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextlib.contextmanager
def s3(folder: Path) -> Iterator[Bucket]:
    """moto's server with one bucket."""

    def install(target: Path) -> None:
        venv.create(target, with_pip=True, symlinks=True)
        pip = [str(target / "bin/python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, f"moto[server,s3]=={MOTO}"], check=True)

    home = installed(f"moto-{MOTO}", install)
    # console scripts know the path they were installed at, the interpreter goes along
    program = [str(home / "bin/python"), "-c", "from moto.server import main; main()"]
    with served([*program, "-H", "127.0.0.1", "-p", "{port}"], folder) as port:
        endpoint = f"http://127.0.0.1:{port}"
        urllib.request.urlopen(urllib.request.Request(f"{endpoint}/states", method="PUT"))
        yield Bucket("s3://states/prod/demo", {
            "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "id", "AWS_REGION": "us-east-1",
            "AWS_SECRET_ACCESS_KEY": "secret",
        })  # fmt: skip


@contextlib.contextmanager
def blob(folder: Path) -> Iterator[Bucket]:
    """Azurite with one container."""
    if not shutil.which("npm"):
        pytest.fail("npm is missing: Azurite comes from there", pytrace=False)

    def install(target: Path) -> None:
        words = ["npm", "install", "--silent", "--no-fund", f"azurite@{AZURITE}"]
        subprocess.run(words, cwd=target, check=True)

    program = installed(f"azurite-{AZURITE}", install) / "node_modules/.bin/azurite-blob"
    command = [str(program), "--blobPort", "{port}", "--blobHost", "127.0.0.1",
               "--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck"]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AZURITE_ACCOUNTS", f"{ACCOUNT}:{KEY}")
        with served(command, folder) as port:
            endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
            _make_container(endpoint, "states")
            yield Bucket("azblob://states/prod/demo", {
                "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT, "AZURE_STORAGE_ACCOUNT_KEY": KEY,
                "AZURE_STORAGE_ENDPOINT": endpoint,
            })  # fmt: skip


def _make_container(endpoint: str, name: str) -> None:
    """Put Container with a shared key (Azure Storage's "Authorize with Shared Key")."""
    date = formatdate(usegmt=True)
    headers = {"x-ms-date": date, "x-ms-version": "2021-08-06"}
    canonical = "".join(f"{key}:{value}\n" for key, value in sorted(headers.items()))
    resource = f"/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
    text = "PUT" + "\n" * 12 + canonical + resource
    digest = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
    headers["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"
    request = urllib.request.Request(
        f"{endpoint}/{name}?restype=container", method="PUT", headers=headers
    )
    try:
        urllib.request.urlopen(request)
    except urllib.error.HTTPError as error:
        pytest.fail(f"no container: {error} {error.read()!r}")
