"""One task's parameters to resources: what each kind expects."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import yaml

from kprov.lang.families import package_names
from kprov.lang.manifests import ADDONS, Manifest, absent_manifest, manifest_resources
from kprov.lang.pending import FactsPendingError
from kprov.lang.role import Task
from kprov.lang.scope import Scope
from kprov.lang.sources import Addon
from kprov.lang.template import Renderer
from kprov.model.errors import InputError, Location
from kprov.model.node import Taint
from kprov.model.resource import Content, Resource
from kprov.sh.quote import quote

UNIT_FOLDER = "/etc/systemd/system"
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
LONGEST_NAME = 60
"""Letters of a name that is made from a command."""


@dataclass(frozen=True, slots=True)
class Made:
    """The resources of one task, its short name, and what its unit restarts and reloads on."""

    resources: tuple[Resource, ...]
    alias: str = ""
    restart_on: tuple[str, ...] = ()
    reload_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Task:
    """A task with everything that making its resources needs."""

    task: Task
    params: Mapping[str, Any]
    renderer: Renderer
    values: Mapping[str, Any]
    scope: Scope

    def content(self) -> bytes | None:
        """Template or content, rendered; None while it needs pending facts."""
        template, content = self.params.get("template"), self.params.get("content")
        if not template:
            if content is None and not self.scope.pending:
                raise InputError(f"{self.task.kind} has neither template nor content")
            return None if content is None else str(content).encode()
        try:
            where = self.task.location
            return self.renderer.template(str(template), self.values, where).encode()
        except FactsPendingError:
            if not self.scope.pending:
                raise
            return None

    @property
    def source(self) -> Location:
        """Where the content is written: the template, otherwise the task."""
        template = self.params.get("template")
        return self.renderer.place(str(template)) if template else self.task.location

    @property
    def suffix(self) -> str:
        """What tells the rounds of a loop apart, where nothing else does."""
        return "" if self.task.loop is None else f" ({_short(str(self.values['item']))})"


def make(
    task: Task,
    params: Mapping[str, Any],
    renderer: Renderer,
    values: Mapping[str, Any],
    scope: Scope,
) -> Made:
    """The resources that a task stands for."""
    resources = _MAKERS[task.kind](_Task(task, params, renderer, values, scope))
    return Made(tuple(resources), restart_on=task.restart_on, reload_on=task.reload_on)


def _owned(params: Mapping[str, Any], kind: str) -> dict[str, str | int | bool]:
    owner = str(params["owner"])
    mode = str(params["mode"]).zfill(4)
    return {"type": kind, "mode": mode, "owner": owner, "group": str(params["group"] or owner)}


def _file(
    path: str, params: Mapping[str, Any], data: bytes | None, *, secret: bool, **extra: object
) -> Resource:
    """A file; without data (facts pending) only its id counts."""
    content = None if data is None else Content(data, secret=secret)
    expected = _owned(params, "file")
    if content is not None:
        expected["sha256"] = content.sha256
    return Resource("file", path, expected, {"secret": secret, **extra}, content)


def _make_directory(it: _Task) -> list[Resource]:
    params = it.params
    expected = _owned(params, "directory")
    if params["data"]:
        expected["data"] = True
    return [Resource("directory", params["path"], expected, {"data": bool(params["data"])})]


def _make_file(it: _Task) -> list[Resource]:
    params = it.params
    if params["absent"]:
        return [Resource("file", params["path"], None)]
    extra = {"validate": params["validate"]} if params["validate"] else {}
    return [_file(params["path"], params, it.content(), secret=bool(params["secret"]), **extra)]


def _make_link(it: _Task) -> list[Resource]:
    return [Resource("link", it.params["path"], {"target": str(it.params["target"])})]


def _make_artifact(it: _Task) -> list[Resource]:
    name, member = str(it.params["name"]), str(it.params["member"] or it.params["name"])
    sources = it.scope.sources
    binary = sources.place(name, member) if it.scope.pending else sources.binary(name, member)
    params = {
        "directory": binary.directory,
        "binary": binary.name,
        "how": binary.how,
        "from": binary.origin,
        "member": binary.member,
    }
    expected = {"source": binary.source, "link": f"{binary.directory}/{binary.name}"}
    return [Resource("artifact", it.params["path"], expected, params)]


def _make_unit(it: _Task) -> list[Resource]:
    params = it.params
    resources = []
    if params["template"]:
        owned = {"mode": params["mode"], "owner": "root", "group": "root"}
        path = f"{UNIT_FOLDER}/{params['name']}"
        resources.append(_file(path, owned, it.content(), secret=False))
    running = bool(params["running"])
    expected: dict[str, str | int | bool] = {
        "enabled": bool(params["enabled"]), "running": running, "loaded": True
    }  # fmt: skip
    how = {"block": bool(params["block"]), "tries_with": str(params["tries_with"])}
    unit = Resource("unit", str(params["name"]), expected, how)
    restart = tuple(r.id for r in resources)
    return [*resources, Resource(unit.kind, unit.name, expected, unit.params, restart_on=restart)]


def _make_sysctl(it: _Task) -> list[Resource]:
    value = " ".join(str(it.params["value"]).split())
    return [Resource("sysctl", it.params["name"], {"value": value})]


def _make_module(it: _Task) -> list[Resource]:
    return [Resource("module", it.params["name"], {"present": True})]


def _make_package(it: _Task) -> list[Resource]:
    name = str(it.params["name"])
    return [Resource("package", name, {"installed": True}, {"names": package_names(name)})]


def _make_user(it: _Task) -> list[Resource]:
    expected = {"home": str(it.params["home"]), "shell": str(it.params["shell"])}
    return [Resource("user", it.params["name"], expected)]


def _make_mount(it: _Task) -> list[Resource]:
    expected = {"source": str(it.params["source"]), "type": str(it.params["type"])}
    return [Resource("mount", it.params["path"], expected, {"options": it.params["options"]})]


def _make_command(it: _Task) -> list[Resource]:
    params = it.params
    unless = params["unless"] or f"[ -e {quote(params['creates'])} ]"
    # as written, not as rendered: the id must not depend on facts
    name = params["name"] or _short(it.task.params["run"]) + it.suffix
    its = {"run": params["run"], "unless": unless}
    return [Resource("command", name, {"met": True}, its)]


def _short(text: str) -> str:
    """One line of at most 60 letters; what is longer ends in a digest that tells it apart."""
    line = " ".join(text.split())
    return (
        line if len(line) <= 60 else f"{line[:50]}… {hashlib.sha256(line.encode()).hexdigest()[:8]}"
    )


def _make_certificate(it: _Task) -> list[Resource]:
    """A certificate and its key; without `key` both are in one private file."""
    pair = None if it.scope.pending else it.scope.sources.certificate(it.params["name"])
    if not it.params["key"]:
        owned = {**it.params, "mode": "0600"}
        data = None if pair is None else f"{pair.cert.rstrip()}\n{pair.key}".encode()
        return [_file(it.params["cert"], owned, data, secret=True, generated=True)]
    return _key_pair(it.params, pair.cert if pair else None, pair.key if pair else None)


def _make_authority(it: _Task) -> list[Resource]:
    pair = None if it.scope.pending else it.scope.sources.authority(it.params["name"])
    made = _key_pair(it.params, pair.cert if pair else None, pair.key if pair else None)
    return [replace(its, params={**its.params, "authority": it.params["name"]}) for its in made]


def _key_pair(params: Mapping[str, Any], cert: str | None, key: str | None) -> list[Resource]:
    """Certificates are public, but a diff of them says nothing: none of them travels back."""
    owned = {"mode": "0644", "owner": params["owner"], "group": params["group"]}
    data = None if cert is None else cert.encode()
    made = [_file(params["cert"], owned, data, secret=True, generated=True)]
    if params["key"]:
        data = None if key is None else key.encode()
        made.append(
            _file(params["key"], {**owned, "mode": "0600"}, data, secret=True, generated=True)
        )
    return made


def _make_kubeconfig(it: _Task) -> list[Resource]:
    params, data = it.params, None
    if not it.scope.pending:
        text = it.scope.sources.kubeconfig(str(params["certificate"]), str(params["server"]))
        data = text.encode()
    return [_file(params["path"], params, data, secret=True, generated=True)]


def _make_encryption(it: _Task) -> list[Resource]:
    """https://kubernetes.io/docs/reference/config-api/apiserver-encryption.v1/

    `identity` comes second: what was written before there was a key stays readable.
    """
    params, data = it.params, None
    if not it.scope.pending:
        key = it.scope.sources.encryption_key()
        secretbox = {"keys": [{"name": key.name, "secret": key.secret}]}
        config = {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "EncryptionConfiguration",
            "resources": [
                {
                    "resources": str(params["resources"]).split(),
                    "providers": [{"secretbox": secretbox}, {"identity": {}}],
                }
            ],
        }
        data = str(yaml.dump(config, Dumper=_DUMPER, sort_keys=False)).encode()
    return [_file(params["path"], params, data, secret=True, generated=True)]


def _make_image(it: _Task) -> list[Resource]:
    image = it.scope.sources.image(str(it.params["archive"]))
    if image is None:
        return []
    params = {
        "tags": tuple(image.tags),
        "source": image.sha256,
        "from": f"/opt/kprov/.incoming/{image.sha256}",
    }
    return [Resource("image", str(it.params["archive"]), {"present": True}, params)]


def _make_pull(it: _Task) -> list[Resource]:
    """Images by name, in one resource, so that they come side by side; nothing to pull: nothing."""
    images = tuple(dict.fromkeys(str(it.params["images"]).split()))
    if not images:
        return []
    digest = hashlib.sha256(" ".join(images).encode()).hexdigest()[:12]
    params = {"images": images, "block": bool(it.params["block"]), "mark": digest}
    return [Resource("pull", str(it.params["name"]), {"present": True}, params)]


def _make_manifest(it: _Task) -> list[Resource]:
    name, family = str(it.params["name"]), str(it.params["family"])
    if it.params["absent"]:
        return absent_manifest(name, family)
    return manifest_resources(Manifest(name, it.content(), it.source, family))


def _make_addon(it: _Task) -> list[Resource]:
    its = it.scope.sources.addon(str(it.params["name"]))
    where = Location(its.place)
    manifest = Manifest(
        its.name, _addon_text(its, where, it), where, ADDONS, its.namespace, its.wait, its.timeout
    )
    return manifest_resources(manifest)


def _addon_text(addon: Addon, where: Location, it: _Task) -> bytes | None:
    """Upstream's manifests are full of braces that are none of ours: only templates are rendered.

    None while it needs pending facts.
    """
    try:
        if not addon.template:
            return addon.path.read_bytes()
        renderer = it.scope.renderers.beside(addon.path)
        taken = sorted(set(addon.values) & set(it.scope.values))
        if taken:
            raise InputError(
                f"the add-on {addon.name} has a value `{taken[0]}`, which is a word of kprov's own",
                where=where, hint="take another name for it",
            )  # fmt: skip
        values = {**addon.values, **it.values}
        return renderer.template(addon.path.name, values, where).encode()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", where=where) from error
    except FactsPendingError:
        if not it.scope.pending:
            raise
        return None


def _make_leftovers(it: _Task) -> list[Resource]:
    keep = tuple(str(it.params["keep"]).split())
    return [Resource("leftovers", str(it.params["name"]), {"left": ""}, {"keep": keep})]


def _make_node(it: _Task) -> list[Resource]:
    """Labels and the like as one key each, and the record of them that the node carries."""
    params = it.params
    labels, annotations = params["labels"] or {}, params["annotations"] or {}
    taints = _taints(params["taints"] or ())
    record = sorted([
        *(f"label:{name}" for name in labels),
        *(f"annotation:{name}" for name in annotations),
        *(f"taint:{taint.id}" for taint in taints),
    ])  # fmt: skip
    expected: dict[str, str | int | bool] = {
        **{f"label {name}": value for name, value in labels.items()},
        **{f"annotation {name}": value for name, value in annotations.items()},
        **{f"taint {taint.id}": taint.value for taint in taints},
        "record": " ".join(record),
    }
    return [Resource("node", str(params["name"]), expected)]


def _taints(texts: Iterable[str]) -> list[Taint]:
    try:
        return [Taint.parse(text) for text in texts]
    except ValueError as error:
        raise InputError(str(error), hint="such as dedicated=gpu:NoSchedule") from error


def _make_wait(it: _Task) -> list[Resource]:
    params = it.params
    its = {"run": params["run"], "timeout": params["timeout"], "unit": params["unit"]}
    return [Resource("wait", str(params["name"]), {"met": True}, its)]


_MAKERS: Mapping[str, Callable[[_Task], list[Resource]]] = {
    "directory": _make_directory,
    "file": _make_file,
    "link": _make_link,
    "artifact": _make_artifact,
    "unit": _make_unit,
    "sysctl": _make_sysctl,
    "module": _make_module,
    "package": _make_package,
    "user": _make_user,
    "mount": _make_mount,
    "command": _make_command,
    "certificate": _make_certificate,
    "authority": _make_authority,
    "kubeconfig": _make_kubeconfig,
    "encryption": _make_encryption,
    "image": _make_image,
    "pull": _make_pull,
    "manifest": _make_manifest,
    "node": _make_node,
    "addon": _make_addon,
    "leftovers": _make_leftovers,
    "wait": _make_wait,
}
