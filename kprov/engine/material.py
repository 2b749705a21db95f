"""The material of a run: certificates, kubeconfigs, binaries and images, for one host each."""

from __future__ import annotations

