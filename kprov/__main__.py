"""`python -m kprov`."""

from __future__ import annotations

import sys

from kprov.cli.main import main

sys.exit(main())
