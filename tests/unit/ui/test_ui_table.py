"""Tables fit the terminal, also a narrow one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kprov.ui.style import Style
from kprov.ui.table import table

PLAIN = Style(color=False)
HEADER = ("host", "units", "system", "state")
ROWS = [
    ("cp1", "7/7", "Debian GNU/Linux 12 (bookworm)", "as it should be"),
    ("w1", "3/4", "Debian GNU/Linux 12 (bookworm)", "2 changes needed; leased to somebody else"),
]


def test_columns() -> None:
    """As wide as their widest cell; the last one wraps below itself."""
    assert table(HEADER, ROWS, PLAIN, width=74).splitlines() == [
        "host  units  system                          state",
        "cp1   7/7    Debian GNU/Linux 12 (bookworm)  as it should be",
        "w1    3/4    Debian GNU/Linux 12 (bookworm)  2 changes needed; leased to",
        "                                             somebody else",
    ]


def test_forty_columns() -> None:
    """No room for columns: a paragraph each, nothing wider than the terminal, nothing lost."""
    text = table(HEADER, ROWS, PLAIN, width=40)
    assert text.splitlines() == [
        "cp1",
        "  units: 7/7",
        "  system: Debian GNU/Linux 12",
        "    (bookworm)",
        "  state: as it should be",
        "w1",
        "  units: 3/4",
        "  system: Debian GNU/Linux 12",
        "    (bookworm)",
        "  state: 2 changes needed; leased to",
        "    somebody else",
    ]


def test_empty_cells_and_no_rows() -> None:
    """Only the header, no blanks at line ends."""
    assert table(("a", "b"), [], PLAIN, width=80) == "a  b"
    assert table(("a", "b"), [("x", "")], PLAIN, width=80) == "a  b\nx"


def test_several_lines_in_the_last_cell() -> None:
    """They stay below each other."""
    assert table(("a", "b"), [("x", "1\n2")], PLAIN, width=80) == "a  b\nx  1\n   2"


WORDS = st.text("ab ", max_size=30)


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=5), st.integers(40, 120))
def test_nothing_is_lost_and_nothing_is_wider_than_the_terminal(
    rows: list[tuple[str, str, str]], width: int
) -> None:
    """For any cells whose words are short."""
    text = table(("one", "two", "three"), rows, PLAIN, width=width)
    words = [word for row in rows for cell in row for word in cell.split()]
    shown = [word for line in text.splitlines() for word in line.split()]
    assert sorted(set(words) - set(shown)) == []
    assert all(len(line) <= width for line in text.splitlines())
