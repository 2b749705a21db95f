"""Asks HTTP questions from inside pods, many in one exec, and reads the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from kprov.engine.verify.parallel import outcomes
from kprov.engine.verify.podwork import shell
from kprov.engine.verify.session import Session
from kprov.engine.verify.values import CheckFailed, JsonObject

_AT_ONCE = 16
_RETRIES = 8
_SECONDS = 45.0
_SHOWN = 4

# The timeouts of busybox's own programs differ: wget has none in Debian's build, `timeout` another
# syntax before 1.30, nslookup waits for many seconds. `limited SECONDS COMMAND...` needs none.
LIMITED = """
limited() {
  seconds=$1; shift
  "$@" 2>&1 & child=$!
  (sleep "$seconds"; kill "$child") >/dev/null 2>&1 & guard=$!
  { wait "$child"; } 2>/dev/null; code=$?
  kill "$guard" 2>/dev/null
  [ "$code" -lt 128 ] || echo "no answer within $seconds s"
  return "$code"
}
"""

# kube-proxy and routes may lag behind the API by a second or two, so questions are repeated; the
# retries are shared by all URLs, so that many dead ones do not take many times as long.
_SCRIPT = (
    LIMITED
    + """
set -f; left=$1; shift
for url in "$@"; do
  while :; do
    verdict=ok; answer=$(limited 2 wget -q -O - "$url") && break
    verdict=no
    case $answer in *"server returned error"*) break ;; esac
    [ "$left" -gt 0 ] || break
    left=$((left - 1)); sleep 1
  done
  echo "$verdict" "$url" $answer
done
"""
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one URL said: the body, or wget's error."""

    url: str
    good: bool
    text: str


def ask(
    session: Session, pod: JsonObject, urls: Sequence[str], retries: int = _RETRIES
) -> list[Answer]:
    """Ask each URL from inside a pod; `retries`, a second apart, are for all of them together."""
    result = shell(session, pod, _SCRIPT, str(retries), *urls, seconds=_SECONDS)
    answers = read_answers(result.out)
    if [answer.url for answer in answers] != list(urls):
        raise CheckFailed(
            f"asking from pod {pod['metadata']['name']} ended with code {result.code}: "
            f"{(result.err or result.out).strip() or 'no output'}"
        )
    return answers


def read_answers(output: str) -> list[Answer]:
    """Read the lines `ok|no URL TEXT` that the script prints."""
    lines = (line.split(" ", 2) for line in output.splitlines())
    return [
        Answer(url=line[1], good=line[0] == "ok", text=line[2] if len(line) > 2 else "")
        for line in lines
        if len(line) > 1
    ]


def all_answer(
    session: Session,
    questions: Mapping[str, tuple[JsonObject, Sequence[str]]],
    *,
    note: str = "",
    hint: str,
) -> None:
    """Ask from many pods at once, place name to (pod, URLs), and assert that every URL answers.

    Raises CheckFailed naming places, URLs and errors, then `note`. `hint` is for URLs that do not
    answer; where the question could not even be asked, the reason for that is the hint.
    """
    places = sorted(questions)
    failures: list[str] = []
    jobs = [partial(_failures, session, place, *questions[place]) for place in places]
    for index, outcome in outcomes(jobs, limit=_AT_ONCE, patience=session.options.timeout):
        if isinstance(outcome, CheckFailed | TimeoutError):
            failures.append(f"from {places[index]}: {outcome}")
            hint = getattr(outcome, "hint", "") or hint
        elif isinstance(outcome, Exception):
            raise outcome
        else:
            failures += outcome
    if failures:
        raise CheckFailed(summary(sorted(failures)) + note, hint)


def _failures(session: Session, place: str, pod: JsonObject, urls: Sequence[str]) -> list[str]:
    return [
        f"from {place}: {answer.url} {answer.text or 'no answer'}"
        for answer in ask(session, pod, urls)
        if not answer.good
    ]


def summary(failures: Sequence[str]) -> str:
    """The first few failures, and how many more there are."""
    more = f"; and {len(failures) - _SHOWN} more" if len(failures) > _SHOWN else ""
    return "; ".join(failures[:_SHOWN]) + more
