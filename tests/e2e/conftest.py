"""What the end-to-end scenarios begin with: root, a mirror, machines that are gone afterwards."""

from __future__ import annotations

import fcntl
import os
import signal
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from kprov.cli.local import local_spec
from kprov.inventory.load import load
from kprov.machines import lifecycle
from tests.e2e.command import Kprov
from tests.e2e.mirror_folder import Images, find_images, kubernetes_versions
from tests.e2e.site import Site, Supply
from tests.testbed.mirror import build_mirror, default_cache

HERE = Path(__file__).parent
_FAILED = pytest.StashKey[dict[str, str]]()

Machines = Callable[..., AbstractContextManager[Site]]


def pytest_configure(config: pytest.Config) -> None:
    """The marker of scenarios whose steps build on each other."""
    config.addinivalue_line("markers", "story: after a failed step the rest of it is not tried")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Scenarios are stories: their steps stay in the order in which they are told."""
    mine = [item for item in items if HERE in item.path.parents]
    others = [item for item in items if HERE not in item.path.parents]
    tellings = list(dict.fromkeys(map(_telling, sorted(mine, key=_telling, reverse=True))))
    mine.sort(key=lambda it: (it.path, tellings.index(_telling(it)), it.reportinfo()[1] or 0))
    items[:] = [*others, *mine]


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Remember the step of a scenario that failed."""
    if call.excinfo is not None and item.get_closest_marker("story") and item.parent:
        failed = item.parent.stash.setdefault(_FAILED, {})
        failed.setdefault(_telling(item), item.name)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """What comes after a failed step would fail for its sake alone: say so at once."""
    if item.get_closest_marker("story") and item.parent:
        failed = item.parent.stash.get(_FAILED, {}).get(_telling(item))
        if failed is not None:
            pytest.fail(f"not tried: {failed} failed before", pytrace=False)


def _telling(item: pytest.Item) -> str:
    """Which telling of a story a step belongs to: each Kubernetes version has its own."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return str(parameters.get("every_version", ""))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`every_version`: each Kubernetes release of a mirror that somebody named, the newest first.

    The test bed's own mirror has one, and is built when the first test needs it, not here.
    """
    if "every_version" in metafunc.fixturenames:
        named = os.environ.get("KPROV_TEST_MIRROR")
        versions: tuple[str, ...] = kubernetes_versions(Path(named)) if named else ()
        metafunc.parametrize("every_version", versions or ("newest",), scope="module")


@pytest.fixture(scope="session")
def alone() -> Iterator[None]:
    """Be root, and the only one who runs these tests here: they use fixed names and addresses."""
    if os.environ.get("KPROV_NO_E2E"):
        pytest.skip("KPROV_NO_E2E is set: the end-to-end tests were left out on purpose")
    if os.geteuid() != 0:
        pytest.fail(
            "the end-to-end tests need root, for machines of their own: `make e2e` (or `sudo "
            "--preserve-env make e2e`); KPROV_NO_E2E=1 leaves them out",
            pytrace=False,
        )
    default_cache().mkdir(parents=True, exist_ok=True)
    with (default_cache() / "e2e.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pytest.fail("another run of these tests is at work on this computer", pytrace=False)
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends machines as Ctrl-C does
        yield


@pytest.fixture(scope="session")
def mirror(alone: None) -> Path:
    """The mirror folder: KPROV_TEST_MIRROR, or the one that the test bed builds."""
    named = os.environ.get("KPROV_TEST_MIRROR")
    folder = Path(named).resolve() if named else build_mirror(default_cache())
    if not kubernetes_versions(folder):
        pytest.fail(
            f"{folder} has no Kubernetes release that kprov supports: expected "
            "release/vX.Y.Z/bin/linux/amd64/kubelet and the rest of upstream's layout",
            pytrace=False,
        )
    return folder


@pytest.fixture(scope="session")
def images(mirror: Path) -> Images:
    """Pause and busybox: the mirror's own, otherwise those of the test bed."""
    found = find_images(mirror) or find_images(build_mirror(default_cache()))
    assert found is not None, "the test bed's mirror has no images"
    return found


@pytest.fixture(scope="session")
def supply(mirror: Path, images: Images) -> Supply:
    """The newest release of the mirror."""
    return Supply(mirror, kubernetes_versions(mirror)[0], images)


@pytest.fixture(scope="module")
def every_supply(every_version: str, mirror: Path, images: Images) -> Supply:
    """Each release of the mirror, one after the other."""
    newest = every_version == "newest"
    version = kubernetes_versions(mirror)[0] if newest else every_version
    return Supply(mirror, version, images)


@pytest.fixture(scope="session")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Machines:
    """`with machines(supply, NAME, HOSTS) as site`: booted, and removed with all they needed.

    HOSTS is name to address; `packages` are Debian's, on top of a plain server. Left-overs of a
    run that was killed are removed first.
    """

    @contextmanager
    def boot(
        supply: Supply,
        name: str,
        hosts: Mapping[str, str],
        *,
        sudo_password: str = "",
        packages: tuple[str, ...] = (),
        host_vars: Mapping[str, Mapping[str, str]] | None = None,
    ) -> Iterator[Site]:
        directory = tmp_path_factory.mktemp(name)
        home = directory / "home"
        home.mkdir()
        extra = {"KPROV_BECOME_PASSWORD": sudo_password} if sudo_password else {}
        site = Site(name, directory, hosts, supply, Kprov(home, directory))
        local = Kprov(home, directory, extra)
        first, *others = (
            {host: {"ansible_host": hosts[host], **(host_vars or {}).get(host, {})}}
            for host in hosts
        )
        content = {
            "cluster": {"name": name, "local": {}},
            "all": {"children": {
                "kube_control_plane": {"hosts": first},
                "kube_node": {"hosts": {**first, **dict(ChainMap(*others))}},
            }},
        }  # fmt: skip
        booted = site.write(content, "machines.yaml")
        local("local", "down", booted)
        try:
            if packages:  # of no use to people, so the command line has no word for it
                spec = replace(local_spec(load(booted)), packages=packages)
                lifecycle.up(spec, cache=default_cache(), report=print)
            else:
                local("local", "up", booted).exits(0)
            for host in hosts:
                site.run(host, "systemctl is-system-running --wait")
            yield site
        finally:
            local("local", "down", booted).exits(0)

    return boot
