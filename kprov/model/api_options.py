"""What people may ask of the API: who logs in, what is admitted, what is written down."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kprov.model.spec import Spec

SigningAlgorithm = Literal[
    "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"
]
"""--oidc-signing-algs: those of RFC 7518, section 3.1, that are no shared secret."""


class OidcSpec(Spec):
    """People log in with tokens of an OpenID Connect provider.

    https://kubernetes.io/docs/reference/access-authn-authz/authentication/#openid-connect-tokens
    """

    issuer_url: str
    """`https://` address of the provider, exactly as its tokens say it (`iss`)."""
    client_id: str = Field(min_length=1)
    """Whom tokens have to be for (`aud`)."""
    username_claim: str = Field(default="sub", min_length=1)
    """Claim that is the user's name; names other than from `email` get the prefix."""
    username_prefix: str | None = None
    """In front of names; unset: `ISSUER#`, and nothing with the claim `email`; `-`: nothing."""
    groups_claim: str | None = None
    """Claim that lists the user's groups; unset: tokens bring no groups."""
    groups_prefix: str | None = None
    """In front of groups, such as `oidc:`, so that no token can say `system:masters`."""
    ca_file: str | None = None
    """PEM file (relative to the inventory) with the provider's authority; unset: the host's own."""
    required_claims: dict[str, str] = Field(default_factory=dict)
    """Claims that a token must have, and their values."""
    signing_algorithms: tuple[SigningAlgorithm, ...] = ("RS256",)


class AdmissionPluginsSpec(Spec):
    """Admission plugins beside those that are on by default and those that kprov turns on."""

    enable: list[str] = Field(default_factory=list)
    disable: list[str] = Field(default_factory=list)


class AuditSpec(Spec):
    """Who did what, as lines of JSON in /var/log/kubernetes/audit/audit.log."""

    enabled: bool = True
    policy: str | None = None
    """Policy file (audit.k8s.io/v1, relative to the inventory); unset: who, what and when of every
    change and of what people read, without the objects themselves."""
    days: int = Field(default=30, ge=1)
    """Days that a log file is kept."""
    files: int = Field(default=10, ge=1)
    """Log files that are kept."""
    megabytes: int = Field(default=100, ge=1)
    """Size of a log file."""
