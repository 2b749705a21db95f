"""Rules about settings: command lines of running processes, and the kubelet's configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kprov.core.benchmark.subject import Outcome, Subject

Test = Callable[[str | None], bool]
"""Whether a value is good; None: it was not given."""

STRONG_SUITES = frozenset(
    f"TLS_{exchange}_WITH_{cipher}"
    for exchange in ("ECDHE_ECDSA", "ECDHE_RSA")
    for cipher in (
        "AES_128_GCM_SHA256",
        "AES_256_GCM_SHA384",
        "CHACHA20_POLY1305",
        "CHACHA20_POLY1305_SHA256",
    )
) | {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}


def is_set(value: str | None) -> bool:
    """Given, and not empty."""
    return bool(value)


def is_unset(value: str | None) -> bool:
    """Not given at all."""
    return value is None


def equals(expected: str, *, default: bool = False) -> Test:
    """That value; `default`: it is what holds when nothing is given."""
    return lambda value: default if value is None else value == expected


def has(word: str) -> Test:
    """A comma separated list with that word in it."""
    return lambda value: word in (value or "").split(",")


def lacks(word: str) -> Test:
    """A comma separated list without that word."""
    return lambda value: word not in (value or "").split(",")


def at_least(number: int) -> Test:
    """That number or more."""
    return lambda value: value is not None and value.isdigit() and int(value) >= number


def strong(value: str | None) -> bool:
    """Cipher suites with forward secrecy and authenticated encryption, and no others."""
    return bool(value) and set((value or "").split(",")) <= STRONG_SUITES


@dataclass(frozen=True, slots=True)
class Flags:
    """Flags of a program, each with its test; all have to hold."""

    program: str
    tests: Mapping[str, Test]

    def judge(self, subject: Subject) -> Outcome:
        """Fails with the flags that are not as they should be."""
        flags = subject.flags(self.program)
        if flags is None:
            return "fail", f"{self.program}.service does not run: its flags cannot be seen"
        bad = [name for name, good in self.tests.items() if not good(flags.get(name))]
        shown = bad or list(self.tests)
        evidence = ", ".join(_shown(name, flags.get(name)) for name in shown)
        return ("fail" if bad else "pass"), evidence


def _shown(name: str, value: str | None) -> str:
    return f"--{name} is not given" if value is None else f"--{name}={value}"


@dataclass(frozen=True, slots=True)
class KubeletSetting:
    """A field of KubeletConfiguration; a flag of the process wins over it."""

    field: str
    flag: str
    good: Test

    def judge(self, subject: Subject) -> Outcome:
        """Fails with the value and where it is from."""
        flags = subject.flags("kubelet")
        if flags is None:
            return "fail", "kubelet.service does not run: its settings cannot be seen"
        if self.flag in flags:
            value: str | None = flags[self.flag]
            evidence = _shown(self.flag, value)
        elif subject.kubelet is None:
            return "fail", f"{flags.get('config') or 'a configuration file'} could not be read"
        else:
            value = _text(_at(subject.kubelet, self.field))
            said = "is not given" if value is None else f"is {value}"
            evidence = f"{self.field} {said} in {flags['config']}"
        return ("pass" if self.good(value) else "fail"), evidence


def _at(config: Mapping[str, Any], field: str) -> Any:
    found: Any = config
    for step in field.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


@dataclass(frozen=True, slots=True)
class Judged:
    """A check that needs a closer look: `decide` says it all."""

    decide: Callable[[Subject], Outcome]

    def judge(self, subject: Subject) -> Outcome:
        """What `decide` says."""
        return self.decide(subject)


@dataclass(frozen=True, slots=True)
class Manual:
    """Nothing on a host tells: what a person has to look at."""

    what: str

    def judge(self, subject: Subject) -> Outcome:
        """Always for a person."""
        return "manual", self.what
