"""The probe: one script that looks at a host once, for everything; and how to read its lines."""

from __future__ import annotations

import base64
import gzip
import io
import tarfile
from collections.abc import Iterable, Sequence
from itertools import groupby

from kprov.model.errors import PayloadError
from kprov.model.facts import Facts, Lease
from kprov.model.resource import Resource, State
from kprov.sh import benchmark
from kprov.sh.archive import bundle
from kprov.sh.kinds import KINDS
from kprov.sh.library import BENCHMARK, PROBE, library
from kprov.sh.quote import call
from kprov.sh.records import Records, text_member


def probe_script(
    resources: Sequence[Resource], *, virtual_address: str = "", security: bool = False
) -> str:
    """Shell text that prints base facts and the state of every resource as JSON lines.

    `virtual_address`: and whether a neighbour has it; `security`: and what the security benchmark
    needs to know.
    """
    lines = [library(PROBE), "exec 3>&1 >/dev/null 2>&1", "look_facts", "look_fitness"]
    if virtual_address:
        lines.append(call("look_address", virtual_address))
    numbered = sorted(enumerate(resources), key=lambda pair: pair[1].kind)
    for kind, group in groupby(numbered, key=lambda pair: pair[1].kind):
        lines += KINDS[kind].look(list(group))
    if security:
        lines += [library(BENCHMARK), *benchmark.look()]
    lines += ["look_wait", 'printf \'{"end":"probe"}\\n\' >&3', ""]
    return "\n".join(lines)


def probe_bundle(
    resources: Sequence[Resource], *, virtual_address: str = "", security: bool = False
) -> bytes:
    """The probe ready to be streamed to a host."""
    script = probe_script(resources, virtual_address=virtual_address, security=security)
    return bundle({"run": script.encode()})


def read_facts(host: str, lines: Iterable[str], resources: Sequence[Resource]) -> Facts:
    """Facts from a probe's lines; PayloadError when the probe did not come to its end."""
    records = Records.of(lines)
    if records.get("end", "probe") is None:
        raise PayloadError(
            "the probe ended before its time", where=host,
            hint="the connection was cut, or the host's shell is not POSIX: try `ssh` by hand",
        )  # fmt: skip
    base = {name: text_member(line, "v") for name, line in records.of_kind("fact").items()}
    observed: dict[str, State | None] = {
        resource.id: KINDS[resource.kind].read(number, resource, records)
        for number, resource in enumerate(resources)
    }
    contents, lease = _contents(records), _lease(records)
    return Facts(base, observed, contents, lease, seen=benchmark.read(records))


def _contents(records: Records) -> dict[str, bytes]:
    """Path to bytes of every file whose contents have travelled."""
    contents: dict[str, bytes] = {}
    for line in records.of_kind("contents").values():
        unpacked = gzip.decompress(base64.b64decode(line["tar"]))
        if not unpacked:
            continue  # all of them were too large
        with tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:") as archive:
            for member in archive:
                file = archive.extractfile(member)
                if file is not None:
                    contents[f"/{member.name.lstrip('/')}"] = file.read()
    return contents


def _lease(records: Records) -> Lease | None:
    for run, line in records.of_kind("held").items():
        return Lease(run, text_member(line, "owner"), int(line["expires"]))
    return None
