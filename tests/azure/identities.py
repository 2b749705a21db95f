"""Who may sign in, and what each may do: tenants, applications and role grants.

Source of actions and role definitions:
https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

TENANT = "11111111-1111-4111-8111-111111111111"
CLIENT = "22222222-2222-4222-8222-222222222222"
SECRET = "an-emulated-secret"
SUBSCRIPTION = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Role:
    """A role definition: what it allows, less what it does not."""

    id: str
    name: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()

    def allows(self, action: str) -> bool:
        """Is the action one of this role's? Actions are compared without regard to case."""
        return _matches(action, self.actions) and not _matches(action, self.not_actions)


def _matches(action: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


OWNER = Role("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", ("*",))
CONTRIBUTOR = Role(
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "Contributor",
    ("*",),
    (
        "Microsoft.Authorization/*/Delete",
        "Microsoft.Authorization/*/Write",
        "Microsoft.Authorization/elevateAccess/Action",
    ),
)
READER = Role("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader", ("*/read",))
ACR_PULL = Role(
    "7f951dda-4ed3-4680-a7ca-43fe172d538d",
    "AcrPull",
    ("Microsoft.ContainerRegistry/registries/pull/read",),
)
ROLES = {role.id: role for role in (OWNER, CONTRIBUTOR, READER, ACR_PULL)}


@dataclass(frozen=True)
class Grant:
    """A role on a scope and everything below it."""

    role: Role
    scope: str

    def covers(self, action: str, scope: str) -> bool:
        """Does this grant allow the action there?"""
        here, there = self.scope.lower().rstrip("/"), scope.lower()
        return (there == here or there.startswith(here + "/")) and self.role.allows(action)


@dataclass(frozen=True)
class Federation:
    """Whose tokens an application takes in place of a secret (workload identity federation)."""

    issuer: str
    subject: str
    key_pem: bytes
    audience: str = "api://AzureADTokenExchange"


@dataclass
class Application:
    """A service principal: its secrets, certificates, federations and grants."""

    client: str
    tenant: str
    object_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    secrets: set[str] = field(default_factory=set)
    expired_secrets: set[str] = field(default_factory=set)
    certificates: list[bytes] = field(default_factory=list)
    federations: list[Federation] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    denied: list[tuple[str, str]] = field(default_factory=list)

    def may(self, action: str, scope: str) -> bool:
        """Does a grant allow this, and no denial forbid it?"""
        forbidden = any(
            fnmatchcase(action.lower(), pattern.lower()) and scope.lower().startswith(below.lower())
            for pattern, below in self.denied
        )
        return not forbidden and any(grant.covers(action, scope) for grant in self.grants)


@dataclass
class Directory:
    """All tenants and applications."""

    tenants: set[str] = field(default_factory=lambda: {TENANT})
    applications: dict[str, Application] = field(default_factory=dict)
    managed: str | None = None

    def add(self, client: str, tenant: str = TENANT) -> Application:
        """A new application without any right."""
        made = Application(client, tenant)
        self.tenants.add(tenant)
        self.applications[client] = made
        return made

    def find(self, test: Callable[[Application], bool]) -> Application | None:
        """The first application for which this holds."""
        return next((app for app in self.applications.values() if test(app)), None)
