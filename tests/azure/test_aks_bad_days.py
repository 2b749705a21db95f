"""Bad days on Azure: busy, throttled, cut off, killed, interrupted, leased, refused."""

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta

import pytest

from tests.azure import child
from tests.azure.aks_site import SYSTEM, WORK, AksSite
from tests.azure.faults import Cut, CutConnection, busy, internal_error, puts, throttled
from tests.azure.identities import READER, Grant
from tests.azure.regions import REGIONS, Region
from tests.azure.world import Settings

UPGRADED = {**WORK, "count": 3}


def test_storms_are_ridden_out(site: AksSite) -> None:
    """Others at work, too many requests, trouble of the service's own."""
    site.applied()
    site.azure.plan(busy(3, matching=puts), throttled(3), internal_error(2))
    site.write([SYSTEM, UPGRADED], tier="standard", kubernetes="1.36")
    site.applied()
    assert len(site.writes) == 5


def test_the_service_goes_on_working_after_a_create(site: AksSite) -> None:
    """Nobody sees it in the state; it refuses what comes next, for a while."""
    site.azure.world.settings = Settings(background=60)
    site.write(maintenance=[{"of": "upgrades", "weekly": {"day": "Sunday"}}])
    site.applied()
    site.write([SYSTEM, UPGRADED])
    site.applied()


def forget(site: AksSite) -> None:
    """Nothing was ever made in this Azure."""
    with site.azure.world.lock:
        site.azure.world.subscriptions[site.azure.subscription].groups.clear()


def rewind(site: AksSite) -> None:
    """The cluster is as before its upgrade."""
    with site.azure.world.lock:
        cluster = site.azure.cluster("rg", "prod")
        cluster.properties |= {"kubernetesVersion": "1.35", "currentKubernetesVersion": "1.35.7"}
        version = {"orchestratorVersion": "1.35", "currentOrchestratorVersion": "1.35.7"}
        for pool in cluster.pools.values():
            pool.properties |= version
        cluster.pools["work"].properties["count"] = WORK["count"]


@pytest.mark.parametrize(("when", "every"), [(Cut.BEFORE, 4), (Cut.AFTER, 1)])
def test_a_connection_cut_at_any_request_does_not_matter(
    site: AksSite, when: Cut, every: int
) -> None:
    """A create, then an upgrade with another change: not even an answer that was lost."""
    site.azure.world.clock.pace = 30
    for pools, version, before in (
        ([SYSTEM, WORK], "1.35", forget),
        ([SYSTEM, UPGRADED], "1.36", rewind),
    ):
        site.write(pools, kubernetes=version)
        for number in range(1, 99, every):
            before(site)
            site.azure.plan(CutConnection(number, when))
            assert site.run("apply", "-y") == 0, site.err + site.out
            if site.azure.faults.planned:
                break
            assert site.run("plan") == 0
        site.azure.faults.clear()


def killed(site: AksSite, number: int) -> bool:
    """Apply in another process, killed after its n-th request; whether it came that far."""
    words = ["apply", "-y", str(site.inventory)]
    return child.exit_code(words, site.folder, killed_after=number) == -signal.SIGKILL


def test_a_run_that_was_killed_after_any_request_is_gone_on_with(site: AksSite) -> None:
    """A create and an upgrade: the same command again ends it, with nothing done twice."""
    site.azure.world.clock.pace = 30
    for pools, version, before, count in (
        ([SYSTEM, WORK], "1.35", forget, 2),
        ([SYSTEM, UPGRADED], "1.36", rewind, 4),
    ):
        site.write(pools, kubernetes=version)
        for number in range(1, 99):
            before(site)
            site.azure.log.clear()
            dead = killed(site, number)
            assert site.run("apply", "-y") == 0, site.err + site.out
            assert len(site.writes) == count
            if not dead:
                break
            assert site.run("plan") == 0, site.out


def test_ctrl_c_says_how_to_go_on(site: AksSite) -> None:
    """What Azure has begun goes on there; the next run waits for it first."""
    site.azure.world.clock.pace = 0
    words = ["apply", "-y", str(site.inventory)]
    assert child.exit_code(words, site.folder, interrupted_after=3) == 130
    assert (site.folder / ".kprov/prod/operation.json").exists()
    site.azure.world.clock.pace = 10
    assert site.apply() == 0, site.err
    assert "resuming: create the cluster" in site.err
    assert site.writes == []
    site.unchanged()


def test_no_wait_begins_and_returns(site: AksSite) -> None:
    """The next run goes on."""
    site.write([SYSTEM, WORK], maintenance=[{"of": "upgrades", "weekly": {"day": "Sunday"}}])
    site.azure.world.clock.pace = 0
    assert site.apply("--no-wait") == 0, site.err
    assert site.writes == ["PUT resourcegroups/rg", "PUT managedClusters/prod"]
    assert "begun: 2 changes, 1 to go" in site.out
    assert site.run("status") == 2
    assert "in progress: cluster: Creating" in " ".join(site.out.split())
    site.azure.world.clock.pace = 10
    site.applied()


def test_two_applies_exclude_each_other(site: AksSite) -> None:
    """By a tag with owner and end; one that is over counts no more."""
    site.applied()
    with site.azure.world.lock:
        group = site.azure.world.subscriptions[site.azure.subscription].groups["rg"]
    end = (datetime.now(UTC) + timedelta(minutes=5)).isoformat(timespec="seconds")
    group.tags["kprov-lease-prod"] = f"ann@laptop /x, until {end}"
    site.write(tier="standard")
    assert site.apply() == 4
    assert "another apply is at work: ann@laptop" in site.err
    assert site.azure.log.writes() == []
    assert site.run("status") == 2
    assert "leased to ann@laptop" in site.out
    assert site.apply("--steal-lease") == 0
    assert "kprov-lease-prod" not in group.tags
    past = (datetime.now(UTC) - timedelta(minutes=5)).isoformat(timespec="seconds")
    group.tags["kprov-lease-prod"] = f"ann@laptop /x, until {past}"
    site.write(tier="free")
    site.applied()


def test_no_permission_says_which_action_on_which_scope(site: AksSite) -> None:
    """Nothing was changed."""
    site.azure.world.app.grants[:] = [Grant(READER, f"/subscriptions/{site.azure.subscription}")]
    assert site.apply() == 1
    said = site.err + site.out
    assert "AuthorizationFailed" in said
    assert "Microsoft.Resources/subscriptions/resourceGroups/write" in said
    assert "give that identity a role with this action" in said
    assert site.writes == []


@pytest.mark.parametrize(
    ("change", "what", "code"),
    [
        ({"subscription": "99999999-9999-4999-8999-999999999999"}, "SubscriptionNotFound", 3),
        ({"tenant": "99999999-9999-4999-8999-999999999999"}, "cannot sign in to Azure", 1),
        ({"resource_group": {"name": "none", "location": "westeurope"}}, "no resource group", 3),
    ],
)
def test_wrong_accounts_are_named(
    site: AksSite, change: dict[str, object], what: str, code: int
) -> None:
    """Nothing was changed."""
    site.write(**change)
    assert site.apply() == code
    assert what in site.err
    assert site.azure.log.writes() == []


def test_quota_says_what_to_do(site: AksSite) -> None:
    """With Azure's own figures."""
    site.azure.world.settings = Settings(
        regions={**REGIONS, "westeurope": Region("westeurope", cpus=4)}
    )
    assert site.apply() == 1
    assert "ErrCode_InsufficientVCPUQuota" in site.out
    assert "requested quota" in site.out
    assert "ask for more quota" in site.out
    assert "request id" in site.out


def test_an_unregistered_provider_is_registered(site: AksSite) -> None:
    """The SDK's own policy does not do it for long operations."""
    with site.azure.world.lock:
        subscription = site.azure.world.subscriptions[site.azure.subscription]
        subscription.registered.pop("microsoft.containerservice")
    assert site.ids()[0] == "registration:Microsoft.ContainerService"
    site.applied()
