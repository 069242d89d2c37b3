"""The desk: a request in, a recorded answer out."""

import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from time import perf_counter

from features.sources.records.site_mapping import SiteMapping
from models.release import Release
from serving.bedside import Bedside
from serving.bedside_replies import MonitoringPlan
from serving.course_reading import course_so_far, read_request
from serving.ledger import Entry, Kind, Ledger
from serving.measures import count_answers, count_release, measures
from serving.messages import GradeRequest, RiskRequest, StandingRequest
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
from serving.silence import shown
from serving.standing import Decision, Standing
from serving.words import TOP_TIER, action, not_covered


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
    limits : Path, optional
        Where the reports on the limits of silent models lie.

    Raises
    ------
    SettingsError
        Where the site's plan asks for less than a plan may.
    LedgerError
        When it cannot be read which models are live.
    """

    def __init__(
        self,
        release: Release | None,
        ledger: Ledger,
        *,
        demo: bool = False,
        site: SiteMapping | None = None,
        plan: SitePlan | None = None,
        limits: Path | None = None,
    ) -> None:
        self.ledger = ledger
        self.demo = demo
        self.site = site or SiteMapping()
        self.refused: str | None = None
        self._limits = limits
        self._plan = Plan(plan)
        self.standing = Standing(ledger)
        self._panel = Panel(release, self.standing, demo=demo)
        count_release(None, self._panel.version)

    @property
    def panel(self) -> Panel:
        """The models that answer now; who asks twice in one answer keeps the first."""
        return self._panel

    def swap(self, release: Release | None) -> None:
        """Let another release answer from the next request on; who is being answered keeps his."""
        before = self._panel.version
        self._panel = Panel(release, self.standing, demo=self.demo)
        self.refused = None
        count_release(before, self._panel.version)

    def refuse(self, why: str) -> None:
        """Say why a newer release is not loaded; the old one goes on answering."""
        self.refused = why
        measures().refused_releases.inc()

    def answer(self, body: bytes, language: str = "en") -> bytes:
        """Answer one request; the answer is on the disk before it is returned.

        Raises
        ------
        RequestProblem
            For a body that cannot be answered, by path and without its values.
        LedgerError
            When the answer could not be recorded; then it is not given.
        """
        started, panel = perf_counter(), self._panel
        request = read_request(body, RiskRequest)
        bedside = Bedside(course_so_far(request, self.site), language)
        answers = panel.answers(request.questions, bedside)
        predictors = panel.predictors(bedside, answers)
        seen = [shown(one, language) for one in answers]
        reply = self._reply(secrets.token_urlsafe(16), panel, bedside, seen)
        made = reply.model_dump_json().encode()
        recorded = made
        if any(one is not other for one, other in zip(seen, answers, strict=True)):
            recorded = reply.model_copy(update={"answers": answers}).model_dump_json().encode()
        self.record([Entry(reply.ledger_id, panel.version, body, predictors, recorded)])
        count_answers(seen, panel, bedside)
        measures().seconds.observe(perf_counter() - started)
        return made

    def grade(self, body: bytes, language: str = "en") -> bytes:
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
        self.record([Entry(entry_id, self._panel.version, body, b"", made, kind=Kind.GRADE)])
        measures().seconds.observe(perf_counter() - started)
        return made

    def record(self, entries: Iterable[Entry]) -> None:
        """Write entries into the ledger, all or none.

        Raises
        ------
        LedgerError
            When they could not be written.
        """
        started = perf_counter()
        self.ledger.append(*entries)
        measures().ledger_seconds.observe(perf_counter() - started)

    def decide(self, standing: str, question: str, asked: StandingRequest) -> Decision:
        """Turn the model of a question on or off.

        Raises
        ------
        RequestProblem
            Where there is no such model, or it may not be turned on.
        LedgerError
            When the decision could not be recorded; then it does not hold.
        """
        model = self._panel.model_to_decide(question, asked.model)
        return self.standing.decide(
            standing, question=question, model=model, release=self._panel.version,
            who=asked.who, why=asked.why,
        )  # fmt: skip

    def facts(self) -> ReleaseFacts:
        """Return what is loaded, for ``GET /v1/model``."""
        return self._panel.facts(self._limits, self.refused)

    def questions(self) -> list[Asked]:
        """Return the questions that can be asked by name, in words."""
        return self._panel.questions()

    def ready(self) -> bool:
        """Whether a request could be answered and recorded now.

        Grades and scores need no model, so a service without one is ready; what it abstains from,
        ``GET /v1/model`` says.
        """
        return self.ledger.writable()

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()

    def _reply(
        self, entry_id: str, panel: Panel, bedside: Bedside, answers: Sequence[QuestionAnswer]
    ) -> RiskAnswer:
        course, language = bedside.course, bedside.language
        watch = _watch(bedside, answers)
        return RiskAnswer.model_construct(
            ledger_id=entry_id,
            language=language,
            demonstration=self.demo,
            synthetic_notice=say("said.synthetic", language) if panel.synthetic else None,
            release=panel.version,
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
            return self._plan.told("lowest", because, bedside.course, language)
        level = level_of(watch.rank, watch.of)
        return self._plan.told(level, watch.because, bedside.course, language)


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
