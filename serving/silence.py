"""What of a silent answer is shown: that it was recorded, never the estimate."""

from collections.abc import Mapping
from typing import Any

from serving.estimate import abstention
from serving.replies import QuestionAnswer

NOT_SHOWN = ("probability", "interval", "compared", "tier", "explanation", "could_change")
"""Everything that is an estimate, or could be turned back into one."""


def shown(one: QuestionAnswer, language: str) -> QuestionAnswer:
    """Return an answer as it may be shown; that of a live model is the same."""
    if not one.silent or one.abstention is not None:
        return one
    hidden = dict.fromkeys(NOT_SHOWN)
    return one.model_copy(update={**hidden, "abstention": abstention("silent", language)})


def shown_as_recorded(one: Mapping[str, Any], language: str) -> Mapping[str, Any]:
    """Return an answer in plain data, as the ledger keeps it, as it may be shown."""
    if not one.get("silent") or one["abstention"] is not None:
        return one
    hidden = dict.fromkeys(name for name in NOT_SHOWN if name in one)
    return {**one, **hidden, "abstention": abstention("silent", language).model_dump()}
