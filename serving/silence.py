"""What of a silent answer is shown: that it was recorded, never the estimate."""

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
