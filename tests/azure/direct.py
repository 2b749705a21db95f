"""Requests to the emulated Azure without a socket: for properties that are tried many times."""

from __future__ import annotations

import json

from tests.azure.arm import Gateway
from tests.azure.emulator import ROUTES
from tests.azure.exchange import Json, Request, Response
from tests.azure.server import Front
from tests.azure.tokens import Token
from tests.azure.world import World

VERSION = "2026-08-01"


class Direct:
    """A world and its front door; every call has a token that is good."""

    def __init__(self) -> None:
        self.world = World()
        self.front = Front(self.world, Gateway(self.world, ROUTES))
        self.world.tokens.issued["t"] = Token(self.world.app, "https://management.azure.com")
        self.base = f"/subscriptions/{next(iter(self.world.subscriptions))}/resourceGroups/rg1"
        self.ask("PUT", "", {"location": "westeurope"})

    def ask(self, method: str, path: str, body: Json | None = None) -> Response:
        """One request below the group; the clock then stands where all operations have ended."""
        request = Request(
            number=0,
            method=method,
            path=self.base + path,
            query={"api-version": VERSION},
            headers={"authorization": "Bearer t"},
            body=b"" if body is None else json.dumps(body).encode(),
            base="https://emulated",
        )
        answer = self.front.answer(request)
        assert not self.front.crashes, self.front.crashes
        self.world.clock.advance(3600)
        self.world.operations.settle()
        return answer

    def cluster(self, method: str, body: Json | None = None) -> Response:
        """One request about the cluster `c1`."""
        return self.ask(method, "/providers/Microsoft.ContainerService/managedClusters/c1", body)
