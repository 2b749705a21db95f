"""What sudo and login shells say, and what kprov makes of it."""

from __future__ import annotations

import pytest

from kprov.model.secret import Secret
from kprov.transport.become import Refusal, command, explain, is_wrong_password

PASSWORD = Secret("correct horse")


def test_root_needs_no_sudo() -> None:
    """For root, only sh takes the place of the login shell; a password would not be used."""
    made = command("cat", user="root", password=None, nonce="7")
    assert made.text == (
        "exec sh -c 'LC_ALL=C; export LC_ALL; echo kprov-ready-7; echo kprov-ready-7 >&2; cat'"
    )
    assert not made.sudo
    given = command("cat", user="root", password=PASSWORD, nonce="7")
    assert given == made


def test_sudo_without_password_never_asks() -> None:
    """-n makes sudo fail where it would wait for ever."""
    made = command("cat", user="me", password=None, nonce="7")
    assert made.text.startswith("exec env LC_ALL=C sudo -H -n -- sh -c '")
    assert made.go == ""


def test_sudo_with_password_reads_it_from_stdin() -> None:
    """The password is not in the command line; lines up to the go line are dropped."""
    made = command("cat", user="me", password=PASSWORD, nonce="7")
    assert made.text.startswith("exec env LC_ALL=C sudo -H -S -p kprov-password-7: -- sh -c '")
    assert "in kprov-go-7) break" in made.text
    assert made.text.endswith("unset l; cat'")
    assert "horse" not in made.text
    assert "horse" not in repr(made)


def test_a_boot_with_a_quote_is_refused() -> None:
    """It would end the quotes of the command line."""
    with pytest.raises(ValueError, match="boot"):
        command("echo 'x'", user="root", password=None, nonce="7")


@pytest.mark.parametrize(
    ("stderr", "what", "hint"),
    [
        (  # coreutils
            "env: 'sudo': No such file or directory",
            "no `sudo` on the host",
            "Install sudo",
        ),
        (  # busybox
            "env: can't execute 'sudo': No such file or directory",
            "no `sudo` on the host",
            "Install sudo",
        ),
        ("sudo: sh: command not found", "no POSIX `sh`", "Install one"),
        ("sudo: sorry, you must have a tty to run sudo", "only with a terminal", "!requiretty"),
        (
            "kprov-password-7:Sorry, try again.\nsudo: 1 incorrect password attempt",
            "refuses the password of user me",
            "ansible_become_password",
        ),
        (  # sudo-rs
            "sudo: Authentication failed, try again.",
            "refuses the password of user me",
            "ansible_become_password",
        ),
        (
            "me is not in the sudoers file.\nThis incident has been reported.",
            "may not become root",
            "sudoers",
        ),
        (
            "Sorry, user me is not allowed to execute '/usr/bin/sh -c ...' as root on w1.",
            "may not become root",
            "sudoers",
        ),
        ("sudo: I'm sorry me. I'm afraid I can't do that", "may not become root", "sudoers"),
        ("sudo: a password is required", "there is none", "--ask-become-pass"),
        ("sudo: interactive authentication is required", "there is none", "NOPASSWD"),
        (
            "sudo: Account or password is expired, reset your password and try again",
            "expired",
            "renew",
        ),
        ("sudo: something new", "sudo of user me ended with exit status 1", "sudo sh -c id"),
    ],
)
def test_what_sudo_says(stderr: str, what: str, hint: str) -> None:
    """Every way sudo refuses has its own words, its own way out, and sudo's last words."""
    tried = command("cat", user="me", password=PASSWORD, nonce="7")
    error = explain(Refusal(1, stderr, ""), tried, where="w1")
    assert what in error.problem.what
    assert hint in error.problem.hint
    assert error.problem.where == "w1"
    assert "kprov-password" not in str(error)
    assert stderr.splitlines()[-1] in str(error)


def test_login_shells() -> None:
    """Without sudo in it, the login shell is what failed; what it printed is told."""
    tried = command("cat", user="root", password=None, nonce="7")
    refused = Refusal(1, "", "This account is currently not available.")
    assert "This account is currently not available" in str(explain(refused, tried, where="w1"))
    silent = explain(Refusal(None, "", "", timed_out=True), tried, where="w1")
    assert "the login shell of user root did not answer" in str(silent)


def test_the_password_is_masked_should_it_ever_be_echoed() -> None:
    """A shell that echoes its input does not bring the password into an error."""
    tried = command("cat", user="me", password=PASSWORD, nonce="7")
    error = explain(Refusal(1, "correct horse: command not found", ""), tried, where="w1")
    assert "horse" not in str(error)
    assert "***" in str(error)


@pytest.mark.parametrize(
    ("stderr", "wrong"),
    [
        (b"", False),
        (b"We trust you have received the usual lecture\nkprov-password-7:", False),
        (b"kprov-password-7:Sorry, try again.\n", True),
        (b"kprov-password-7:kprov-password-7:", True),
        (b"sudo: Account or password is expired, reset your password and try again", False),
    ],
)
def test_when_a_password_was_wrong(stderr: bytes, wrong: bool) -> None:
    """Asking twice, or saying so: known before sudo takes another line for an answer."""
    tried = command("cat", user="me", password=PASSWORD, nonce="7")
    assert is_wrong_password(stderr, tried) is wrong
