"""For tests only: the same script, run on this computer by a `sh` of choice.

Nothing in kprov uses it to do its work. Tests run compiled payloads with it under dash, busybox
and bash, and count channels as they would over SSH.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from kprov.model.errors import TransportError
from kprov.model.host import Host
from kprov.transport.base import AbortedError
from kprov.transport.become import Command, command
from kprov.transport.exchange import End, Exchange

_PIECE = 64 * 1024


class LocalTransport:
    """A Transport to this computer, as this user; `sh` is a link to `shell`, first on the PATH.

    `shell` is a path or a name on the PATH: dash, busybox (its applet is chosen by the name
    `sh`), bash (posix mode by that name). `env` is added to the environment.
    """

    def __init__(self, host: Host, shell: str = "sh", *, env: Mapping[str, str] | None = None):
        found = shutil.which(shell)
        if found is None:
            raise TransportError(f"there is no {shell} on this computer", where=host.name)
        self._host = host
        self._folder = Path(tempfile.mkdtemp(prefix="kprov-local-sh-"))
        (self._folder / "sh").symlink_to(Path(found).resolve())
        path = f"{self._folder}:{os.environ.get('PATH', os.defpath)}"
        self._env = {**os.environ, **(env or {}), "PATH": path}
        self._pipes: set[SubprocessPipe] = set()
        self._lock = threading.Lock()
        self._channels = 0
        self._ended: str | None = None

    @property
    def host(self) -> Host:
        """The host it stands for."""
        return self._host

    @property
    def channels(self) -> int:
        """How many scripts were started."""
        return self._channels

    def stream(self, payload: Iterable[bytes], *, boot: str) -> Iterator[str]:
        """See Transport.stream; `boot` runs as the user of this process."""
        what = command(boot, user="root", password=None, nonce="local")
        where, pipe = self._host.name, self._start(what)
        exchange = Exchange(pipe, what, payload, where=where, ended=lambda: self._ended)
        try:
            yield from exchange.run()
        finally:
            with self._lock:
                self._pipes.discard(pipe)

    def _start(self, what: Command) -> SubprocessPipe:
        with self._lock:
            if self._ended:
                raise AbortedError(f"the connection was {self._ended}", where=self._host.name)
            self._channels += 1
            pipe = SubprocessPipe(["sh", "-c", what.text], self._env)
            self._pipes.add(pipe)
            return pipe

    def abort(self) -> None:
        """See Transport.abort."""
        self._end("interrupted")

    def close(self) -> None:
        """See Transport.close."""
        self._end("closed")

    def _end(self, how: str) -> None:
        with self._lock:
            self._ended = self._ended or how
            for pipe in tuple(self._pipes):
                pipe.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class SubprocessPipe:
    """The Pipe of a child process in a session of its own."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            argv,
            env=env,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdin
        assert self._process.stdout
        assert self._process.stderr
        self._stdin = self._process.stdin
        self._stdout, self._stderr = self._process.stdout, self._process.stderr
        self._lock = threading.Lock()

    def send(self, data: bytes) -> bool:
        """See Pipe.send."""
        view = memoryview(data)
        try:
            while view:
                view = view[self._stdin.write(view) or 0 :]
        except (OSError, ValueError):  # nobody reads; closed by another thread
            return False
        return True

    def send_eof(self) -> None:
        """See Pipe.send_eof."""
        with suppress(OSError):
            self._stdin.close()

    def receive(self) -> bytes:
        """See Pipe.receive."""
        return self._stdout.read(_PIECE) or b""

    def receive_error(self) -> bytes:
        """See Pipe.receive_error."""
        return self._stderr.read(_PIECE) or b""

    def end(self) -> End:
        """See Pipe.end."""
        status = self._process.wait()
        return End(None if status < 0 else status)

    def close(self) -> None:
        """See Pipe.close; a process that is still there is killed, its children too."""
        with self._lock:
            if self._process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self.send_eof()
