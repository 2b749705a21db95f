"""Upstream itself, or a mirror over HTTP."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping

from kprov.artifacts.catalogue import Architecture, mirror_paths
from kprov.artifacts.checksums import find_digest
from kprov.artifacts.http import HttpClient
from kprov.artifacts.memory import Memory


class ServerSource:
    """Asks once and remembers; without a base it is upstream."""

    def __init__(self, base: str | None, http: HttpClient, memory: Memory) -> None:
        self._base = base
        self._http = http
        self._memory = memory
        self._texts: dict[str, str | None] = {}

    def places(self, upstream_url: str) -> tuple[str, ...]:
        """Upstream's address, or both forms below the mirror: the one that worked first."""
        if self._base is None:
            return (upstream_url,)
        plain, with_host = (f"{self._base}/{path}" for path in mirror_paths(upstream_url))
        return (with_host, plain) if self._form(upstream_url) == "host" else (plain, with_host)

    def locate(self, upstream_url: str, *, ask: bool) -> str | None:
        """The form that an earlier request has found, otherwise asked for."""
        places = self.places(upstream_url)
        if not ask or self._base is None or self._form(upstream_url) is not None:
            return places[0]
        for place in places:
            if self._http.exists(place):
                self._remember_form(upstream_url, place)
                return place
        return None

    def exists(self, upstream_url: str) -> bool:
        """Whether the server has it in one of the forms."""
        return any(self._http.exists(place) for place in self.places(upstream_url))

    def published(self, checksum_url: str, file_name: str, *, ask: bool) -> str | None:
        """Read from the server once: a published checksum does not change."""
        key = f"published {self._base or 'upstream'} {checksum_url} {file_name}"
        digest = self._memory.get(key)
        if digest is None and ask:
            digest = find_digest(self._text(checksum_url) or "", file_name)
            if digest is not None:
                self._memory.put(key, digest)
        return digest

    def computed(self, upstream_url: str) -> str | None:
        """Never: what a server sends does not vouch for itself."""
        del upstream_url
        return None

    def offered(self, arch: Architecture | None) -> Mapping[str, tuple[str, ...]]:
        """Nothing: servers have no list."""
        del arch
        return {}

    def _text(self, upstream_url: str) -> str | None:
        """A small file; kept for the run, since one file has the checksums of several."""
        if upstream_url not in self._texts:
            self._texts[upstream_url] = self._request(upstream_url)
        return self._texts[upstream_url]

    def _request(self, upstream_url: str) -> str | None:
        for place in self.places(upstream_url):
            data = self._http.read(place)
            if data is not None:
                self._remember_form(upstream_url, place)
                return data.decode("utf-8", "replace")
        return None

    def _form(self, upstream_url: str) -> str | None:
        return self._memory.get(self._form_key(upstream_url))

    def _form_key(self, upstream_url: str) -> str:
        return f"form {self._base} {urllib.parse.urlsplit(upstream_url).netloc}"

    def _remember_form(self, upstream_url: str, place: str) -> None:
        if self._base is not None:
            plain = place == f"{self._base}/{mirror_paths(upstream_url)[0]}"
            self._memory.put(self._form_key(upstream_url), "path" if plain else "host")
