"""What a person does with an answer: seen, acknowledged, snoozed, overridden; each is recorded."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from serving.course_reading import read_request
from serving.errors import NotThere, PayloadErased, RequestProblem
from serving.feed.acknowledging import attention
from serving.feed.feed import Feed
from serving.feed.messages import ACTIONS, ActionName
from serving.feed.told import ActionTold
from serving.feed.ward_book import act_of
from serving.ledger import Entry, Kind, Ledger, Recorded
from serving.messages import Problem
from serving.persons import who_acts

_LONGEST_ID = 100
LONGEST_SNOOZE = timedelta(days=1)


def act(feed: Feed, answer_id: str, name: ActionName, body: bytes, caller: str = "") -> bytes:
    """Record what a person does with an answer; the same again, right after, is one entry.

    Parameters
    ----------
    caller : str
        Who holds the token, empty where nobody is known. It is who acts; a name in the body is kept
        beside it and never in its place.

    Raises
    ------
    RequestProblem
        For a body that is not legal, or names nobody.
    NotThere, PayloadErased
        For an answer that is not there, or was erased.
    LedgerError
        When it could not be recorded.
    """
    asked = read_request(body, ACTIONS[name])
    who = who_acts(asked.who, caller)
    _require_near(getattr(asked, "until", None), feed.clock())
    ledger, kind = feed.desk.ledger, Kind(name)
    answer_of(ledger, answer_id)
    found = ledger.latest(kind, subject=answer_id)
    if found is None or (found.who, found.request) != (who, body):
        one = Entry(secrets.token_urlsafe(16), request=body, kind=kind, subject=answer_id, who=who)
        ledger.append(one)
        found = ledger.read(one.entry_id)
    return _told(feed, answer_id, found).model_dump_json().encode()


def answer_of(ledger: Ledger, answer_id: str) -> Recorded:
    """Return the recorded answer of a model.

    Raises
    ------
    NotThere, PayloadErased
        When there is none of this id, or its payload was erased.
    """
    found = ledger.read(answer_id) if len(answer_id) <= _LONGEST_ID else None
    if found is None or found.kind is not Kind.ANSWER:
        raise NotThere("There is no answer of this id. Give the ledger_id of an answer.")
    if found.erased is not None:
        raise PayloadErased(
            f"This answer was erased on {found.erased.erased_at:%Y-%m-%d} under retention: "
            f"{found.erased.reason}"
        )
    return found


def _told(feed: Feed, answer_id: str, entry: Any) -> ActionTold:
    course = feed.course_of_answer(answer_id)
    course_id = None if course is None else course.course_id
    noticed = None if course is None else attention(course.points, course.acts, feed.clock())
    return ActionTold(
        ledger_id=entry.entry_id, act=act_of(entry), course_id=course_id, attention=noticed
    )


def _require_near(until: datetime | None, now: datetime) -> None:
    if until is not None and not now < until <= now + LONGEST_SNOOZE:
        raise RequestProblem(
            [
                Problem(
                    path="until",
                    problem="is past, or too far away",
                    legal="a time from now to a day from now",
                    what_to_do="Snooze until the next time somebody can look.",
                )
            ]
        )
