"""An answer replayed: its recorded request, answered again by what is loaded now."""

from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from serving.answer import Desk
from serving.errors import RequestProblem
from serving.feed.acting import answer_of
from serving.feed.told import Difference, Replay

_LISTED = 200
_OWN = ("ledger_id",)  # random, and different in every answer
_ANSWERS = "answers["
SAME = "The recorded request gets the same answer now, to the bit."
OTHER_RELEASE = (
    "Another release is loaded now than the one that gave the answer, so that what differs may be "
    "its doing. The recorded answer is what was given."
)
OTHER_REST = (
    "The same release is loaded. What differs comes from the settings of the site, from whether a "
    "model is silent, or from a newer version of the service. The recorded answer is what was "
    "given."
)
UNREADABLE = (
    "The recorded request is not legal for this version of the service and gets no answer now. The "
    "recorded answer is what was given."
)


def replay(desk: Desk, answer_id: str) -> bytes:
    """Answer a recorded request again and compare; nothing is recorded, since nothing is answered.

    Raises
    ------
    NotThere, PayloadErased
        For an answer that is not there, or was erased.
    """
    found = answer_of(desk.ledger, answer_id)
    recorded = from_json(found.answer)
    try:
        made = desk.prepared(found.request, recorded["language"], subject=found.subject)
    except RequestProblem:
        return _told(answer_id, found.release, desk.panel.version, None, UNREADABLE)
    now = from_json(made.entry.answer)
    differences = list(differing(recorded, now))
    same_release = found.release == made.entry.release
    meaning = SAME if not differences else OTHER_REST if same_release else OTHER_RELEASE
    hidden = {
        f"{_ANSWERS}{at}]"
        for told in (recorded, now)
        for at, one in enumerate(told["answers"])
        if one.get("silent")
    }
    return _told(
        answer_id, found.release, made.entry.release,
        [_shown(one, hidden) for one in differences], meaning,
        same_predictors=found.predictors == made.entry.predictors,
    )  # fmt: skip


def differing(recorded: Any, now: Any, path: str = "") -> Iterator[Difference]:
    """Yield the fields that are not the same, to the bit, the random ids apart."""
    if isinstance(recorded, dict) and isinstance(now, dict):
        for key in dict.fromkeys((*recorded, *now)):
            if path or key not in _OWN:
                below = f"{path}.{key}" if path else key
                yield from differing(recorded.get(key), now.get(key), below)
    elif isinstance(recorded, list) and isinstance(now, list):
        for at in range(max(len(recorded), len(now))):
            before, after = (told[at] if at < len(told) else None for told in (recorded, now))
            yield from differing(before, after, f"{path}[{at}]")
    elif recorded != now or type(recorded) is not type(now):
        yield Difference(path=path, recorded=recorded, now=now)


def _shown(one: Difference, hidden: set[str]) -> Difference:
    """Return a difference without what a silent model says."""
    if not any(one.path.startswith(place) for place in hidden):
        return one
    return Difference(path=one.path, recorded=None, now=None)


def _told(
    answer_id: str, before: str, now: str, differences: list[Difference] | None, meaning: str, *,
    same_predictors: bool = False,
) -> bytes:  # fmt: skip
    found = differences or []
    told = Replay(
        answer_id=answer_id,
        release_recorded=before,
        release_now=now,
        same_release=before == now,
        exact=differences == [] and same_predictors,
        same_predictors=same_predictors,
        differences=found[:_LISTED],
        more_differences=max(0, len(found) - _LISTED),
        meaning=meaning,
    )
    return told.model_dump_json().encode()
