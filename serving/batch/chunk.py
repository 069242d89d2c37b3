"""One chunk of lines: read, computed together, recorded in one commit, and then answered."""

import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, NamedTuple

import pydantic_core

from features.errors import LedgerError, VigiCellError
from features.questions import Question
from serving.answer import Desk
from serving.batch.estimates import ESTIMATE, Told, estimates, model_told, nothing_told
from serving.batch.together import bedsides_of
from serving.bedside import Bedside
from serving.course import CourseSoFar
from serving.course_reading import course_so_far, read_request
from serving.errors import BodyTooLarge
from serving.estimate import abstention
from serving.ledger import Entry
from serving.measures import measures
from serving.messages import ErrorBody, RiskRequest
from serving.notices import found_of_course
from serving.panel import Panel
from serving.sentences import say
from serving.words import NOT_COVERED, TOP_TIER

Tell = Callable[[Exception], ErrorBody]


class Line(NamedTuple):
    """One line as it came; no text where it was longer than the limit."""

    number: int
    text: bytes | None


@dataclass(slots=True)
class _Asked:
    """One line that could be read."""

    line: Line
    course: CourseSoFar
    questions: dict[str, Question]
    answer: Told = field(default_factory=dict)  # the whole of it; estimates of silent models too
    predictors: bytes = b""


class Chunk:
    """Answers lines together.

    Parameters
    ----------
    desk : Desk
    language : str
        Of the few sentences and of the abstentions.
    line_limit_bytes : int
        What a line may have; told to who sent a longer one.
    tell : callable
        Counts an error, logs it where it is unexpected, and puts it in words.
    """

    def __init__(self, desk: Desk, language: str, line_limit_bytes: int, tell: Tell) -> None:
        self._desk = desk
        self._panel: Panel = desk.panel  # one release answers the whole chunk
        self._language = language
        self._limit = line_limit_bytes
        self._tell = tell

    def answered(self, lines: Sequence[Line]) -> list[bytes]:
        """Return a line for each, in order; what is answered is on the disk."""
        started = perf_counter()
        told: dict[int, Told] = {}
        asked: list[_Asked] = []
        for line in lines:
            try:
                asked.append(self._read(line))
            except Exception as problem:
                told[line.number] = self._refused(problem)
        for one in self._computed(asked, told):
            told[one.line.number] = self._seen(one.answer)
        outcomes = measures().batch_lines
        refused = sum(one.get("error") is not None for one in told.values())
        outcomes.labels("refused").inc(refused)
        outcomes.labels("answered").inc(len(told) - refused)
        measures().seconds.observe((perf_counter() - started) / max(1, len(lines)))
        return [
            pydantic_core.to_json({"line": one.number, **told[one.number]}, inf_nan_mode="null")
            + b"\n"
            for one in lines
        ]

    def _refused(self, problem: Exception) -> Told:
        return {"error": self._tell(problem).model_dump()}

    def _read(self, line: Line) -> _Asked:
        if line.text is None:
            raise BodyTooLarge(
                f"The line is longer than {self._limit} bytes. Send a course in fewer rows."
            )
        request = read_request(line.text, RiskRequest)
        questions = {one.name: one for one in self._panel.asked(request.questions)}
        return _Asked(line, course_so_far(request, self._desk.site), questions)

    def _computed(self, asked: Sequence[_Asked], told: dict[int, Told]) -> Sequence[_Asked]:
        """Compute and record; what could not be stands in `told` with its reason."""
        if not asked:
            return asked
        try:
            self._compute(asked)
            self._desk.record(self._entry(one) for one in asked)
        except VigiCellError as problem:
            if not isinstance(problem, LedgerError):
                return self._singly(asked, told, problem)
            why = self._refused(problem)
            told.update({one.line.number: why for one in asked})
            return []
        except Exception as problem:
            return self._singly(asked, told, problem)
        _count([answer for one in asked for answer in one.answer["answers"]])
        return asked

    def _singly(
        self, asked: Sequence[_Asked], told: dict[int, Told], problem: Exception
    ) -> Sequence[_Asked]:
        """One line is not another's failure."""
        if len(asked) == 1:
            told[asked[0].line.number] = self._refused(problem)
            return []
        return [found for one in asked for found in self._computed([one], told)]

    def _compute(self, asked: Sequence[_Asked]) -> None:
        panel = self._panel
        names = {name for each in asked for name in each.questions}
        models = [one for name, one in panel.estimators.items() if name in names]
        answering = [one for one in models if panel.may_answer(one)]
        bedsides = bedsides_of([one.course for one in asked], answering, self._language)
        answers: list[dict[str, Told]] = [{} for _ in asked]
        for name in names:
            self._ask(name, asked, bedsides, answers)
        for one, bedside, made in zip(asked, bedsides, answers, strict=True):
            in_order = [made[name] for name in one.questions]
            one.answer = self._whole(bedside, in_order)
            one.predictors = self._predictors(bedside, in_order)

    def _ask(
        self,
        name: str,
        asked: Sequence[_Asked],
        bedsides: Sequence[Bedside],
        answers: list[dict[str, Told]],
    ) -> None:
        """Put the answers to one question where it was asked."""
        estimator, open_rows = self._panel.estimators.get(name), []
        for at, one in enumerate(asked):
            if (question := one.questions.get(name)) is None:
                continue
            objection = self._panel.objection(question, bedsides[at])
            if objection is None:
                open_rows.append(at)
            else:
                model = None if estimator is None else model_told(estimator, bedsides[at])
                answers[at][name] = nothing_told(name, objection.model_dump(), model)
        if estimator is None:
            return
        made = estimates(estimator, [bedsides[at] for at in open_rows]) if open_rows else []
        for at, estimate in zip(open_rows, made, strict=True):
            answers[at][name] = estimate
        silent = self._panel.standing_of(estimator) == "silent"
        for each in answers:
            if name in each:
                each[name]["silent"] = silent

    def _whole(self, bedside: Bedside, answers: list[Told]) -> Told:
        course, language, panel = bedside.course, self._language, self._panel
        return {
            "error": None,
            "ledger_id": secrets.token_urlsafe(16),
            "language": language,
            "demonstration": self._desk.demo,
            "synthetic_notice": say("said.synthetic", language) if panel.synthetic else None,
            "release": panel.version,
            "product": course.product.name if course.product else None,
            "landmark_day": course.landmark,
            "watch": _watch(bedside, answers),
            "answers": answers,
            "notices": [
                {"code": one.code, "inputs": list(one.inputs)} for one in found_of_course(bedside)
            ],
            "not_covered": NOT_COVERED,
            "caution": say("said.caution", language),
        }

    def _predictors(self, bedside: Bedside, answers: list[Told]) -> bytes:
        estimators = self._panel.estimators
        read = {
            one["question"]["name"]: estimators[one["question"]["name"]].row(bedside)[0].tolist()
            for one in answers
            if one["abstention"] is None
        }
        return pydantic_core.to_json(read, inf_nan_mode="null")

    def _entry(self, one: _Asked) -> Entry:
        recorded = pydantic_core.to_json(one.answer, inf_nan_mode="null")
        body = one.line.text or b""
        return Entry(one.answer["ledger_id"], self._panel.version, body, one.predictors, recorded)

    def _seen(self, answer: Told) -> Told:
        """Return an answer as it may be shown."""
        return answer | {"answers": [self._shown(one) for one in answer["answers"]]}

    def _shown(self, one: Told) -> Told:
        if not one["silent"] or one["abstention"] is not None:
            return one
        why = abstention("silent", self._language).model_dump()
        return {**one, **dict.fromkeys(ESTIMATE), "abstention": why}


def _watch(bedside: Bedside, answers: Sequence[Told]) -> dict[str, Any] | None:
    """Return the highest tier that may be shown; a current grade that demands it needs no model."""
    tiers = [one["tier"] for one in answers if one["tier"] is not None and not one["silent"]]
    if tiers:
        return max(tiers, key=lambda one: (one["rank"] == one["of"], one["rank"] / one["of"]))
    return {"name": TOP_TIER, "rank": 1, "of": 1, "raised": True} if bedside.raised_by else None


def _count(answers: Sequence[Told]) -> None:
    counters = measures()
    silent = Counter(one["question"]["name"] for one in answers if one["silent"])
    tiers = Counter(
        (one["question"]["name"], one["tier"]["name"])
        for one in answers
        if one["tier"] is not None and not one["silent"]
    )
    reasons = Counter(
        (one["question"]["name"], one["abstention"]["reason"])
        for one in answers
        if one["abstention"] is not None and not one["silent"]
    )
    for name, count in silent.items():
        counters.silent.labels(name).inc(count)
    for labels, count in tiers.items():
        counters.answers.labels(*labels).inc(count)
    for labels, count in reasons.items():
        counters.abstentions.labels(*labels).inc(count)
