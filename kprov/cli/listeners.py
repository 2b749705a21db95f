"""Who hears what goes on while a command works: the person, and a program that watches."""

from __future__ import annotations

import argparse

from kprov.cli.common import stderr_style
from kprov.ui.event_lines import EventLines
from kprov.ui.progress import ProgressLines


def progress_of(args: argparse.Namespace) -> ProgressLines:
    """Lines on standard error; with --events-fd also JSON. InputError for one that is not open."""
    also = None if args.events_fd is None else EventLines(args.events_fd)
    return ProgressLines(stderr_style(), verbose=args.verbose, also=also)
