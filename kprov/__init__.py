"""kprov brings up Kubernetes from an inventory, over SSH."""

__version__ = "0.1.0"
