"""Which boot texts pass, and that they arrive unchanged through real shells."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kprov.transport.base import RemoteExitError, check_boot

SHELLS = [shell for shell in ("dash", "bash", "fish", "csh") if shutil.which(shell)]


def passes(boot: str) -> bool:
    try:
        check_boot(boot)
    except ValueError:
        return False
    return True


boots = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1).filter(passes)


@pytest.mark.parametrize("boot", ["", "a\nb", "it's", "hey!", "tab\there", "é", "a\\\\b", "end\\"])
def test_what_a_login_shell_would_change_is_refused(boot: str) -> None:
    """A programming error of ours, so a ValueError, before anything is sent."""
    with pytest.raises(ValueError, match="boot"):
        check_boot(boot)


@pytest.mark.parametrize("shell", SHELLS)
def test_every_accepted_boot_survives_single_quotes(shell: str) -> None:
    """Property: through `SHELL -c "exec printf %s 'BOOT'"` every accepted text comes back."""

    @settings(max_examples=40, deadline=None)
    @given(boots)
    def check(boot: str) -> None:
        done = subprocess.run(
            [shell, "-c", f"exec printf %s '{boot}'"], check=True, capture_output=True, text=True
        )
        assert done.stdout == boot

    check()


def test_the_seam_is_light() -> None:
    """Importing it, or what names connections, loads neither paramiko nor fabric."""
    code = (
        "import sys; import kprov.transport.base, kprov.transport.ssh, kprov.transport.hostkeys;"
        "print([m for m in sys.modules if m.split('.')[0] in ('paramiko', 'fabric', 'invoke')])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_an_exit_error_shows_the_last_lines() -> None:
    """Ten lines are enough for a message; control characters cannot play with the terminal."""
    stderr = "\n".join([*(f"line {n}" for n in range(100)), "\x1b[2Jbad"])
    error = RemoteExitError("the script ended", where="w1", status=3, stderr=stderr)
    text = str(error)
    assert "line 99" in text
    assert "line 90" not in text
    assert "\x1b" not in text
    assert error.stderr == stderr
