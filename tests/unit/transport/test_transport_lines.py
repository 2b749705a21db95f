"""Chunks to lines, and the end of a long text."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from kprov.transport.lines import Lines, Tail

chunks = st.lists(st.binary(min_size=1, max_size=20))


@given(st.lists(st.sampled_from([b"\n", b"a", b"bc\n", "é".encode()[:1], "é".encode()[1:]])))
def test_how_it_was_cut_does_not_matter(pieces: list[bytes]) -> None:
    """Any cutting of a byte stream gives the same lines, letters cut in half included."""
    lines = Lines(pieces)
    *complete, rest = b"".join(pieces).decode(errors="replace").split("\n")
    assert list(lines) == complete
    assert lines.rest() == rest


def test_a_line_comes_as_soon_as_it_is_complete() -> None:
    """The reader never waits for the line after, and half a line is not taken for one."""
    taken: list[bytes] = []

    def source() -> Iterator[bytes]:
        for piece in (b"one\ntw", b"o\n", b"thr"):
            taken.append(piece)
            yield piece

    lines = Lines(source())
    got = iter(lines)
    assert next(got) == "one"
    assert taken == [b"one\ntw"]
    assert list(got) == ["two"]
    assert lines.rest() == "thr"


@given(chunks, st.integers(1, 50))
def test_a_tail_is_the_end_of_everything(pieces: list[bytes], limit: int) -> None:
    """However it was fed, the last `limit` bytes are there, and a mark when more was."""
    tail = Tail(limit)
    kept = b""
    for piece in pieces:
        kept = tail.feed(piece)
    everything = b"".join(pieces)
    assert kept == everything[-limit:]
    assert tail.text().startswith("[...]\n") == (len(everything) > limit)


def test_after_a_marker() -> None:
    """What was there before the marker line is left out; without one, all is shown."""
    tail = Tail()
    tail.feed(b"noise\nready-1\nuseful\n")
    assert tail.text(after="ready-1") == "useful"
    assert tail.text(after="ready-2") == "noise\nready-1\nuseful"
    assert tail.text() == "noise\nready-1\nuseful"
