"""up, down, start, stop, listing: what `kprov local` does."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kprov.machines import base, cgroups, network, processes, records, requirements, seed
from kprov.machines.cgroups import Layout
from kprov.machines.folders import RUN, Folders, locked, make_directory
from kprov.machines.keys import private_key, public_key
from kprov.machines.launch import fence, launch, wait_for_sshd
from kprov.machines.records import ClusterRecord, MachineRecord
from kprov.machines.values import Listed, LocalSpec, Machine, Started, problems
from kprov.model.errors import LocalMachineError, ProblemsError

Report = Callable[[str], None]

BOOT_SECONDS = 60.0
SHUTDOWN_SECONDS = 90.0


def up(
    spec: LocalSpec, *, cache: Path, report: Report, seconds: float = BOOT_SECONDS
) -> tuple[Started, ...]:
    """Boot, side by side, the machines that do not run; return when every sshd answers.

    ProblemsError for a spec that cannot be; LocalMachineError when this computer is not ready, the
    network is taken, or a machine does not answer within `seconds` (it is left, to look at).
    """
    found = problems(spec)
    if found:
        raise ProblemsError(found)
    requirements.check(cache, "up")
    for warning in requirements.warnings(len(spec.machines)):
        report(warning)
    cache = cache.resolve()
    folders = Folders(cache)
    image = base.ensure(spec.packages, cache, report)
    with _cluster(spec.cluster, report):
        record = _record(spec, cache)
        network.check_free(spec.network, spec.cluster)
        records.save_cluster(record)
        machines = _plant(spec, folders, image, report)
        return _boot(record, machines, folders, seconds, report)


def down(cluster: str, *, cache: Path, report: Report) -> None:
    """Remove a cluster's machines, their data and all that they needed; nothing there is fine."""
    requirements.check_root("down")
    with _cluster(cluster, report):
        record = records.load_cluster(cluster)
        places = {cache.resolve(), Path(record.cache)} if record else {cache.resolve()}
        _end_all(cluster, [Folders(place) for place in places], report)
        for bridge in network.remove_bridges(cluster):
            report(f"{bridge}: removed")
        for place in places:
            _remove_data(Folders(place), cluster)
        records.forget_cluster(cluster)


def stop(cluster: str, name: str, *, cache: Path, report: Report, power_cut: bool = False) -> None:
    """Shut one machine down, or cut its power; its data stays, the others do not notice."""
    requirements.check_root("stop")
    with _cluster(cluster, report):
        _known(cluster, name, cache)
        mark = processes.identity(cluster, name)
        if not power_cut:
            processes.shut_down([mark], SHUTDOWN_SECONDS)
        _clear(cgroups.detect(), Folders(cache), cluster, name)
        report(f"{name}: stopped")


def start(
    cluster: str, name: str, *, cache: Path, report: Report, seconds: float = BOOT_SECONDS
) -> Started:
    """Boot one machine that was stopped; returns when its sshd answers."""
    requirements.check(cache, "start")
    with _cluster(cluster, report):
        record, machine = _known(cluster, name, cache)
        return _boot(record, (machine,), Folders(cache.resolve()), seconds, report)[0]


def listing(cache: Path) -> tuple[Listed, ...]:
    """All machines that this cache holds, by cluster and name. Needs root to see what runs."""
    requirements.check_root("list")
    folders = Folders(cache)
    running = processes.scan()
    names = sorted(path.name for path in folders.clusters.glob("*") if path.is_dir())
    return tuple(
        _listed(cluster, machine, running.get(processes.identity(cluster, machine.name)))
        for cluster in names
        for machine in records.machines(folders, cluster)
    )


def _listed(cluster: str, machine: MachineRecord, found: processes.Processes | None) -> Listed:
    leader = found.leader if found else None
    state = "running" if leader else "starting" if found else "stopped"
    return Listed(cluster, machine.name, machine.address, state, leader, machine.host_key)


@contextmanager
def _cluster(cluster: str, report: Report) -> Iterator[None]:
    """Be the only one who works on a cluster; leave no folder when there is nothing to record."""
    with locked(RUN / cluster, lambda: report(f"{cluster}: another kprov is at work, waits")):
        try:
            yield
        finally:
            if (RUN / cluster).is_dir() and not records.is_written(cluster):
                records.forget_cluster(cluster)


def _record(spec: LocalSpec, cache: Path) -> ClusterRecord:
    """What this run will record; the same as an earlier run did in the same boot, or an error."""
    new = ClusterRecord(
        spec.cluster,
        str(cache),
        spec.network.bridge,
        spec.network.gateway,
        records.boot_id(),
        spec.network.gateway6,
    )
    old = records.load_cluster(spec.cluster)
    if old and old != new:
        raise LocalMachineError(
            f"this cluster runs already, on {old.bridge} ({old.gateway}) with its data in "
            f"{old.cache}; asked for is {new.bridge} ({new.gateway}) with {new.cache}",
            where=spec.cluster,
            hint="remove it first (`kprov local down`), or give this one another cluster name",
        )
    return new


def _plant(
    spec: LocalSpec, folders: Folders, image: Path, report: Report
) -> tuple[MachineRecord, ...]:
    """The records of all machines asked for; files are made for those that have none."""
    known = {record.name: record for record in records.machines(folders, spec.cluster)}
    _refuse_other_addresses(spec, known.values())
    make_directory(folders.clusters, 0o700)
    authorized = public_key(private_key(folders.cache))
    for machine in spec.machines:
        record = known.get(machine.name)
        if record is None:
            _clear(cgroups.detect(), folders, spec.cluster, machine.name)
            known[machine.name] = seed.plant(spec, machine, folders, image, authorized)
        elif record.base != image.name:
            report(f"{machine.name}: keeps its older base image until `kprov local down`")
    _introduce(spec.cluster, tuple(known.values()), folders)
    return tuple(known[machine.name] for machine in spec.machines)


def _refuse_other_addresses(spec: LocalSpec, known: Iterable[MachineRecord]) -> None:
    for record in known:
        for machine in spec.machines:
            same = (machine.name == record.name, machine.address == record.address)
            if any(same) and not all(same):
                raise LocalMachineError(
                    f"machine {record.name!r} of this cluster has the address {record.address} "
                    f"already; asked for is {machine.name!r} with {machine.address}",
                    where=spec.cluster,
                    hint="remove the machines first (`kprov local down`), or choose another one",
                )


def _introduce(cluster: str, machines: tuple[MachineRecord, ...], folders: Folders) -> None:
    """Let every machine of the cluster, running or not, know all the others by name."""
    everyone = [Machine(machine.name, machine.address) for machine in machines]
    running = processes.scan()
    for machine in machines:
        found = running.get(processes.identity(cluster, machine.name))
        root = folders.machine(cluster, machine.name) / "upper"
        if found and found.leader:
            # A mounted overlay does not look at its upper layer again.
            root = Path("/proc", str(found.leader), "root")
        seed.update_hosts(root / "etc/hosts", everyone)


def _boot(
    cluster: ClusterRecord,
    machines: Sequence[MachineRecord],
    folders: Folders,
    seconds: float,
    report: Report,
) -> tuple[Started, ...]:
    network.raise_bridge(cluster.network, cluster.cluster)
    launched = _launch_missing(cluster, machines, folders, report)
    took: dict[str, float] = {}

    def ready(machine: MachineRecord) -> None:
        if machine.name in launched:
            took[machine.name] = time.monotonic() - launched[machine.name]
            report(f"{machine.name}: ready after {took[machine.name]:.1f} s")

    wait_for_sshd(cluster.cluster, machines, folders, seconds, ready)
    running = processes.scan()
    return tuple(
        Started(
            cluster.cluster,
            machine.name,
            machine.address,
            machine.host_key,
            running[processes.identity(cluster.cluster, machine.name)].leader or 0,
            machine.name in launched,
            took.get(machine.name, 0.0),
        )
        for machine in machines
    )


def _launch_missing(
    cluster: ClusterRecord, machines: Sequence[MachineRecord], folders: Folders, report: Report
) -> dict[str, float]:
    """Launch the machines that have no init; when each was launched (monotonic seconds)."""
    layout = cgroups.detect()
    running = processes.scan()
    launched = {}
    for machine in machines:
        mark = processes.identity(cluster.cluster, machine.name)
        if mark in running and running[mark].leader:
            continue
        _clear(layout, folders, cluster.cluster, machine.name)
        directories = cgroups.make(layout, mark)
        launched[machine.name] = time.monotonic()
        launch(cluster, machine, folders, layout, directories)
        report(f"{machine.name}: boots")
    return launched


def _clear(layout: Layout, folders: Folders, cluster: str, name: str) -> None:
    """Leave nothing of a machine but its disk, whatever state it is in."""
    mark = processes.identity(cluster, name)
    fence(layout, folders.machine(cluster, name), mark)
    cgroups.remove(layout, mark)


def _known(cluster: str, name: str, cache: Path) -> tuple[ClusterRecord, MachineRecord]:
    record = records.load_cluster(cluster)
    machine = records.load_machine(Folders(cache), cluster, name)
    if record is None or machine is None:
        names = [machine.name for machine in records.machines(Folders(cache), cluster)]
        raise LocalMachineError(
            f"cluster {cluster!r} has no local machine {name!r} here",
            where=str(cache),
            hint=f"its machines: {', '.join(names)}"
            if record and names
            else "boot the cluster's machines first: kprov local up INVENTORY",
        )
    return record, machine


def _end_all(cluster: str, places: Iterable[Folders], report: Report) -> None:
    layout = cgroups.detect()
    marks = {mark for mark in processes.scan() if processes.owner(mark)[0] == cluster}
    processes.kill(marks)  # side by side, before each is looked at by itself
    for folders in places:
        for folder in sorted(folders.cluster(cluster).glob("*")):
            fence(layout, folder, processes.identity(cluster, folder.name))
    cgroups.remove(layout, processes.identity(cluster, "*"))
    for mark in sorted(marks):
        report(f"{processes.owner(mark)[1]}: ended")


def _remove_data(folders: Folders, cluster: str) -> None:
    for machine in records.machines(folders, cluster):
        network.unplug(cluster, machine.name)
    if folders.cluster(cluster).is_dir():
        shutil.rmtree(folders.cluster(cluster))
    base.tidy(folders.cache)
