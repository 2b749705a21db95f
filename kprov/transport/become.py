"""Becoming root: the command line that sshd runs, and what it means when sudo refuses.

The order of events, made so that a payload never meets anything but the script it is for:

1. the login shell (any of sh, bash, csh, fish) is replaced by sh, or by sudo and then sh;
2. the root side writes a `ready` line to its output and its error output: what came before is
   noise of the login shell;
3. where sudo may ask for a password, that is the first line of the input. The rest is held back
   until `ready` has come, so a refused password never gets payload bytes; the root side drops
   lines up to the `go` line, so a password that sudo did not ask for is not taken for payload.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kprov.model.errors import TransportError
from kprov.model.secret import Secret
from kprov.transport.base import check_boot

_HOW_TO_GIVE_ONE = (
    "Set `ansible_become_password` or the environment variable KPROV_BECOME_PASSWORD, "
    "or let kprov ask with --ask-become-pass"
)


@dataclass(frozen=True, slots=True)
class Command:
    """What to run, and how to tell that it got as far as being root."""

    text: str
    """The command line for sshd; holds no secret."""
    user: str
    sudo: bool
    ready: str
    """The line that the root side writes first."""
    password: Secret | None = None
    """For sudo's first question; None when it may not ask."""
    prompt: str = ""
    """What sudo writes when it asks: seen twice, the password was wrong."""
    go: str = ""
    """The line after which the payload begins; empty when nothing comes before it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A command that ended before it was ready."""

    status: int | None
    stderr: str
    stdout: str
    timed_out: bool = False


def command(boot: str, *, user: str, password: Secret | None, nonce: str) -> Command:
    """The command line that runs `boot` as root for `user`; `nonce` is unguessable by noise.

    Raises ValueError for a boot that `check_boot` refuses.
    """
    check_boot(boot)
    ready, prompt, go = f"kprov-ready-{nonce}", f"kprov-password-{nonce}:", f"kprov-go-{nonce}"
    prelude = f"LC_ALL=C; export LC_ALL; echo {ready}; echo {ready} >&2; "
    if user == "root":
        return Command(f"exec sh -c '{prelude}{boot}'", user, sudo=False, ready=ready)
    if password is None:
        text = f"exec env LC_ALL=C sudo -H -n -- sh -c '{prelude}{boot}'"
        return Command(text, user, sudo=True, ready=ready)
    skip = f"while IFS= read -r l || exit 97; do case $l in {go}) break;; esac; done; unset l; "
    text = f"exec env LC_ALL=C sudo -H -S -p {prompt} -- sh -c '{prelude}{skip}{boot}'"
    return Command(text, user, sudo=True, ready=ready, password=password, prompt=prompt, go=go)


def explain(refusal: Refusal, tried: Command, *, where: str) -> TransportError:
    """Why the root side never became ready, and what to do about it."""
    what, hint = _diagnose(refusal, sudo=tried.sudo)
    said = _last_words(refusal, tried)
    return TransportError(
        what.format(user=tried.user),
        where=where,
        hint=hint.format(user=tried.user) + (f". It said: {said}" if said else "."),
    )


def is_wrong_password(stderr: bytes, tried: Command) -> bool:
    """Whether sudo asks again, or says that the password was not right."""
    return stderr.count(tried.prompt.encode()) > 1 or b", try again" in stderr


_SUDO_REFUSALS = (
    (
        r"(?m)^(env|sh|sudo): .*\bsudo\b.*(No such file|not found)",
        "user {user} is not root and there is no `sudo` on the host",
        "Install sudo there, or connect as root",
    ),
    (
        r"sudo: sh: command not found|unable to execute .*sh\b.*No such file",
        "there is no POSIX `sh` on root's PATH",
        "Install one: kprov needs sh, coreutils and tar on the host",
    ),
    (
        r"must have a tty|tty is required",
        "sudo of user {user} works only with a terminal",
        "Add `Defaults:{user} !requiretty` to the host's sudoers",
    ),
    (
        r"(?i)account validation failure|password (is |has )?expired|account (is |has )?expired",
        "sudo refuses user {user}: the account or its password has expired",
        "Log in by hand and renew it",
    ),
    (
        r"incorrect (password|authentication) attempt|, try again|no password was provided",
        "sudo refuses the password of user {user}",
        f"{_HOW_TO_GIVE_ONE}; the one it has now is wrong",
    ),
    (
        r"not in the sudoers file|is not allowed to (execute|run)|may not run sudo|afraid I can.t",
        "user {user} may not become root by sudo",
        "Give this user the right in the host's sudoers, or set another `ansible_user`",
    ),
    (
        r"a password is required|interactive authentication is required",
        "sudo wants a password of user {user} and there is none",
        f"{_HOW_TO_GIVE_ONE}, or allow NOPASSWD in the host's sudoers",
    ),
)


def _diagnose(refusal: Refusal, *, sudo: bool) -> tuple[str, str]:
    for pattern, what, hint in _SUDO_REFUSALS if sudo else ():
        if re.search(pattern, refusal.stderr):
            return what, hint
    who = "sudo" if sudo else "the login shell"
    if refusal.timed_out:
        return (
            f"{who} of user {{user}} did not answer",
            "Log in by hand and look what it waits for (start-up files, a second factor)",
        )
    end = "by a signal" if refusal.status is None else f"with exit status {refusal.status}"
    if sudo:
        return f"{who} of user {{user}} ended {end}", "Try `sudo sh -c id` on that host"
    return (
        f"user {{user}} cannot start `sh`: {who} ended {end}",
        "kprov needs a login shell that runs commands, and a POSIX `sh` on the PATH",
    )


def _last_words(refusal: Refusal, tried: Command) -> str:
    text = (refusal.stderr.strip() or refusal.stdout.strip()).replace(tried.prompt or "\0", "")
    if tried.password is not None and tried.password.reveal():
        text = text.replace(tried.password.reveal(), "***")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(lines[-3:])[:500]
