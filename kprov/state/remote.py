"""State in a bucket: one object that holds the whole folder, replaced only from its last version.

Every write is conditional (If-None-Match: * for the first, If-Match with the ETag that was read
afterwards; RFC 9110, 13.1), so of two runners that began from the same state only one can write.
Credentials come from the environment, by the names of each cloud's own tools.
"""

from __future__ import annotations

import contextlib
import gzip
import importlib
import io
import os
import tarfile
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kprov.model.errors import InputError, KprovError
from kprov.state.atomic import write_atomic

SCHEMES = ("s3", "azblob", "gs")
"""What an address of a bucket begins with: Amazon S3 (or what speaks it), Azure Blob, Google."""
_OBJECT = "state.tar.gz"
_STAYS_HERE = ("lock", "kubeconfig")
"""Files of a state folder that are this computer's: a lock, and a key that can be made anew."""
_LARGEST = 64 * 1024 * 1024


def is_remote(text: str) -> bool:
    """Whether a `--state` is the address of a bucket."""
    return text.partition("://")[0] in SCHEMES and "://" in text


class StateConflictError(KprovError):
    """Somebody else has written the state since it was read."""


class RemoteState:
    """The object behind an address such as `s3://bucket/prefix`; InputError for a bad one."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._exceptions = _library(url, "obstore.exceptions")
        self._obstore = _library(url, "obstore")
        self._taken = (self._exceptions.PreconditionError, self._exceptions.AlreadyExistsError)
        self._store = self._open(url)
        self._etag: str | None = None
        self._known: bytes | None = None

    def fetch(self, folder: Path) -> None:
        """Unpack what the bucket has into a folder; nothing when it has no state yet."""
        with self._explained("read"):
            try:
                found = self._obstore.get(self._store, _OBJECT)
            except FileNotFoundError:
                return
            self._etag = found.meta["e_tag"]
            data = bytes(found.bytes())
        _unpack(data, folder, self.url)
        self._known = _pack(folder)

    def publish(self, folder: Path) -> None:
        """Write the folder where it has changed. Raises StateConflictError, KprovError."""
        data = _pack(folder)
        if data == self._known:
            return
        mode: Any = "create" if self._etag is None else {"e_tag": self._etag}
        with self._explained("written"):
            try:
                written = self._obstore.put(self._store, _OBJECT, data, mode=mode)
            except (
                self._exceptions.PreconditionError,
                self._exceptions.AlreadyExistsError,
            ) as error:
                raise StateConflictError(
                    "somebody else has written this state since it was read", where=self.url,
                    hint="run the command again: it begins from the state as it is now",
                ) from error  # fmt: skip
        self._etag, self._known = written["e_tag"], data

    def _open(self, url: str) -> Any:
        scheme, _, rest = url.partition("://")
        address = f"az://{rest}" if scheme == "azblob" else url
        try:
            return _library(url, "obstore.store").from_url(
                address, client_options={"allow_http": _allows_http()}
            )
        except (self._exceptions.BaseError, ValueError) as error:
            raise InputError(
                f"this address cannot be used: {_first_line(error)}", where=url,
                hint="expected s3://BUCKET/PREFIX, azblob://CONTAINER/PREFIX or gs://BUCKET/PREFIX",
            ) from error  # fmt: skip

    @contextlib.contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except (self._exceptions.BaseError, OSError) as error:
            raise KprovError(
                f"the state cannot be {what}: {_first_line(error)}", where=self.url,
                hint="check the bucket's name, the credentials in the environment "
                "(AWS_..., AZURE_STORAGE_..., GOOGLE_...) and their right to read and write there",
            ) from error  # fmt: skip


def _library(url: str, name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InputError(
            "state in a bucket needs the library obstore", where=url,
            hint="pip install 'kprov[bucket]'",
        ) from error  # fmt: skip


def _allows_http() -> bool:
    """Plain http only to this computer: for tests, and for gateways that run here."""
    names = (
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT",
        "AZURE_STORAGE_ENDPOINT",
        "AZURITE_BLOB_STORAGE_URL",
    )
    hosts = (urllib.parse.urlsplit(os.environ.get(name, "")).hostname for name in names)
    return any(host in ("localhost", "127.0.0.1", "::1") for host in hosts)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:300]


def _pack(folder: Path) -> bytes:
    """The folder's files as a tar.gz that is the same for the same files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and not path.name.startswith(".") and name not in _STAYS_HERE:
                member = tarfile.TarInfo(name)
                member.size, member.mode = path.stat().st_size, 0o600
                with path.open("rb") as stream:
                    archive.addfile(member, stream)
    return gzip.compress(buffer.getvalue(), mtime=0)


def _unpack(data: bytes, folder: Path, url: str) -> None:
    """Each file is written as every file of a state folder is. Raises KprovError."""
    try:
        plain = gzip.GzipFile(fileobj=io.BytesIO(data)).read(_LARGEST + 1)
        files = _files(plain, folder.resolve())
    except (OSError, EOFError, ValueError, tarfile.TarError) as error:
        raise KprovError(
            f"this is not a state that kprov has written: {error}", where=f"{url}/{_OBJECT}",
            hint="restore an earlier version of the object",
        ) from error  # fmt: skip
    for path, content in files.items():
        write_atomic(path, content)


def _files(plain: bytes, folder: Path) -> dict[Path, bytes]:
    """Path to content of the plain files below `folder`; ValueError when there is anything else."""
    if len(plain) > _LARGEST:
        raise ValueError(f"more than {_LARGEST} bytes")
    files = {}
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        for member in archive:
            path, stream = (folder / member.name).resolve(), archive.extractfile(member)
            if stream is None or not path.is_relative_to(folder):
                raise ValueError(f"{member.name} has no place in a state folder")
            files[path] = stream.read()
    return files
