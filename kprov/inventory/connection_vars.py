"""The variables of Ansible that say how to reach a host, as a table.

Names and meanings: Ansible's documentation of the `ssh` connection and `sudo` become plugins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "port", "boolean", "secret", "seconds"]


@dataclass(frozen=True, slots=True)
class ConnectionVariable:
    """One variable: its names, the preferred first, what it holds and what it does."""

    names: tuple[str, ...]
    kind: Kind
    meaning: str

    @property
    def name(self) -> str:
        """The name to write."""
        return self.names[0]


ADDRESS = ConnectionVariable(
    ("ansible_host", "ansible_ssh_host"),
    "text",
    "Address or name to connect to; unset: the host's own name.",
)
USER = ConnectionVariable(
    ("ansible_user", "ansible_ssh_user"),
    "text",
    "User to log in as; unset: as ssh_config says, otherwise the local user.",
)
PORT = ConnectionVariable(
    ("ansible_port", "ansible_ssh_port"), "port", "Port of sshd; unset: as ssh_config says, or 22."
)
KEY_FILE = ConnectionVariable(
    ("ansible_ssh_private_key_file", "ansible_private_key_file"),
    "text",
    "Private key; relative paths start at the inventory's folder, `~` is the home folder.",
)
PASSWORD = ConnectionVariable(
    ("ansible_password", "ansible_ssh_pass", "ansible_ssh_password"),
    "secret",
    "Password of the SSH login; better in KPROV_SSH_PASSWORD than in a file.",
)
BECOME = ConnectionVariable(("ansible_become",), "boolean", "Become root by sudo.")
BECOME_USER = ConnectionVariable(("ansible_become_user",), "text", "Only root is supported.")
BECOME_METHOD = ConnectionVariable(("ansible_become_method",), "text", "Only sudo is supported.")
BECOME_PASSWORD = ConnectionVariable(
    ("ansible_become_password", "ansible_become_pass"),
    "secret",
    "Password that sudo asks for; better in KPROV_BECOME_PASSWORD than in a file.",
)
SSH_ARGS = ConnectionVariable(("ansible_ssh_args",), "text", "Arguments of ssh, put first.")
SSH_COMMON_ARGS = ConnectionVariable(
    ("ansible_ssh_common_args",),
    "text",
    "Arguments of ssh: `-J BASTION`, `-o ProxyJump=...`, `-o ProxyCommand=...`.",
)
SSH_EXTRA_ARGS = ConnectionVariable(
    ("ansible_ssh_extra_args",), "text", "More arguments of ssh, put last."
)
TIMEOUT = ConnectionVariable(
    ("ansible_ssh_timeout", "ansible_timeout"), "seconds", "Seconds to wait for a connection."
)
CONNECTION = ConnectionVariable(
    ("ansible_connection",), "text", "Only SSH: ssh, paramiko, smart and their like."
)

ALL = (
    ADDRESS,
    USER,
    PORT,
    KEY_FILE,
    PASSWORD,
    BECOME,
    BECOME_USER,
    BECOME_METHOD,
    BECOME_PASSWORD,
    SSH_ARGS,
    SSH_COMMON_ARGS,
    SSH_EXTRA_ARGS,
    TIMEOUT,
    CONNECTION,
)
NAMES = tuple(name for variable in ALL for name in variable.names)
SECRET_NAMES = frozenset(
    name for variable in ALL if variable.kind == "secret" for name in variable.names
)

# Ansible's own, without a meaning here; a name that is close to one of these is not a slip.
HARMLESS = (
    "ansible_become_exe",
    "ansible_become_flags",
    "ansible_group_priority",
    "ansible_host_key_checking",
    "ansible_pipelining",
    "ansible_python_interpreter",
    "ansible_remote_tmp",
    "ansible_scp_if_ssh",
    "ansible_scp_extra_args",
    "ansible_sftp_extra_args",
    "ansible_shell_executable",
    "ansible_shell_type",
    "ansible_ssh_executable",
    "ansible_ssh_host_key_checking",
    "ansible_ssh_pipelining",
    "ansible_ssh_retries",
    "ansible_ssh_transfer_method",
)
