"""From an error to an HTTP answer: one place, and no patient's value in it.

Pydantic's own texts repeat what came; here a problem is named by its path, what is legal there and
what to do, and nothing of the input is repeated. A path holds only names of our own fields and
positions in a list, and the name of an unknown field as the client wrote it, cut short.
"""

import logging
import traceback
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from features.errors import LedgerError, ModelFormatError, ReleaseError, VigiCellError
from serving.logs import log_event
from serving.messages import ErrorBody, Message, Problem, RiskRequest, field_names

_LONGEST_KEY = 40  # characters of an unknown field's name that are repeated
_SHOWN = 20  # problems listed in one answer; the rest is counted

_STATUS: Mapping[type[VigiCellError], int] = {
    LedgerError: 503,
    ReleaseError: 503,
    ModelFormatError: 503,
}
_MEND = "Mend this field and send the request again."

# pydantic's error type -> what is wrong, what is legal ({} is filled from its context)
_SENTENCES: Mapping[str, tuple[str, str]] = {
    "missing": ("is missing", "it must be given"),
    "json_invalid": ("is no readable JSON ({error})", "one JSON object in UTF-8"),
    "literal_error": ("is none of the legal words", "{expected}"),
    "float_type": ("is no number", "a JSON number"),
    "int_type": ("is no whole number", "a whole JSON number"),
    "bool_type": ("is neither true nor false", "true or false"),
    "string_type": ("is no text", "a JSON string"),
    "list_type": ("is no list", "a JSON array"),
    "dict_type": ("is no object", "a JSON object"),
    "model_type": ("is no object", "a JSON object"),
    "model_attributes_type": ("is no object", "a JSON object"),
    "finite_number": ("is not finite", "a finite number; leave out what was not measured"),
    "greater_than_equal": ("is too small", "{ge} or more"),
    "greater_than": ("is too small", "more than {gt}"),
    "less_than_equal": ("is too large", "{le} or less"),
    "less_than": ("is too large", "less than {lt}"),
    "string_too_long": ("is too long", "up to {max_length} characters"),
    "string_too_short": ("is empty", "at least {min_length} character"),
    "too_long": ("has too many elements", "up to {max_length}"),
    "timezone_aware": (
        "has no time zone",
        "a time with its offset, for instance 2026-03-01T08:00:00+08:00",
    ),
}
_TIMES = ("a time in ISO 8601 with its offset, for instance 2026-03-01T08:00:00+08:00",)


class RequestProblem(VigiCellError):
    """A request that cannot be answered as it stands.

    Parameters
    ----------
    problems : sequence of Problem
        What is wrong, by path.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(_summary(self.problems))


class BodyTooLarge(VigiCellError):
    """A body longer than what is read."""


class WrongContentType(VigiCellError):
    """A body that is not declared to be JSON."""


def status_of(error: VigiCellError) -> int:
    """Return the HTTP status of an error; what is not the service's fault is 4xx."""
    if isinstance(error, BodyTooLarge):
        return 413
    if isinstance(error, WrongContentType):
        return 415
    return next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 422)


def body_of(error: VigiCellError) -> ErrorBody:
    """Return what is sent for an error."""
    problems = list(error.problems) if isinstance(error, RequestProblem) else []
    return ErrorBody(
        error=type(error).__name__,
        message=str(error),
        problems=problems[:_SHOWN],
        not_shown=max(0, len(problems) - _SHOWN),
    )


def problems_of(error: ValidationError, kind: type[Message] = RiskRequest) -> RequestProblem:
    """Turn pydantic's findings into ours, without the input and without its texts."""
    found = error.errors(include_url=False, include_input=False)
    return RequestProblem(
        [_problem(one["type"], one["loc"], one.get("ctx", {}), kind) for one in found]
    )


def path_of(location: Sequence[int | str]) -> str:
    """Write a location as a path: ``measurements[3].unit``."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "body"


def log_unexpected(error: BaseException) -> None:
    """Log where an unexpected error arose, never its message, which may hold a value."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames[-8:]))
    log_event("unexpected", logging.ERROR, kind=type(error).__name__, at=places)


UNEXPECTED = ErrorBody(
    error="InternalError",
    message=(
        "The service could not answer; nothing was recorded. Ask again; if it happens again, "
        "show the log of the service to whoever runs it."
    ),
    problems=[],
    not_shown=0,
)


def _problem(
    found: str,
    location: Sequence[int | str],
    context: Mapping[str, Any],
    kind: type[Message],
) -> Problem:
    if found == "extra_forbidden":
        return _unknown_field(location[:-1], str(location[-1]), kind)
    if found.startswith(("datetime", "date_", "time_")):
        return Problem(
            path=path_of(location), problem="is no time", legal=_TIMES[0], what_to_do=_MEND
        )
    wrong, legal = _SENTENCES.get(found, ("is not legal here", "see /v1/openapi.json"))
    return Problem(
        path=path_of(location),
        problem=wrong.format_map(context),
        legal=legal.format_map(context),
        what_to_do=_MEND,
    )


def _unknown_field(parent: Sequence[int | str], key: str, kind: type[Message]) -> Problem:
    """Say which field does not exist: its name, unlike its value, is no patient's."""
    names = field_names(parent, kind)
    shown = "".join(one if one.isprintable() else "?" for one in key[:_LONGEST_KEY])
    near = get_close_matches(shown.lower(), names, n=1)
    return Problem(
        path=path_of((*parent, shown + ("..." if len(key) > _LONGEST_KEY else ""))),
        problem="is a field that does not exist here",
        legal=f"the fields {', '.join(names)}",
        what_to_do=f"Did you mean {near[0]}?" if near else "Leave it out, or correct its name.",
    )


def _summary(problems: Sequence[Problem]) -> str:
    if not problems:
        return "The request cannot be answered."
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{first.path} {first.problem}; legal: {first.legal}. {first.what_to_do}{more}"
