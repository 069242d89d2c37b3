"""The desk: a request in, a recorded answer out."""

import secrets
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

import pydantic_core

from features.errors import NotAssessable
from features.questions import QUESTIONS, Question
from features.sources.records.site_mapping import SiteMapping
from models.release import Release
from serving.bedside import Bedside
from serving.course import CourseSoFar
from serving.course_reading import course_so_far, read_request
from serving.errors import RequestProblem
from serving.estimate import Estimator, asked_words, refusal
from serving.ledger import Entry, Ledger
from serving.measures import measures
from serving.messages import Problem, RiskRequest
from serving.notices import course_notices, model_notices
from serving.replies import (
    Abstention,
    Asked,
    ModelFacts,
    QuestionAnswer,
    ReleaseFacts,
    RiskAnswer,
    Tier,
)
from serving.words import CAUTION, NOT_COVERED, SYNTHETIC_NOTICE, TOP_TIER, action

ALWAYS_ASKED = ("severe-crs-30d", "severe-crs-72h", "severe-icans-30d", "severe-icans-72h")
_SILENT = (
    "The model was fitted to synthetic courses and answers in demonstration mode only "
    "(`python -m serving serve --demo`)."
)
_NO_RELEASE = (
    "No release is loaded. Make one with `python -m training export`, or name one in "
    "VIGICELL_RELEASE."
)
_NO_MODEL = "The release holds no model for this question."


class Desk:
    """Answers requests with the models of one release; writes every answer into the ledger.

    Parameters
    ----------
    release : Release or None
        Without one every question is abstained from.
    ledger : Ledger
    demo : bool
        Whether models fitted to synthetic courses may answer.
    site : SiteMapping, optional
        How this site writes units and answers; the file that its imports read.
    """

    def __init__(
        self,
        release: Release | None,
        ledger: Ledger,
        *,
        demo: bool = False,
        site: SiteMapping | None = None,
    ) -> None:
        self._ledger = ledger
        self._demo = demo
        self._site = site or SiteMapping()
        self._release = release
        self._estimators: Mapping[str, Estimator] = (
            {}
            if release is None
            else {
                name: Estimator(model, release.record.facts.get(name))
                for name, model in release.models.items()
            }
        )

    def answer(self, body: bytes, language: str = "en") -> bytes:
        """Answer one request; the answer is on the disk before it is returned.

        Raises
        ------
        RequestProblem
            For a body that cannot be answered, by path and without its values.
        LedgerError
            When the answer could not be recorded; then it is not given.
        """
        started = perf_counter()
        request = read_request(body)
        bedside = Bedside(course_so_far(request, self._site), language)
        entry_id = secrets.token_urlsafe(16)
        answers = [self._one(one, bedside) for one in self._asked(request)]
        made = self._reply(entry_id, bedside, answers).model_dump_json().encode()
        self._ledger.append(
            Entry(entry_id, self._version, body, self._predictors(bedside, answers), made)
        )
        _count(answers, perf_counter() - started)
        return made

    def facts(self) -> ReleaseFacts:
        """Return what is loaded, for ``GET /v1/model``."""
        return ReleaseFacts(
            release=self._version,
            loaded=self._release is not None,
            demonstration=self._demo,
            record={} if self._release is None else _record_of(self._release),
            models=[
                ModelFacts(
                    question=asked_words(one.model.question),
                    model=one.name(),
                    serves=self._serves(one),
                    silent_because=None if self._serves(one) else _SILENT,
                    predictors=list(one.names),
                    tiers=[] if one.model.tiers is None else one.model.tiers.to_json()["tiers"],
                    facts=dict(one.model.manifest),
                    judged=one.judged,
                )
                for one in self._estimators.values()
            ],
        )

    def questions(self) -> list[Asked]:
        """Return the questions that can be asked by name, in words."""
        return [asked_words(one) for one in self._known().values()]

    def ready(self) -> bool:
        """Whether an answer could be given and recorded now."""
        return any(map(self._serves, self._estimators.values())) and self._ledger.writable()

    def close(self) -> None:
        """Close the ledger."""
        self._ledger.close()

    @property
    def _version(self) -> str:
        return "" if self._release is None else self._release.digest

    def _serves(self, one: Estimator) -> bool:
        return self._demo or not one.model.synthetic

    def _known(self) -> dict[str, Question]:
        own = {name: one.model.question for name, one in self._estimators.items()}
        return {**QUESTIONS, **own}

    def _asked(self, request: RiskRequest) -> list[Question]:
        known = self._known()
        names = request.questions
        if names is None:
            names = list(self._estimators or ALWAYS_ASKED)
        problems = [
            Problem(
                path=f"questions[{index}]",
                problem="is no question",
                legal=", ".join(known),
                what_to_do="Name one of them, or leave questions out.",
            )
            for index, name in enumerate(names)
            if name not in known
        ]
        if problems:
            raise RequestProblem(problems)
        return [known[name] for name in dict.fromkeys(names)]

    def _one(self, one: Question, bedside: Bedside) -> QuestionAnswer:
        estimator = self._estimators.get(one.name)
        if estimator is None:
            found = (
                Abstention(reason="no_release", text=_NO_RELEASE)
                if self._release is None
                else Abstention(reason="no_model", text=_NO_MODEL)
            )
            return _abstained(one, bedside.course, found)
        objection = refusal(
            bedside.course, one, answers=self._serves(estimator), silent_because=_SILENT
        )
        if objection is not None:
            return _abstained(one, bedside.course, objection, estimator)
        try:
            return estimator.answer(bedside)
        except NotAssessable as reason:
            found = Abstention(reason="not_assessable", text=str(reason))
            return _abstained(one, bedside.course, found, estimator)

    def _reply(
        self, entry_id: str, bedside: Bedside, answers: Sequence[QuestionAnswer]
    ) -> RiskAnswer:
        course = bedside.course
        synthetic = any(one.model.synthetic for one in self._estimators.values())
        return RiskAnswer(
            ledger_id=entry_id,
            demonstration=self._demo,
            synthetic_notice=SYNTHETIC_NOTICE if synthetic else None,
            release=self._version,
            product=course.product.name if course.product else None,
            landmark_day=course.landmark,
            watch=_watch(bedside, answers),
            answers=list(answers),
            notices=course_notices(bedside),
            not_covered=list(NOT_COVERED),
            caution=CAUTION,
        )

    def _predictors(self, bedside: Bedside, answers: Sequence[QuestionAnswer]) -> bytes:
        read = {
            one.question.name: self._estimators[one.question.name].row(bedside)[0].tolist()
            for one in answers
            if one.abstention is None
        }
        return pydantic_core.to_json(read, inf_nan_mode="null")


def _abstained(
    one: Question, course: CourseSoFar, why: Abstention, estimator: Estimator | None = None
) -> QuestionAnswer:
    return QuestionAnswer(
        question=asked_words(one, course.landmark, course.resolution),
        abstention=why,
        notices=[] if estimator is None else list(model_notices(estimator)),
        model=None if estimator is None else estimator.name(),
    )


def _watch(bedside: Bedside, answers: Sequence[QuestionAnswer]) -> Tier | None:
    """Return the highest tier; a current grade that demands it needs no model."""
    tiers = [one.tier for one in answers if one.tier is not None]
    if tiers:
        return max(tiers, key=lambda one: (one.rank == one.of, one.rank / one.of))
    if not bedside.raised_by:
        return None
    words = action(1, 1)
    return Tier(
        name=TOP_TIER, rank=1, of=1, action=words.text, source=words.source,
        because=bedside.raised_by,
    )  # fmt: skip


def _record_of(release: Release) -> dict[str, Any]:
    one = release.record
    return {"who": one.who, "why": one.why, "when": one.when, "previous": one.previous}


def _count(answers: Sequence[QuestionAnswer], seconds: float) -> None:
    counters = measures()
    counters.seconds.observe(seconds)
    for one in answers:
        if one.abstention is not None:
            counters.abstentions.labels(one.question.name, one.abstention.reason).inc()
        elif one.tier is not None:
            counters.answers.labels(one.question.name, one.tier.name).inc()
