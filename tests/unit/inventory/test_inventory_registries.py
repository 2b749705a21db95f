"""Registries and the proxy: what is refused, with its line."""

from __future__ import annotations

import pytest
from inventory_folder import HOSTS, Folder


def problem(folder: Folder, text: str) -> str:
    """The only problem of one line in `containerd.registries`, line 4."""
    return folder.problem(f"cluster:\n  containerd:\n    registries:\n      {text}\n{HOSTS}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://x.example: {}", "expected a registry's host"),
        ("docker.io: {mirrors: [mirror.example.com]}", "not an address such as https://"),
        ("docker.io: {ca: nowhere.pem}", "the file nowhere.pem does not exist"),
        ("docker.io: {username: robot}", "the password of robot for docker.io is missing"),
        ("docker.io: {password_env: PW}", "has a password but no `username`"),
        ("docker.io: {username: a, password_file: nowhere}", "the file nowhere does not exist"),
        ("docker.io: {username: a, password_env: A-B}", "password_env"),
        ("docker.io: {username: a, password: b}", "unknown key 'password'"),
        ("x.example: {username: a, password_env: PW, skip_verify: true}", "anybody in between"),
        (
            "x.example: {username: a, password_env: PW, mirrors: ['http://m.example']}",
            "a plain http:// address: anybody in between",
        ),
        ("_default: {}", "`_default` has no mirrors"),
    ],
)
def test_bad_registries(folder: Folder, text: str, words: str) -> None:
    """One problem each, at its line."""
    found = problem(folder, text)
    assert found.startswith("inv.yaml:4: ")
    assert words in found


def test_two_places_for_a_password(folder: Folder) -> None:
    """It is not guessed which counts."""
    folder.write("secret", "x")
    found = problem(folder, "docker.io: {username: a, password_env: PW, password_file: secret}")
    assert "both `password_env` and `password_file`" in found


@pytest.mark.parametrize("url", ["proxy:3128", "http://pro xy", "http://u:it's@proxy:3128"])
def test_a_bad_proxy_is_not_shown(folder: Folder, url: str) -> None:
    """There may be a password in it."""
    found = folder.problem(f'cluster:\n  proxy:\n    http: "{url}"\n{HOSTS}')
    assert found.startswith("inv.yaml:3: ")
    assert "not an address such as http://proxy.example.com:3128" in found
    assert url not in found


def test_a_proxys_password_may_come_from_the_environment(folder: Folder) -> None:
    """By the lookup that Ansible has."""
    text = "cluster:\n  proxy: {https: \"http://u:{{ lookup('env', 'PW') }}@proxy:3128\"}\n"
    found = folder.read(text + HOSTS, environ={"PW": "secret"}).cluster.proxy
    assert found is not None
    assert found.https == "http://u:secret@proxy:3128"


def test_unverified_certificates_are_said_aloud(folder: Folder) -> None:
    """A warning each time."""
    text = "cluster: {containerd: {registries: {x.example: {skip_verify: true}}}}\n"
    (warning, *_) = folder.read(text + HOSTS).warnings
    assert "certificates of x.example are not verified" in warning
