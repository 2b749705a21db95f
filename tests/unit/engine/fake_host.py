"""A host in memory: answers probes, payloads, deliveries and resets as the shell library would.

It knows the functions of kprov/sh/lib by name and is strict: a function it does not know, a blob
that did not travel or a unit without a unit file end the test.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from kprov.core.preflight import NEEDED_TOOLS
from kprov.engine.rendering import ASSUMED
from kprov.sh.archive import bundle
from kprov.transport.base import RemoteExitError
from tests.unit.engine.fake_script import Script, taken_apart

UNITS = "/etc/systemd/system/"
ADDRESSES = {"cp1": 11, "cp2": 12, "cp3": 13, "w1": 21, "w2": 22, "w3": 23}
"""Host to the last number of its address."""


class EndEarly(Exception):  # noqa: N818  an event, not an error
    """A fault: the script is gone without a word, as after an out-of-memory kill."""


class Failed(Exception):  # noqa: N818  what the shell calls it
    """A change did not work; the payload ends with this outcome and message."""

    def __init__(self, message: str, outcome: str = "failed", status: int = 74) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.status = status


@dataclass(slots=True)
class FakePath:
    """A file (with data) or a directory."""

    mode: str
    owner: str
    group: str
    data: bytes | None = None


@dataclass(slots=True)
class FakeUnit:
    """A systemd unit."""

    enabled: bool = False
    running: bool = False
    stale: bool = False
    inputs: str = ""
    starts: int = 0


@dataclass
class FakeHost:
    """One machine. Tests change its state by hand to make drift, and set `faults`."""

    name: str
    facts: dict[str, str] = field(default_factory=dict)
    paths: dict[str, FakePath] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    stamps: dict[str, str] = field(default_factory=dict)
    units: dict[str, FakeUnit] = field(default_factory=dict)
    sysctls: dict[str, str] = field(default_factory=dict)
    modules: set[str] = field(default_factory=set)
    packages: set[str] = field(default_factory=set)
    users: dict[str, tuple[str, str]] = field(default_factory=dict)
    mounts: dict[str, tuple[str, str]] = field(default_factory=dict)
    met: set[str] = field(default_factory=set)
    """Conditions that hold, by their shell text."""
    tags: set[str] = field(default_factory=set)
    objects: dict[str, str] = field(default_factory=dict)
    """`APIVERSION KIND NAMESPACE NAME` to which of its fields the API holds to be kprov's."""
    record: dict[str, str] = field(default_factory=dict)
    """What kprov wrote down of what it applied."""
    nodes: dict[str, list[str]] = field(default_factory=dict)
    """Node to what the API shows of it, as the template prints it."""
    lease: tuple[str, str, int] | None = None
    """Run, owner, end in seconds since the epoch."""
    incoming: dict[str, int] = field(default_factory=dict)
    owned: set[tuple[str, str]] = field(default_factory=set)
    done: list[str] = field(default_factory=list)
    """Every change made so far: function and first word."""
    faults: dict[str, str | BaseException] = field(default_factory=dict)
    """`FUNCTION WORD` to the message it fails with; an exception is raised instead of working."""
    before: Callable[[str], None] = field(default=lambda what: None)
    """Called with `FUNCTION WORD` before each change."""

    looking: Callable[[str], None] = field(default=lambda what: None)
    """Called with the host's name before each look."""

    delivered: Callable[[dict[str, int]], None] = field(default=lambda incoming: None)
    """Called after each delivery."""

    def __post_init__(self) -> None:
        tools = {f"tool_{name}": "yes" for name in NEEDED_TOOLS}
        room = {"disk_free_mb": "9000", "disk_var_free_mb": "9000", "disk_opt_free_mb": "9000"}
        own = {"hostname": self.name, "machine_id": self.name}
        own["interfaces"] = f"eth0=1500=192.0.2.{ADDRESSES.get(self.name, 1)}"
        self.facts = {**ASSUMED, **tools, **room, **own, **self.facts}

    def answer(self, payload: bytes, boot: str) -> Iterator[str]:
        """What FakeTransport asks for."""
        script = taken_apart(payload, boot)
        match script.kind:
            case "probe":
                yield from FakeProbe(self).lines(script)
            case "reach":
                yield from FakeReach(self).lines(script)
            case "delivery":
                for digest, data in script.blobs.items():
                    assert hashlib.sha256(data).hexdigest() == digest, "a parcel that is damaged"
                    self.incoming[digest] = len(data)
                self.delivered(self.incoming)
            case _:
                yield from FakePayload(self, script).lines()

    @property
    def is_owned(self) -> bool:
        """Whether kprov has been here."""
        return bool(self.owned)


@dataclass(frozen=True, slots=True)
class FakeProbe:
    """Looks."""

    host: FakeHost

    def lines(self, script: Script) -> Iterator[str]:
        """JSON lines, as the shell prints them."""
        for words in script.statements:
            if words[0] in ("exec", "look_wait"):
                continue
            if words[0] == "printf":
                assert words[2] == ">&3"
                yield words[1].removesuffix("\\n")
                continue
            for line in getattr(self, words[0])(*words[1:]):
                yield json.dumps(line)

    def look_facts(self) -> Iterator[dict[str, Any]]:
        host = self.host
        host.looking(host.name)
        now = {"time": str(int(time.time())), "owned": "yes" if host.is_owned else "no"}
        running = " ".join(
            name.removesuffix(".service") for name, u in host.units.items() if u.running
        )
        now["processes"] = running
        now["incoming"] = " ".join(f"{name}={size}" for name, size in host.incoming.items())
        for name, value in {
            **now,
            **host.facts,
            **({} if not host.is_owned else {"owned": "yes"}),
        }.items():
            yield {"fact": name, "v": value}
        if host.lease:
            run, owner, expires = host.lease
            yield {"held": run, "owner": owner, "expires": expires}

    def look_fitness(self) -> Iterator[dict[str, Any]]:
        return iter(())

    def look_paths(self, *names: str) -> Iterator[dict[str, Any]]:
        for name in names:
            path = self.host.paths.get(name)
            if path is not None:
                kind = "directory" if path.data is None else "regular file"
                yield {
                    "path": name, "type": kind, "mode": path.mode, "owner": path.owner,
                    "group": path.group, "size": len(path.data or b""), "mtime": 1, "inode": 2,
                }  # fmt: skip

    def look_data(self, *names: str) -> Iterator[dict[str, Any]]:
        for name in names:
            if ("data", name) in self.host.owned:
                yield {"data": name}

    def look_files(self, known: str, *names: str) -> Iterator[dict[str, Any]]:
        contents: dict[str, bytes] = {}
        for name in names:
            path = self.host.paths.get(name)
            if path is None or path.data is None:
                continue
            digest = hashlib.sha256(path.data).hexdigest()
            yield {"of": name, "sum": digest}
            if known != "secret" and f"{digest}  {name}\n" not in known:
                contents[name.lstrip("/")] = path.data
        if contents:
            packed = base64.b64encode(bundle(contents)).decode()
            yield {"contents": next(iter(contents)), "tar": packed}

    def look_stamps(self, *names: str) -> Iterator[dict[str, Any]]:
        for name in names:
            if name in self.host.stamps:
                yield {"stamp": name, "is": self.host.stamps[name]}

    def look_links(self, *names: str) -> Iterator[dict[str, Any]]:
        for name in names:
            if name in self.host.links:
                yield {"link": name, "target": self.host.links[name]}

    def look_units(self, *names: str) -> Iterator[dict[str, Any]]:
        for name in names:
            unit = self.host.units.get(name)
            there = UNITS + name in self.host.paths or unit is not None
            unit = unit or FakeUnit()
            yield {
                "unit": name, "inputs": unit.inputs,
                "LoadState": "loaded" if there else "not-found",
                "ActiveState": "active" if unit.running else "inactive",
                "UnitFileState": "enabled" if unit.enabled else "disabled",
                "NeedDaemonReload": "yes" if unit.stale else "no",
            }  # fmt: skip

    def look_sysctls(self, *paths: str) -> Iterator[dict[str, Any]]:
        for path in paths:
            name = path.removeprefix("/proc/sys/").replace("/", ".")
            yield {"sysctl": path, "v": self.host.sysctls.get(name, "0")}

    def look_modules(self, *names: str) -> Iterator[dict[str, Any]]:
        return ({"module": name} for name in names if name in self.host.modules)

    def look_packages(self, *names: str) -> Iterator[dict[str, Any]]:
        for name in (words.partition(" ")[0] for words in names):
            if name in self.host.packages:
                yield {"package": name, "status": "installed"}

    def look_users(self, *names: str) -> Iterator[dict[str, Any]]:
        for name in names:
            if name in self.host.users:
                home, shell = self.host.users[name]
                yield {"user": name, "uid": "1", "home": home, "shell": shell}

    def look_mounts(self, *names: str) -> Iterator[dict[str, Any]]:
        for name in names:
            if name in self.host.mounts:
                source, kind = self.host.mounts[name]
                yield {"mount": name, "source": source, "type": kind}

    def look_condition(self, number: str, text: str) -> Iterator[dict[str, Any]]:
        yield {"condition": int(number), "met": "yes" if text in self.host.met else "no"}

    def look_manifests(self, number: str, *asked: str) -> Iterator[dict[str, Any]]:
        rows = []
        for text in asked:
            data = self.host.paths[text].data if text in self.host.paths else text.encode()
            for item in yaml.safe_load_all(data or b""):
                line = object_line(item)
                if line in self.host.objects:
                    version, kind, namespace, name = line.split()
                    place = namespace.strip("-")
                    rows.append(f"{version}|{kind}|{place}|{name}||{self.host.objects[line]}")
        rows.append(json.dumps(self.host.record))
        packed = base64.b64encode(gzip.compress("\n".join(rows).encode())).decode()
        yield {"manifests": number, "rows": packed}

    def look_nodes(self, number: str, template: str) -> Iterator[dict[str, Any]]:
        assert template.startswith("{{range .items}}node ")
        rows = [row for name, rows in self.host.nodes.items() for row in (f"node {name}", *rows)]
        yield {"nodes": number, "lines": "\n".join(rows)}

    def look_images(self, number: str) -> Iterator[dict[str, Any]]:
        yield {"condition": int(number), "lines": "\n".join(sorted(self.host.tags))}


@dataclass(frozen=True, slots=True)
class FakeReach:
    """Reaches everything; `fake_reach` among the facts says what comes of it instead."""

    host: FakeHost

    def lines(self, script: Script) -> Iterator[str]:
        """JSON lines, as the shell prints them."""
        for words in script.statements:
            match words[0]:
                case "reach_listen":
                    yield from (json.dumps({"listens": port}) for port in words[2:])
                case "reach_connect":
                    answer = self.host.facts.get("fake_reach", "open")
                    yield json.dumps({"reach": words[1], "is": answer})
                case "reach_sync":
                    yield json.dumps({"sync": words[1], "seconds": "0.001 " * 100})
                case "reach_pull":
                    yield json.dumps({"pull": "yes", "says": ""})
                case "printf":
                    yield words[1].removesuffix("\\n")
                case _:
                    assert words[0] in ("exec", "reach_begin", "reach_wait", "reach_finish"), words


class FakePayload:
    """Writes, change by change; the first that fails ends it."""

    def __init__(self, host: FakeHost, script: Script) -> None:
        self._host = host
        self._script = script
        self._run = ""
        self._number = -1
        self._drops_lease = True

    def lines(self) -> Iterator[str]:
        """The report."""
        try:
            for words in self._script.statements:
                yield from self._statement(words)
        except EndEarly:
            return
        finally:
            host = self._host
            if self._drops_lease and host.lease and host.lease[0] == self._run:
                host.lease = None

    def _statement(self, words: Sequence[str]) -> Iterator[str]:
        match words[0]:
            case "exec" | ":":
                pass
            case "trap":
                self._drops_lease = "lease_drop" in words[1]
            case "begin":
                self._number = int(words[1])
            case "printf":
                assert words[2] == ">&3"
                yield words[1].removesuffix("\\n")
            case "lease_take":
                yield from self._lease(*words[1:])
            case "clear_incoming":
                self._host.incoming.clear()
            case "reset_host":
                yield from self._reset(*words[1:])
            case _:
                yield from self._change(words)

    def _lease(self, run: str, owner: str, seconds: str, steal: str) -> Iterator[str]:
        now, held = int(time.time()), self._host.lease
        if held and steal == "no" and held[0] != run and held[1] != owner and held[2] > now:
            yield json.dumps({"lease": "held", "expires": held[2], "owner": held[1]})
            raise self._exit(73)
        self._run = run
        self._host.lease = (run, owner, now + int(seconds))
        self._host.owned.add(("state", "/var/lib/kprov"))

    def _change(self, words: Sequence[str]) -> Iterator[str]:
        what = f"{words[0]} {words[1]}"
        self._host.before(what)
        fault = self._host.faults.get(what)
        result: dict[str, Any] = {"i": self._number, "s": "ok", "from": 1.0, "to": 1.5}
        status = 0
        if isinstance(fault, BaseException):
            raise fault
        try:
            if fault is not None:
                self.fail(fault)
            result["s"] = getattr(self, words[0])(*words[1:]) or "ok"
            self._host.done.append(what)
        except Failed as failure:
            message = base64.b64encode(str(failure).encode()).decode()
            result |= {"s": failure.outcome, "m": message}
            status = failure.status
        yield json.dumps(result)
        if status:
            raise self._exit(status)

    def fail(self, message: str) -> None:
        """As the shell function of that name."""
        raise Failed(message)

    def _exit(self, status: int) -> RemoteExitError:
        return RemoteExitError(
            f"the script ended with status {status}",
            where=self._host.name,
            status=status,
            stderr="",
        )

    def _reset(self, keep_binaries: str) -> Iterator[str]:
        host = self._host
        host.before("reset_host")
        for kind, name in sorted(host.owned):
            yield json.dumps({"gone": kind, "name": name})
        fresh = FakeHost(host.name, host.facts)
        if keep_binaries == "yes":
            fresh.stamps = host.stamps
        gone = (
            "paths",
            "links",
            "units",
            "users",
            "met",
            "tags",
            "objects",
            "record",
            "stamps",
            "nodes",
        )
        for name in gone:
            setattr(host, name, getattr(fresh, name))
        host.lease = None
        host.owned = set()

    def k_directory(self, path: str, mode: str, owner: str, group: str, data: str) -> None:
        self._host.paths[path] = FakePath(mode, owner, group)
        self._host.owned |= {("directory", path)} | ({("data", path)} if data == "yes" else set())

    def k_file(
        self, path: str, mode: str, owner: str, group: str, digest: str, before: str,
        validate: str = "",
    ) -> None:  # fmt: skip
        there = self._host.paths.get(path)
        now = "-" if there is None else hashlib.sha256(there.data or b"").hexdigest()
        if now not in (before, digest):
            raise Failed(f"{path} has changed since the plan was made", "stale", 75)
        data = self._script.blobs[digest]
        self._host.paths[path] = FakePath(mode, owner, group, data)
        self._host.owned.add(("file", path))
        unit = self._host.units.get(path.removeprefix(UNITS))
        if unit is not None and now != digest:
            unit.stale = True

    def k_absent(self, path: str) -> None:
        self._host.paths.pop(path, None)

    def k_link(self, path: str, target: str) -> None:
        self._host.links[path] = target
        self._host.owned.add(("file", path))

    def k_artifact(
        self, directory: str, name: str, path: str, source: str, how: str, url: str, member: str
    ) -> None:
        if how == "push" and source not in self._host.incoming:
            raise Failed(f"{name} did not arrive: run apply again")
        self._host.paths[f"{directory}/{name}"] = FakePath("755", "root", "root", b"")
        self._host.stamps[f"{directory}/.{name}.stamp"] = f"{source} 0 1 2"
        self._host.owned.add(("tree", directory))
        self.k_artifact_link(directory, name, path)

    def k_artifact_link(self, directory: str, name: str, path: str) -> None:
        self.k_link(path, f"{directory}/{name}")

    def k_image(self, path: str) -> None:
        digest = path.rpartition("/")[2]
        assert digest in self._host.incoming, f"the image {path} did not arrive"
        self._host.tags |= set(self._host.facts.get("fake_tags", "").split())

    def k_pull(self, mark: str, *images: str) -> None:
        if mark:
            self._host.paths[mark] = FakePath("600", "root", "root", b"")
        else:
            self._host.tags |= set(images)

    def k_unit(
        self, name: str, enabled: str, running: str, block: str, inputs: str, how: str = ""
    ) -> None:
        assert UNITS + name in self._host.paths or name in self._host.units, f"no unit file {name}"
        unit = self._host.units.setdefault(name, FakeUnit())
        unit.enabled, unit.stale = enabled == "yes", False
        if how == "keep" and running == "yes":
            return
        unit.running = running == "yes"
        unit.inputs = inputs if unit.running else ""
        unit.starts += unit.running and how != "tell"
        self._host.owned.add(("unit", name))

    def k_tried_unit(self, flag: str, *words: str) -> None:
        assert flag.startswith("--")
        self.k_unit(*words)

    def k_sysctl(self, name: str, value: str) -> None:
        self._host.sysctls[name] = value

    def k_module(self, name: str) -> None:
        self._host.modules.add(name)

    def k_package(self, name: str, *names: str) -> None:
        assert all("=" in other for other in names), names
        self._host.packages.add(name)

    def k_user(self, name: str, home: str, shell: str) -> None:
        self._host.users[name] = (home, shell)
        self._host.owned.add(("user", name))

    def k_mount(self, path: str, source: str, kind: str, options: str) -> None:
        self._host.mounts[path] = (source, kind)

    def k_command(self, unless: str, run: str) -> str:
        if unless and unless in self._host.met:
            return "unchanged"
        self._host.met.add(unless)
        return "ok"

    def k_wait(self, name: str, seconds: str, unit: str, condition: str) -> None:
        if unit and not (unit in self._host.units and self._host.units[unit].running):
            raise Failed(f"not there after {seconds} s: {name}\n{unit} does not run")
        self._host.met.add(condition)

    def k_node(
        self, name: str, labels: str, notes: str, taints: str, record: str, template: str, rows: str
    ) -> None:
        json.loads(f"[{{{labels}}},{{{notes}}},{taints or 0}]")
        record_row = [f'annotation kprov.dev/node "{record}"'] if record else []
        self._host.nodes[name] = [*rows.splitlines(), *record_row]

    def k_manifest(
        self, key: str, name: str, path: str, lines: str, foundations: str, dropped: str,
        unknown: str, namespace: str,
    ) -> None:  # fmt: skip
        written = yaml.safe_load_all(self._host.paths[path].data or b"")
        wanted = [line.split() for line in lines.splitlines()]
        assert [object_line(item) for item in written] == [" ".join(its[1:5]) for its in wanted]
        record = ""
        for digest, *its, _ in wanted:
            fields = f"fields of {digest}"
            self._host.objects[" ".join(its)] = fields
            owned = hashlib.sha256(f"|{fields}".encode()).hexdigest()[:16]
            record += f"{digest} {owned} {' '.join(its)}\n"
        self._gone(dropped)
        self._host.record[key] = record
        self._host.record.pop(f"{key}.ready", None)

    def k_manifest_gone(self, key: str, name: str, lines: str) -> None:
        self._gone(lines)
        self._host.record.pop(key, None)

    def k_leftovers(self, family: str, lines: str) -> None:
        for line in lines.splitlines():
            name, _, its = line.partition(" ")
            self._gone(its)
            self._host.record.pop(f"{family}.{name}", None)

    def k_rollout(self, key: str, name: str, seconds: str, lines: str) -> None:
        self._host.record[f"{key}.ready"] = "yes"

    def _gone(self, lines: str) -> None:
        for line in lines.splitlines():
            self._host.objects.pop(line, None)


def object_line(item: dict[str, Any]) -> str:
    """How kprov calls an object on the wire."""
    metadata = item["metadata"]
    namespace = metadata.get("namespace", "-")
    return f"{item['apiVersion']} {item['kind']} {namespace} {metadata['name']}"
