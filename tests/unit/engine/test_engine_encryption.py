"""The key that Secrets are encrypted with: a lost one is noticed before anything is overwritten."""

from __future__ import annotations

import re

from tests.unit.engine.fake_site import FakeSite

FILE = "/etc/kubernetes/encryption.yaml"


def names_in(data: bytes) -> str:
    """What a host says of its keys: names, never the keys."""
    return " ".join(re.findall(r"name: (\S+)", data.decode()))


def test_another_key_than_the_hosts_is_refused(site: FakeSite) -> None:
    """A state folder without its key (a half backup): exit 3, hosts and folder stay as they are."""
    site.apply()
    host = site.hosts["cp1"]
    before = host.paths[FILE].data
    host.facts["encryption_keys"] = names_in(before)
    assert site.run("plan").code == 0
    (site.state / "pki" / "encryption.key").unlink()
    done_before = list(host.done)
    done = site.run("apply", "--yes")
    assert done.code == 3
    assert f"encrypts Secrets with the key {names_in(before)}" in done.err
    assert "restore pki/encryption.key" in done.err
    assert host.paths[FILE].data == before
    assert host.done == done_before
    assert not (site.state / "pki" / "encryption.key").exists()


def test_more_keys_on_the_host_are_fine(site: FakeSite) -> None:
    """Somebody's older key beside ours does no harm."""
    site.apply()
    host = site.hosts["cp1"]
    host.facts["encryption_keys"] = f"older {names_in(host.paths[FILE].data)}"
    assert site.run("plan").code == 0
