"""The desk: a request in, a recorded answer out."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from features.sources.records.site_mapping import SiteMapping
from models.release import Release
from serving.bedside import Bedside
from serving.course_reading import course_so_far, read_request
from serving.ledger import Entry, Kind, Ledger
from serving.measures import count_answers, count_release, measures
from serving.messages import GradeRequest, RiskRequest, StandingRequest
from serving.monitoring_plan import Plan, SitePlan
from serving.panel import Panel
from serving.persons import who_acts
from serving.replies import Asked, ReleaseFacts, RiskAnswer
from serving.silence import shown
from serving.standing import Decision, Standing
from serving.whole_answer import whole_answer, whole_grading


@dataclass(frozen=True, slots=True)
class Prepared:
    """An answer before it is recorded.

    Attributes
    ----------
    entry : Entry
        As it is to be recorded: what silent models say as well.
    reply : RiskAnswer
        As it may be shown: without what silent models say.
    shown : bytes
        The same as JSON.
    bedside : Bedside
        The course that was read.
    panel : Panel
        The models that were asked.
    started : float
        When the work began, for the measures.
    """

    entry: Entry
    reply: RiskAnswer
    shown: bytes
    bedside: Bedside
    panel: Panel
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
        self.plan = Plan(plan)
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
        started, panel = perf_counter(), self._panel
        request = read_request(body, RiskRequest)
        bedside = Bedside(course_so_far(request, self.site), language)
        answers = panel.answers(request.questions, bedside)
        predictors = panel.predictors(bedside, answers)
        seen = [shown(one, language) for one in answers]
        reply = whole_answer(
            secrets.token_urlsafe(16), panel, bedside, seen, plan=self.plan, demo=self.demo
        )
        made = reply.model_dump_json().encode()
        recorded = made
        if any(one is not other for one, other in zip(seen, answers, strict=True)):
            recorded = reply.model_copy(update={"answers": answers}).model_dump_json().encode()
        entry = Entry(
            reply.ledger_id, panel.version, body, predictors, recorded, subject=subject, who=who
        )
        return Prepared(entry, reply, made, bedside, panel, started)

    def give(self, one: Prepared, *before: Entry) -> bytes:
        """Record an answer, behind other entries or alone, and return it.

        Raises
        ------
        LedgerError
            When it could not be recorded; then it is not given, and nothing else is recorded.
        """
        self.record([*before, one.entry])
        count_answers(one.reply.answers, one.panel, one.bedside)
        measures().seconds.observe(perf_counter() - one.started)
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
        made = whole_grading(entry_id, bedside).model_dump_json().encode()
        version = self._panel.version
        self.record([Entry(entry_id, version, body, b"", made, kind=Kind.GRADE, who=who)])
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

    def decide(
        self, standing: str, question: str, asked: StandingRequest, caller: str = ""
    ) -> Decision:
        """Turn the model of a question on or off.

        Parameters
        ----------
        caller : str
            Who was let in to decide.

        Raises
        ------
        RequestProblem
            Where there is no such model, it may not be turned on, or nobody is named.
        LedgerError
            When the decision could not be recorded; then it does not hold.
        """
        panel, who = self._panel, who_acts(asked.who, caller)
        model = panel.model_to_decide(question, asked.model)
        return self.standing.decide(
            standing, question=question, model=model, release=panel.version,
            who=who, named=asked.who, why=asked.why,
        )  # fmt: skip

    def shows(self, model: str, *, synthetic: bool) -> bool:
        """Whether what a model says may be shown now, by its digest; of any release."""
        return self.demo if synthetic else self.standing.is_live(model)

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
