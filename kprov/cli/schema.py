"""`kprov schema`: the JSON Schema of inventories, for editors."""

from __future__ import annotations

import argparse

from kprov.cli.common import print_json


def options(parser: argparse.ArgumentParser) -> None:
    """No options."""


def run(args: argparse.Namespace) -> int:
    """Print it."""
    from kprov.inventory.schema import json_schema

    print_json(json_schema())
    return 0
