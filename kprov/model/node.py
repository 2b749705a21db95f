"""What the inventory says of a host as a node: labels, annotations, taints, its kubelet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Scalar = str | int | float | bool

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
"""What a taint does: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/"""


@dataclass(frozen=True, slots=True, order=True)
class Taint:
    """A taint; a node has one of a key and an effect."""

    key: str
    value: str
    effect: str

    @classmethod
    def parse(cls, text: str) -> Taint:
        """From kubectl's notation, `KEY=VALUE:EFFECT` or `KEY:EFFECT`; ValueError for other text.

        What the parts hold is not looked at.
        """
        name, colon, effect = text.rpartition(":")
        key, _, value = name.partition("=")
        if not colon or not key:
            raise ValueError(f"{text!r} is not KEY=VALUE:EFFECT")
        return cls(key, value, effect)

    @property
    def id(self) -> str:
        """`KEY:EFFECT`, unique on a node."""
        return f"{self.key}:{self.effect}"

    def __str__(self) -> str:
        """As kubectl writes it."""
        return f"{self.key}={self.value}:{self.effect}" if self.value else self.id


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """A host's labels, annotations and taints, and what its kubelet has of its own."""

    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    kubelet_config: Mapping[str, object] = field(default_factory=dict)
    """Merged over `cluster.kubelet.config`."""
    kubelet_extra_args: Mapping[str, Scalar] = field(default_factory=dict)
    """Win over `cluster.kubelet.extra_args`."""
