"""`ansible_ssh_common_args`: the part of ssh's command line that people put into inventories.

Options are read as ssh(1) and ssh_config(5) define them. What only tunes the OpenSSH client is
accepted and has no effect; anything else is an error, because leaving it out might connect
elsewhere, or less safely, than the person meant.
"""

from __future__ import annotations

import difflib
import re
import shlex
from dataclasses import dataclass

from kprov.model.errors import InputError

_HONOURED = """
ConnectTimeout GlobalKnownHostsFile HostKeyAlias HostName IdentitiesOnly IdentityFile Port
ProxyCommand ProxyJump StrictHostKeyChecking User UserKnownHostsFile
"""
_WITHOUT_EFFECT = """
AddKeysToAgent BatchMode CheckHostIP Compression ConnectionAttempts ControlMaster ControlPath
ControlPersist ForwardAgent ForwardX11 GSSAPIAuthentication HashKnownHosts
KbdInteractiveAuthentication LogLevel PasswordAuthentication PreferredAuthentications
PubkeyAuthentication RequestTTY SendEnv ServerAliveCountMax ServerAliveInterval TCPKeepAlive
UpdateHostKeys VisualHostKey
"""
_LETTERS_WITH_VALUE = {"J": "proxyjump", "i": "identityfile", "l": "user", "p": "port"}
_LETTERS_WITHOUT_EFFECT = frozenset("ACTaqvx")


@dataclass(frozen=True, slots=True)
class SshArguments:
    """What the arguments say, in their order; the first of a name wins, as in ssh_config."""

    options: tuple[tuple[str, str], ...] = ()
    """Lower-case names of ssh_config with their values."""
    config_file: str | None = None
    """`-F`: read this file instead of the user's and the system's; `none` for no file."""

    def first(self, *names: str) -> tuple[str, str] | None:
        """The first option that has one of these names."""
        return next(((name, value) for name, value in self.options if name in names), None)


def parse(text: str, *, where: str) -> SshArguments:
    """Read the arguments of host `where`; raises InputError naming host, option and a way out."""
    if "\n" in text.strip():
        raise _error(where, "more than one line", "Write them on one line.")
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise _error(where, f"{text!r}: {error}", "Close the quotes.") from error
    options: list[tuple[str, str]] = []
    config_file: str | None = None
    while words:
        word = words.pop(0)
        if re.fullmatch(rf"-[{''.join(_LETTERS_WITHOUT_EFFECT)}]+", word):
            continue
        letter, value = _split_word(word, words, where)
        if letter == "F":
            config_file = value
        elif letter in _LETTERS_WITH_VALUE:
            options.append((_LETTERS_WITH_VALUE[letter], value))
        elif letter == "o":
            options += _parse_option(value, where)
        else:
            hint = "kprov knows -o, -J, -i, -F, -l and -p."
            raise _error(where, f"{word!r} is not an option that kprov knows", hint)
    return SshArguments(tuple(options), config_file)


def _split_word(word: str, rest: list[str], where: str) -> tuple[str, str]:
    """`-Jhost` and `-J host` to (`J`, `host`)."""
    match = re.fullmatch(r"-([A-Za-z])(.*)", word)
    if match is None:
        raise _error(where, f"{word!r} is not an option", "Options begin with a dash.")
    letter, value = match.groups()
    if letter not in {"F", "o", *_LETTERS_WITH_VALUE}:
        return letter, value
    if not value and not rest:
        raise _error(where, f"{word!r} has no value", f"Write `{word} VALUE`.")
    return letter, value or rest.pop(0)


def _parse_option(text: str, where: str) -> list[tuple[str, str]]:
    """`Name=value` or `Name value` to its pair; nothing for options without effect here."""
    match = re.fullmatch(r"\s*(\w+)(?:\s*=\s*|\s+)(.+?)\s*", text)
    if match is None:
        raise _error(where, f"'-o {text}' is not an option", "Write `-o Name=value`.")
    name, value = match.group(1).lower(), match.group(2)
    if name in _HONOURED.lower().split():
        return [(name, value)]
    if name in _WITHOUT_EFFECT.lower().split():
        return []
    raise _error(where, f"'-o {text}' is not an option that kprov knows", _suggest(name))


def _suggest(name: str) -> str:
    names = {known.lower(): known for known in _HONOURED.split()}
    close = difflib.get_close_matches(name, names, n=1)
    known = f"kprov knows {', '.join(names.values())}."
    return f"Did you mean {names[close[0]]}? {known}" if close else known


def _error(where: str, what: str, hint: str) -> InputError:
    return InputError(f"ansible_ssh_common_args: {what}", where=where, hint=hint)
