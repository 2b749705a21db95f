"""kprov in a process of its own, that can be killed.

Never by a bare fork: this process has the emulator's threads, and a lock that one of them holds at
that moment is held for ever in the child. The fork server has none.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        "kprov.cli.apply",
        "kprov.cli.managed",
        "kprov.providers.aks.provider",
        "azure.identity",
        "azure.mgmt.containerservice",
        "azure.mgmt.resource.resources",
    ]
)
LIMIT_SECONDS = 300.0


def exit_code(
    words: Sequence[str], folder: Path, *, killed_after: int = 0, interrupted_after: int = 0
) -> int:
    """Run `kprov WORDS`; minus the signal that ended it.

    `killed_after` answers of Azure it kills itself (SIGKILL), after `interrupted_after` seconds it
    gets a Ctrl-C; 0: neither. What it says goes to `folder`/said.
    """
    said = str(folder / "said")
    terms = (list(words), dict(os.environ), said, killed_after, interrupted_after)
    process = _FORKS.Process(target=_run, args=terms)
    process.start()
    process.join(LIMIT_SECONDS)
    if process.exitcode is None:
        process.kill()
        raise AssertionError(f"kprov hangs; it said: {Path(said).read_text()}")
    return process.exitcode


def _run(
    words: list[str], environment: Mapping[str, str], said: str, killed: int, interrupted: int
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    file = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)
    if killed:
        _die_after(killed)
    if interrupted:
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.alarm(interrupted)
    from kprov.cli.main import main

    os._exit(main(words))


def _die_after(answers: int) -> None:
    from azure.core.pipeline.transport import RequestsTransport

    send, sent = RequestsTransport.send, [0]

    def counted(self: RequestsTransport, *args: object, **options: object) -> object:
        answer = send(self, *args, **options)  # type: ignore[arg-type]
        sent[0] += 1
        if sent[0] == answers:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    RequestsTransport.send = counted  # type: ignore[method-assign,assignment]
