"""Counters for ``/metrics``: how many, how fast, of what kind. No patient's value is a label.

prometheus_client decides when it is imported whether several processes share their counters, so it
is imported only once the server has said where.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import Counter, Gauge, Histogram

    from serving.bedside import Bedside
    from serving.panel import Panel
    from serving.replies import QuestionAnswer

_SECONDS = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0)
_HOURS = (1, 3, 6, 12, 24, 48, 72, 168, 720)
_COUNTS = (0, 1, 2, 5, 10, 20, 50)
_SHORT_DIGEST = 16


@dataclass(frozen=True)
class Measures:
    """The counters of this process."""

    seconds: "Histogram"
    ledger_seconds: "Histogram"
    answers: "Counter"
    silent: "Counter"
    abstentions: "Counter"
    refusals: "Counter"
    unit_failures: "Counter"
    batch_lines: "Counter"
    oldest_input: "Histogram"
    missing_inputs: "Histogram"
    release: "Gauge"
    refused_releases: "Counter"


@cache
def measures() -> Measures:
    """Return the counters, made once a process."""
    from prometheus_client import Counter, Gauge, Histogram

    return Measures(
        seconds=Histogram(
            "vigicell_answer_seconds", "From a request's body to its recorded answer.",
            buckets=_SECONDS,
        ),
        ledger_seconds=Histogram(
            "vigicell_ledger_seconds", "Until entries were on the disk.", buckets=_SECONDS
        ),
        answers=Counter(
            "vigicell_answers", "Questions answered, by tier.", ["question", "tier"]
        ),
        silent=Counter(
            "vigicell_silent_answers", "Answers recorded and not shown.", ["question"]
        ),
        abstentions=Counter(
            "vigicell_abstentions", "Questions not answered, by reason.", ["question", "reason"]
        ),
        refusals=Counter("vigicell_refusals", "Requests refused, by kind of error.", ["kind"]),
        unit_failures=Counter(
            "vigicell_unit_failures", "Values refused for their unit, by what was wrong.", ["kind"]
        ),
        batch_lines=Counter("vigicell_batch_lines", "Lines of batches.", ["outcome"]),
        oldest_input=Histogram(
            "vigicell_oldest_input_hours", "Age of the oldest last reading that a model read.",
            ["question"], buckets=_HOURS,
        ),
        missing_inputs=Histogram(
            "vigicell_missing_inputs", "Inputs that a model reads and that were not given.",
            ["question"], buckets=_COUNTS,
        ),
        release=Gauge(
            "vigicell_release_info", "1 for the release that answers, by its digest.", ["release"],
            multiprocess_mode="livemax",
        ),
        refused_releases=Counter(
            "vigicell_release_refusals", "Newer releases that could not be loaded."
        ),
    )  # fmt: skip


def exposed() -> tuple[bytes, str]:
    """Return the counters of all workers in Prometheus' own text, and its content type."""
    import prometheus_client
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = prometheus_client.REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = prometheus_client.CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # theirs is untyped
    return prometheus_client.generate_latest(registry), prometheus_client.CONTENT_TYPE_LATEST


def count_release(before: str | None, digest: str) -> None:
    """Say which release answers, and that the one before it does not any more."""
    gauge = measures().release
    if before is not None:
        gauge.labels(before[:_SHORT_DIGEST] or "none").set(0)
    gauge.labels(digest[:_SHORT_DIGEST] or "none").set(1)


def count_answers(answers: "Sequence[QuestionAnswer]", panel: "Panel", bedside: "Bedside") -> None:
    """Count the answers to one course, as they were shown."""
    counters = measures()
    for one in answers:
        name = one.question.name
        if one.silent:
            counters.silent.labels(name).inc()
        elif one.abstention is not None:
            counters.abstentions.labels(name, one.abstention.reason).inc()
        elif one.tier is not None:
            counters.answers.labels(name, one.tier.name).inc()
        if one.probability is not None:
            _count_inputs(name, panel.estimators[name].inputs, bedside)


def count_unit_failures(problems: Sequence[tuple[str, str]]) -> None:
    """Count what was refused for its unit, from path and problem; nothing of either is kept."""
    counters = measures()
    for path, problem in problems:
        if path.endswith(".unit"):
            counters.unit_failures.labels("unit").inc()
        elif path.endswith(".value") and "in its unit" in problem:
            kind = "impossible" if "impossible" in problem else "fits_another_unit"
            counters.unit_failures.labels(kind).inc()


def _count_inputs(question: str, inputs: Sequence[str], bedside: "Bedside") -> None:
    counters, latest = measures(), bedside.latest
    days = [latest[name].day for name in inputs if name in latest]
    counters.missing_inputs.labels(question).observe(len(inputs) - len(days))
    if days:
        counters.oldest_input.labels(question).observe(24.0 * (bedside.course.landmark - min(days)))
