"""An answer replayed: its recorded request, answered again by what is loaded now."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_core import from_json

from serving.answer import Desk
from serving.batch.chunk import Chunk, Line
from serving.errors import RequestProblem, body_of
from serving.feed.acting import answer_of
from serving.feed.told import Difference, Replay
from serving.ledger import Entry, Recorded

_LISTED = 200
_OWN = ("ledger_id",)  # random, and different in every answer
_ANSWERS = "answers["
_FOLLOWS = ("watch", "monitoring")
"""What follows from the estimates that were shown."""
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
        made = _made_again(desk, found, recorded)
    except RequestProblem:
        return _told(answer_id, found.release, desk.panel.version, None, UNREADABLE)
    now = from_json(made.answer)
    differences = list(differing(recorded, now))
    same_release = found.release == made.release
    meaning = SAME if not differences else OTHER_REST if same_release else OTHER_RELEASE
    hidden = {place for told in (recorded, now) for place in _hidden(desk, told)}
    return _told(
        answer_id, found.release, made.release,
        [_shown(one, hidden) for one in differences], meaning,
        same_predictors=found.predictors == made.predictors,
    )  # fmt: skip


def _made_again(desk: Desk, found: Recorded, recorded: Mapping[str, Any]) -> Entry:
    """Return the entry that the request would leave now, alone or in a batch, as it came."""
    language = recorded["language"]
    if "error" in recorded:  # only a line of a batch has that place
        chunk = Chunk(desk, language, len(found.request), body_of)
        return chunk.prepared(Line(1, found.request))
    return desk.prepared(found.request, language, subject=found.subject).entry


def _hidden(desk: Desk, told: Mapping[str, Any]) -> Iterator[str]:
    """Yield the places that are not shown: what silent models say, and what follows from it."""
    silent = [at for at, one in enumerate(told["answers"]) if _is_silent(desk, one)]
    yield from (f"{_ANSWERS}{at}]" for at in silent)
    if silent:
        yield from _FOLLOWS


def _is_silent(desk: Desk, one: Mapping[str, Any]) -> bool:
    if one.get("silent"):
        return True
    model = one.get("model")
    if model is None or one["probability"] is None:
        return False
    return not desk.shows(model["version"], synthetic=model["synthetic"])


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
