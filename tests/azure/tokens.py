"""The token endpoint: what the unmodified azure-identity asks of login.microsoftonline.com.

Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow;
AADSTS codes: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography import x509

from tests.azure.arm_errors import Refusal
from tests.azure.exchange import Request, Response
from tests.azure.identities import Application, Directory

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ARM_AUDIENCES = {
    "https://management.azure.com",
    "https://management.core.windows.net",
    "https://management.usgovcloudapi.net",
    "https://management.core.usgovcloudapi.net",
    "https://management.chinacloudapi.cn",
    "https://management.core.chinacloudapi.cn",
}
_SIGNING_KEY = "the emulator signs its tokens, ARM looks them up"
_OPENID = re.compile(r"/([^/]+)/v2\.0/\.well-known/openid-configuration")
_TOKEN = re.compile(r"/([^/]+)/oauth2/v2\.0/token")


class OAuthRefusal(Exception):  # noqa: N818  an answer, not a mistake of ours
    """An error of the token endpoint: `{"error": ..., "error_description": "AADSTS..."}`."""

    def __init__(self, status: int, error: str, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "error": error,
            "error_description": f"AADSTS{code}: {message}",
            "error_codes": [code],
        }


@dataclass(frozen=True)
class Token:
    """An access token that was handed out."""

    application: Application
    audience: str


@dataclass
class Tokens:
    """Hands out access tokens and tells whose they are."""

    directory: Directory
    issued: dict[str, Token] = field(default_factory=dict)
    expired: set[str] = field(default_factory=set)
    lifetime: int = 3600

    def expire_all(self) -> None:
        """Every token so far has run out."""
        self.expired |= set(self.issued)

    def answer(self, request: Request) -> Response | None:
        """The answer of the sign-in host; None when the path is none of its own."""
        try:
            return self._answer(request)
        except OAuthRefusal as refusal:
            return Response(refusal.status, refusal.body)

    def _answer(self, request: Request) -> Response | None:
        if request.path == "/common/discovery/instance":
            return Response(200, _instances(request))
        if matched := _OPENID.fullmatch(request.path):
            return Response(200, self._openid(request.base, matched[1]))
        if (matched := _TOKEN.fullmatch(request.path)) and request.method == "POST":
            form = {k: v[0] for k, v in parse_qs(request.body.decode()).items()}
            return Response(200, self._grant(request, matched[1], form))
        if request.path == "/msi/token":
            return self._managed_identity(request)
        return None

    def _openid(self, base: str, tenant: str) -> dict[str, Any]:
        self._known(tenant)
        root = f"{base}/{tenant}"
        return {
            "issuer": f"{root}/v2.0",
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "jwks_uri": f"{root}/discovery/v2.0/keys",
            "response_types_supported": ["code", "id_token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        }

    def _known(self, tenant: str) -> None:
        if tenant not in self.directory.tenants:
            raise OAuthRefusal(
                400,
                "invalid_tenant",
                90002,
                f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID "
                "and are signing into the correct cloud.",
            )

    def _grant(self, request: Request, tenant: str, form: dict[str, str]) -> dict[str, Any]:
        self._known(tenant)
        if form.get("grant_type") != "client_credentials":
            raise OAuthRefusal(
                400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type."
            )
        app = self.directory.applications.get(form.get("client_id", ""))
        if app is None or app.tenant != tenant:
            raise OAuthRefusal(
                400,
                "unauthorized_client",
                700016,
                f"Application with identifier '{form.get('client_id')}' was not found in the "
                f"directory '{tenant}'.",
            )
        scope = form.get("scope", "")
        if not scope.endswith("/.default"):
            raise OAuthRefusal(
                400, "invalid_scope", 1002012, f"The provided value for scope {scope} is not valid."
            )
        if "client_assertion" in form:
            _check_assertion(app, form, f"{request.base}{request.path}")
        else:
            _check_secret(app, form.get("client_secret", ""))
        return self._issue(app, scope.removesuffix("/.default"))

    def _managed_identity(self, request: Request) -> Response:
        """The endpoint of App Service, the managed identity without a fixed address."""
        app = self.directory.applications.get(self.directory.managed or "")
        if app is None or request.headers.get("x-identity-header") != "emulated":
            return Response(400, {"statusCode": 400, "message": "No managed identity found"})
        said = self._issue(app, request.query.get("resource", ""))
        return Response(200, {**said, "expires_on": str(int(time.time()) + self.lifetime)})

    def _issue(self, app: Application, resource: str) -> dict[str, Any]:
        audience = resource.rstrip("/")
        claims = {
            "aud": audience,
            "tid": app.tenant,
            "appid": app.client,
            "oid": app.object_id,
            "exp": int(time.time()) + self.lifetime,
            "jti": str(len(self.issued)),
        }
        token = jwt.encode(claims, _SIGNING_KEY, algorithm="HS256")
        self.issued[token] = Token(app, audience)
        return {"token_type": "Bearer", "expires_in": self.lifetime, "access_token": token}

    def bearer(self, request: Request, *, audiences: set[str] = ARM_AUDIENCES) -> Application:
        """Whose request this is; a 401 refusal when its token is not good."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            raise _unauthorized("AuthenticationFailed", "The 'Authorization' header is missing.")
        known = self.issued.get(token)
        if known is None:
            raise _unauthorized("InvalidAuthenticationToken", "The access token is invalid.")
        if token in self.expired:
            raise _unauthorized(
                "ExpiredAuthenticationToken",
                "The access token expiry UTC time is earlier than now.",
            )
        if known.audience not in audiences:
            raise _unauthorized(
                "InvalidAuthenticationTokenAudience",
                "The access token has been obtained for wrong audience or resource "
                f"'{known.audience}'. It should exactly match one of the allowed audiences.",
            )
        return known.application


def _unauthorized(code: str, message: str) -> Refusal:
    challenge = {"WWW-Authenticate": 'Bearer authorization_uri="https://login.windows.net/"'}
    return Refusal(401, code, message, by_arm=True, headers=challenge)


def _instances(request: Request) -> dict[str, Any]:
    host = request.base.removeprefix("https://")
    return {
        "tenant_discovery_endpoint": f"{request.base}/common/v2.0/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
    }


def _check_secret(app: Application, secret: str) -> None:
    if secret in app.expired_secrets:
        raise OAuthRefusal(
            401,
            "invalid_client",
            7000222,
            f"The provided client secret keys for app '{app.client}' are expired.",
        )
    if secret not in app.secrets:
        raise OAuthRefusal(
            401,
            "invalid_client",
            7000215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the "
            "client secret value, not the client secret ID, for a secret added to app "
            f"'{app.client}'.",
        )


def _check_assertion(app: Application, form: dict[str, str], endpoint: str) -> None:
    """A JWT signed by one of the app's certificates, or by an issuer that it trusts."""
    if form.get("client_assertion_type") != ASSERTION:
        raise OAuthRefusal(400, "invalid_request", 50027, "JWT token is invalid or malformed.")
    assertion = form["client_assertion"]
    try:
        said = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        raise OAuthRefusal(
            400, "invalid_request", 50027, "JWT token is invalid or malformed."
        ) from None
    if said.get("iss") == app.client:
        _check_certificate(app, assertion, endpoint)
    else:
        _check_federation(app, assertion, said)


def _check_certificate(app: Application, assertion: str, endpoint: str) -> None:
    for pem in app.certificates:
        key = x509.load_pem_x509_certificate(pem).public_key()
        try:
            jwt.decode(
                assertion,
                key,  # type: ignore[arg-type]
                algorithms=["RS256", "PS256"],
                audience=endpoint,
                subject=app.client,
                options={"require": ["exp", "jti"]},
            )
        except jwt.ExpiredSignatureError:
            raise _assertion_expired() from None
        except jwt.InvalidSignatureError:
            continue
        return
    raise OAuthRefusal(
        401,
        "invalid_client",
        700027,
        "The certificate with identifier used to sign the client assertion is not registered on "
        "application.",
    )


def _check_federation(app: Application, assertion: str, said: dict[str, Any]) -> None:
    for trusted in app.federations:
        if (said.get("iss"), said.get("sub")) != (trusted.issuer, trusted.subject):
            continue
        try:
            jwt.decode(
                assertion, trusted.key_pem, algorithms=["RS256", "ES256"], audience=trusted.audience
            )
        except jwt.ExpiredSignatureError:
            raise _assertion_expired() from None
        except jwt.InvalidAudienceError:
            raise OAuthRefusal(
                401,
                "invalid_client",
                700212,
                "No matching federated identity record found for "
                f"presented assertion audience '{said.get('aud')}'.",
            ) from None
        except jwt.InvalidTokenError:
            raise OAuthRefusal(
                401, "invalid_client", 5000334, "Signature validation of the assertion failed."
            ) from None
        return
    raise OAuthRefusal(
        401,
        "invalid_client",
        700213,
        "No matching federated identity record found for presented assertion subject "
        f"'{said.get('sub')}'. Check your federated identity credential Subject, Audience and "
        "Issuer against the presented assertion.",
    )


def _assertion_expired() -> OAuthRefusal:
    return OAuthRefusal(
        401, "invalid_client", 700024, "Client assertion is not within its valid time range."
    )
