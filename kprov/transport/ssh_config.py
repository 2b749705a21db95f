"""ssh_config files, read by paramiko, with what paramiko leaves out: `Include`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from paramiko import ConfigParseError, SSHConfig

from kprov.model.errors import InputError
from kprov.transport.route import Options

_SYSTEM = Path("/etc/ssh")
_MAX_DEPTH = 16
"""As in OpenSSH's readconf.c."""


class _Config(SSHConfig):
    # Without %l and %L: paramiko would ask the name server for this computer's full name at every
    # look-up, whether the value has the token or not.
    TOKENS_BY_CONFIG_KEY = {  # noqa: RUF012  the base class's way to say it
        **SSHConfig.TOKENS_BY_CONFIG_KEY,
        "identityfile": ["~", "%d", "%h", "%u", "%r"],
        "userknownhostsfile": ["~", "%d", "%h", "%u", "%r"],
    }


class SshConfig:
    """The text of the files that count, and what it says about a host."""

    def __init__(self, text: str, files: str) -> None:
        self._text = text
        self._files = files

    def lookup(self, name: str, first: Iterable[tuple[str, str]] = ()) -> Options:
        """The options for `name`; those in `first` win over the files, as ssh's arguments do.

        Raises InputError for a file that cannot be understood.
        """
        head = "".join(f"{option} {value}\n" for option, value in first)
        try:
            found: Options = _Config.from_text(f"{head}{self._text}").lookup(name)
        except (ConfigParseError, ValueError) as error:
            hint = "Compare with ssh_config(5); `ssh -G HOST` shows how OpenSSH reads it."
            raise InputError(str(error), where=self._files, hint=hint) from error
        return found


def load(config_file: str | None, home: Path) -> SshConfig:
    """The user's file and then the system's; or only `config_file` (`none`: no file at all).

    Raises InputError when `config_file` is not there, or a file cannot be read.
    """
    if config_file is not None and config_file.lower() == "none":
        return SshConfig("", "ssh_config")
    if config_file is not None:
        path = Path(_expand(config_file, home))
        if not path.is_file():
            hint = "It is named with -F in ansible_ssh_common_args."
            raise InputError("there is no such ssh_config file", where=str(path), hint=hint)
        return SshConfig(_read(path, home / ".ssh", home), str(path))
    user, system = home / ".ssh" / "config", _SYSTEM / "ssh_config"
    # The second file begins with `Host *`: it must not belong to the first one's last block.
    text = _read(user, user.parent, home) + "\nHost *\n" + _read(system, _SYSTEM, home)
    return SshConfig(text, f"{user} or {system}")


def _read(path: Path, folder: Path, home: Path, depth: int = 0) -> str:
    if not path.is_file() or depth > _MAX_DEPTH:
        return ""
    try:
        text = path.read_text(errors="replace")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error
    block = "Host *"
    lines: list[str] = []
    for line in text.splitlines():
        if re.match(r"\s*(host|match)[\s=]", line, re.IGNORECASE):
            block = line
        include = re.match(r"\s*include(?:\s*=\s*|\s+)(.+)", line, re.IGNORECASE)
        if include is None:
            lines.append(line)
            continue
        for pattern in include.group(1).replace('"', "").split():
            for included in _glob(_expand(pattern, home), folder):
                # `block` again: what follows belongs to it, whatever blocks the other file opened
                lines += [_read(included, folder, home, depth + 1), block]
    return "\n".join(lines) + "\n"


def _glob(pattern: str, folder: Path) -> list[Path]:
    if pattern.startswith("/"):
        return sorted(Path("/").glob(pattern.lstrip("/")))
    return sorted(folder.glob(pattern))


def _expand(text: str, home: Path) -> str:
    return re.sub(r"^~(?=/)", str(home), text)
