"""Steps that several scenarios have in common."""

from __future__ import annotations

from tests.e2e.command import Done
from tests.e2e.site import Site

# CoreDNS has no Debian package: where its image is not to be had, its check says so.
MAY_BE_LEFT_OUT = {"dns"}


def verified(site: Site, *only: str) -> Done:
    """`kprov verify` finds everything at work, or the named checks; AssertionError otherwise."""
    words = ["verify", str(site.inventory), "-o", "json", "--image", site.supply.images.busybox]
    done = site.kprov(*words, *(["--only", ",".join(only)] if only else [])).exits(0)
    checks = done.data["checks"]
    assert done.data["ok"]
    assert all(check["status"] != "failed" for check in checks)
    left_out = {check["name"] for check in checks if check["status"] == "not-run"}
    assert left_out <= MAY_BE_LEFT_OUT, f"not run: {left_out}"
    assert any(check["status"] == "ok" for check in checks)
    return done


def unchanged(site: Site) -> None:
    """An apply has nothing to do and needs one look at each host; `plan` agrees."""
    done = site.kprov("apply", site.inventory, "--yes", "-o", "json").exits(0)
    assert done.data["changes"] == 0, done
    assert set(done.data["channels"].values()) == {1}
    site.kprov("plan", site.inventory).exits(0).says("No changes")


def converged(site: Site) -> Done:
    """An apply does what is left to do; after it nothing is."""
    done = site.kprov("apply", site.inventory, "--yes", "-o", "json").exits(0)
    assert done.data["ok"]
    unchanged(site)
    return done
