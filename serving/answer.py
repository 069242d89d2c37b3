"""The desk: a request in, a recorded answer out."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from features.sources.records.site_mapping import SiteMapping
from models.release import Release
from serving.bedside import Bedside
from serving.bedside_replies import MonitoringPlan
from serving.course_reading import course_so_far, read_request
from serving.ledger import Entry, Kind, Ledger
from serving.measures import measures
from serving.messages import GradeRequest, RiskRequest
from serving.monitoring_plan import Plan, SitePlan, level_of
from serving.notices import course_notices
from serving.panel import Panel
from serving.replies import (
    Asked,
    GradeAnswer,
    QuestionAnswer,
    ReleaseFacts,
    RiskAnswer,
    Tier,
)
from serving.sentences import say
from serving.words import TOP_TIER, action, not_covered


@dataclass(frozen=True, slots=True)
class Prepared:
    """An answer before it is recorded.

    Attributes
    ----------
    entry : Entry
        As it is to be recorded.
    reply : RiskAnswer
        As it may be shown.
    shown : bytes
        The same as JSON.
    bedside : Bedside
        The course that was read.
    started : float
        When the work began, for the measures.
    """

    entry: Entry
    reply: RiskAnswer
    shown: bytes
    bedside: Bedside
    started: float


class Desk:
    """Answers requests with the models of one release; writes every answer into the ledger.

    Parameters
    ----------
    release : Release or None
        Without one every question is abstained from; grades and scores need none.
    ledger : Ledger
    demo : bool
        Whether models fitted to synthetic courses may answer.
    site : SiteMapping, optional
        How this site writes units and answers; the file that its imports read.
    plan : SitePlan, optional
        The rows of the monitoring plan that this site has put in place of ours, and who signed.

    Raises
    ------
    SettingsError
        Where the site's plan asks for less than a plan may.
    """

    def __init__(
        self,
        release: Release | None,
        ledger: Ledger,
        *,
        demo: bool = False,
        site: SiteMapping | None = None,
        plan: SitePlan | None = None,
    ) -> None:
        self.ledger = ledger
        self._demo = demo
        self.site = site or SiteMapping()
        self.plan = Plan(plan)
        self.panel = Panel(release, demo=demo)

    def answer(self, body: bytes, language: str = "en", who: str = "") -> bytes:
        """Answer one request; the answer is on the disk before it is returned.

        Parameters
        ----------
        who : str
            Who asks, for the ledger.

        Raises
        ------
        RequestProblem
            For a body that cannot be answered, by path and without its values.
        LedgerError
            When the answer could not be recorded; then it is not given.
        """
        return self.give(self.prepared(body, language, who=who))

    def prepared(
        self, body: bytes, language: str = "en", *, subject: str = "", who: str = ""
    ) -> Prepared:
        """Make an answer that is not recorded yet, and therefore not to be shown.

        Parameters
        ----------
        subject : str
            Service id of the course, where it has one.
        who : str
            Who asks.

        Raises
        ------
        RequestProblem
            As :meth:`answer` does.
        """
        started = perf_counter()
        request = read_request(body, RiskRequest)
        bedside = Bedside(course_so_far(request, self.site), language)
        answers = self.panel.answers(request.questions, bedside)
        reply = self._reply(secrets.token_urlsafe(16), bedside, answers)
        made = reply.model_dump_json().encode()
        predictors = self.panel.predictors(bedside, answers)
        entry = Entry(
            reply.ledger_id, self.panel.version, body, predictors, made, subject=subject, who=who
        )
        return Prepared(entry, reply, made, bedside, started)

    def give(self, one: Prepared, *before: Entry) -> bytes:
        """Record an answer, behind other entries or alone, and return it.

        Raises
        ------
        LedgerError
            When it could not be recorded; then it is not given, and nothing else is recorded.
        """
        self.ledger.append(*before, one.entry)
        _count(one.reply.answers, perf_counter() - one.started)
        return one.shown

    def grade(self, body: bytes, language: str = "en", who: str = "") -> bytes:
        """Grade and score one course, without any model; recorded like an answer.

        Raises
        ------
        RequestProblem, LedgerError
            As :meth:`answer` does.
        """
        started = perf_counter()
        request = read_request(body, GradeRequest)
        bedside = Bedside(course_so_far(request, self.site), language)
        entry_id = secrets.token_urlsafe(16)
        made = _grades(entry_id, bedside).model_dump_json().encode()
        self.ledger.append(
            Entry(entry_id, self.panel.version, body, b"", made, kind=Kind.GRADE, who=who)
        )
        measures().seconds.observe(perf_counter() - started)
        return made

    def facts(self) -> ReleaseFacts:
        """Return what is loaded, for ``GET /v1/model``."""
        return self.panel.facts()

    def questions(self) -> list[Asked]:
        """Return the questions that can be asked by name, in words."""
        return self.panel.questions()

    def ready(self) -> bool:
        """Whether an answer could be given and recorded now."""
        return self.panel.can_answer() and self.ledger.writable()

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()

    def _reply(
        self, entry_id: str, bedside: Bedside, answers: Sequence[QuestionAnswer]
    ) -> RiskAnswer:
        course, language = bedside.course, bedside.language
        watch = _watch(bedside, answers)
        return RiskAnswer.model_construct(
            ledger_id=entry_id,
            language=language,
            demonstration=self._demo,
            synthetic_notice=say("said.synthetic", language) if self.panel.synthetic else None,
            release=self.panel.version,
            product=course.product.name if course.product else None,
            landmark_day=course.landmark,
            watch=watch,
            monitoring=self._monitoring(bedside, watch),
            grades=bedside.graded.grades,
            scores=bedside.graded.scores,
            not_shown=bedside.graded.not_shown,
            answers=list(answers),
            notices=course_notices(bedside),
            not_covered=not_covered(language),
            caution=say("said.caution", language),
        )

    def _monitoring(self, bedside: Bedside, watch: Tier | None) -> MonitoringPlan:
        language = bedside.language
        if watch is None:
            because = say("plan.base", language)
            return self.plan.told("lowest", because, bedside.course, language)
        level = level_of(watch.rank, watch.of)
        return self.plan.told(level, watch.because, bedside.course, language)


def _grades(entry_id: str, bedside: Bedside) -> GradeAnswer:
    course, language = bedside.course, bedside.language
    return GradeAnswer.model_construct(
        ledger_id=entry_id,
        language=language,
        product=course.product.name if course.product else None,
        landmark_day=course.landmark,
        watch=_watch(bedside, ()),
        grades=bedside.graded.grades,
        scores=bedside.graded.scores,
        not_shown=bedside.graded.not_shown,
        notices=course_notices(bedside),
        not_covered=not_covered(language),
        caution=say("said.caution", language),
    )


def _watch(bedside: Bedside, answers: Sequence[QuestionAnswer]) -> Tier | None:
    """Return the highest tier; a current grade that demands it needs no model."""
    tiers = [one.tier for one in answers if one.tier is not None]
    if tiers:
        return max(tiers, key=lambda one: (one.rank == one.of, one.rank / one.of))
    if not bedside.raised_by:
        return None
    words = action(1, 1, bedside.language)
    return Tier(
        name=TOP_TIER, rank=1, of=1, action=words.text, source=words.source,
        because=bedside.raised_by,
    )  # fmt: skip


def _count(answers: Sequence[QuestionAnswer], seconds: float) -> None:
    counters = measures()
    counters.seconds.observe(seconds)
    for one in answers:
        if one.abstention is not None:
            counters.abstentions.labels(one.question.name, one.abstention.reason).inc()
        elif one.tier is not None:
            counters.answers.labels(one.question.name, one.tier.name).inc()
