"""Counters for ``/metrics``: how many, how fast, of what kind. No patient's value is a label.

prometheus_client decides when it is imported whether several processes share their counters, so it
is imported only once the server has said where.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import Counter, Histogram

_SECONDS = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0)


@dataclass(frozen=True)
class Measures:
    """The counters of this process."""

    seconds: "Histogram"
    answers: "Counter"
    abstentions: "Counter"
    refusals: "Counter"


@cache
def measures() -> Measures:
    """Return the counters, made once a process."""
    from prometheus_client import Counter, Histogram

    return Measures(
        seconds=Histogram(
            "vigicell_answer_seconds", "From a request's body to its recorded answer.",
            buckets=_SECONDS,
        ),
        answers=Counter(
            "vigicell_answers", "Questions answered, by tier.", ["question", "tier"]
        ),
        abstentions=Counter(
            "vigicell_abstentions", "Questions not answered, by reason.", ["question", "reason"]
        ),
        refusals=Counter("vigicell_refusals", "Requests refused, by kind of error.", ["kind"]),
    )  # fmt: skip
