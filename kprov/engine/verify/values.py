"""What goes into a verification and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

JsonObject = dict[str, Any]
Status = Literal["ok", "failed", "not-run"]

DEFAULT_IMAGE = "registry.k8s.io/e2e-test-images/busybox:1.29-2"


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """How to verify. All times in seconds."""

    image: str = DEFAULT_IMAGE
    """A busybox image: sh, httpd, wget, nslookup, sleep, cat, mkdir, rm are used."""
    timeout: float = 60.0
    """The most one check may take."""
    request_timeout: float = 10.0
    """The most one plain API request may take; also how long to wait for the API at all."""
    node_timeout: float = 20.0
    """How long nodes that have registered may take to be Ready."""
    wait_cleanup: float = 0.0
    """How long to wait for the throwaway namespace to be gone; 0 leaves that to the cluster.

    Clusters need six seconds and more for it: they let five pass before they begin.
    """
    only: tuple[str, ...] = ()
    """Names of the checks to run; empty: all of them."""
    families: int = 1
    """How many address families pods and Services have; with 2 all is asked by both."""
    context: str | None = None
    """Context of the kubeconfig; unset: its current one."""
    dns_namespace: str = "kube-system"
    dns_service: str = "kube-dns"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found; `detail` is evidence or what went wrong, `hint` what to do about it."""

    name: str
    title: str
    status: Status
    seconds: float
    detail: str = ""
    hint: str = ""


class CheckFailed(Exception):  # noqa: N818  a verdict, carried to the runner
    """The cluster does not do what the check asks of it."""

    def __init__(self, detail: str, hint: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint


class CheckNotRun(Exception):  # noqa: N818  a verdict, carried to the runner
    """The check has nothing to work with here; its text is the reason."""


class Cancelled(Exception):  # noqa: N818  an interruption is not an error of anybody's
    """The verification is being stopped."""
