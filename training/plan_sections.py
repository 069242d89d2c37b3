"""The sections of a plan, each with its defaults and what is legal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from features.errors import PlanError
from features.predictors import PredictorSet, default_predictors
from features.questions import CONVENTIONS, Question
from models.calibration import CalibrationKind
from models.growing import DEFAULT_PARAMS, TUNABLE
from training.audit import check_overrides
from training.plan_reading import plain, unknown_key

FEW_EVENT_PATIENTS = 100  # below: at most FEW_TRIALS trials, no slope in the calibrator
MANY_EVENT_PATIENTS = 200  # above: isotonic calibration
FEW_TRIALS = 20

CalibrationChoice = Literal["auto", "none", "intercept", "intercept_slope", "isotonic"]


def need(legal: bool, section: str, key: str, got: Any, rule: str) -> None:
    """Refuse a setting by section, key, what came and what is legal."""
    if not legal:
        raise PlanError(f"[{section}] {key} = {got!r}: {rule}.")


@dataclass(frozen=True)
class PredictorPlan:
    """Which columns the model may read, by the names of the feature matrix.

    What is left out (None) is as :func:`features.predictors.default_predictors` says for the
    question; `columns` names exactly these columns instead.
    """

    inputs: tuple[str, ...] | None = None
    summaries: tuple[str, ...] | None = None
    statics: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    without: tuple[str, ...] | None = None
    columns: tuple[str, ...] | None = None

    def chosen(self, asked: Question) -> PredictorSet:
        """Return the predictor set of this plan for a question."""
        own = {key: named for key, named in self.__dict__.items() if named is not None}
        return replace(default_predictors(asked), **own)


@dataclass(frozen=True)
class SearchRange:
    """Where one tree parameter is searched: low to high (whole numbers if both are), or choices."""

    low: int | float | None = None
    high: int | float | None = None
    log: bool = False
    choices: tuple[int | float | str, ...] = ()

    def __post_init__(self) -> None:
        ranged = self.low is not None and self.high is not None
        need(
            ranged != bool(self.choices), "trees", "search", plain(self), "low and high, or choices"
        )
        if self.low is not None and self.high is not None:
            need(self.low <= self.high, "trees", "search", plain(self), "low is at most high")
            need(not self.log or self.low > 0, "trees", "search", plain(self), "log needs low > 0")

    def holds(self, start: Any) -> bool:
        """Whether a setting lies inside."""
        if self.choices:
            return start in self.choices
        number = isinstance(start, int | float)
        return (
            number
            and self.low is not None
            and self.high is not None
            and self.low <= start <= self.high
        )


DEFAULT_SEARCH: dict[str, SearchRange] = {
    "learning_rate": SearchRange(0.05, 0.3, log=True),
    "max_depth": SearchRange(1, 4),
    "min_child_weight": SearchRange(1.0, 30.0, log=True),
    "subsample": SearchRange(0.5, 1.0),
    "colsample_bytree": SearchRange(0.2, 1.0),
    "reg_lambda": SearchRange(1.0, 100.0, log=True),
}


@dataclass(frozen=True)
class TreePlan:
    """The trees on the residual of the linear margin.

    `predictors` empty lets them read every column; `max_rounds` 0 leaves them out. `increasing`
    lists columns with which the risk may not fall.
    """

    max_rounds: int = 150
    stop_after: int = 15
    predictors: tuple[str, ...] = ()
    increasing: tuple[str, ...] = ()
    defaults: Mapping[str, int | float | str] = field(default_factory=lambda: dict(DEFAULT_PARAMS))
    search: Mapping[str, SearchRange] = field(default_factory=lambda: dict(DEFAULT_SEARCH))

    def __post_init__(self) -> None:
        need(0 <= self.max_rounds <= 5000, "trees", "max_rounds", self.max_rounds, "0 to 5000")
        need(self.stop_after >= 1, "trees", "stop_after", self.stop_after, "at least 1")
        for table, named in (("defaults", self.defaults), ("search", self.search)):
            for key in named:
                if key not in TUNABLE:
                    raise PlanError(unknown_key(key, sorted(TUNABLE), f"[trees.{table}]"))
        for key, searched in self.search.items():
            start = self.defaults.get(key)
            rule = "a searched parameter has a default inside its range, the first to be tried"
            need(searched.holds(start), "trees.defaults", key, start, rule)


@dataclass(frozen=True)
class TuningPlan:
    """How the tree parameters are searched; 0 trials keeps the defaults.

    A training part of more than `most_rows` rows is searched on every event patient and a random
    share of the others, who then weigh as much as all of them.
    """

    trials: int = 20
    objective: Literal["log_loss"] = "log_loss"
    one_standard_error: bool = True
    timeout_seconds: float = 0.0
    most_rows: int = 5000

    def __post_init__(self) -> None:
        need(0 <= self.trials <= 10_000, "tuning", "trials", self.trials, "0 to 10000")
        need(self.most_rows >= 500, "tuning", "most_rows", self.most_rows, "at least 500")
        need(
            self.timeout_seconds >= 0,
            "tuning",
            "timeout_seconds",
            self.timeout_seconds,
            "0 or more",
        )


@dataclass(frozen=True)
class FoldPlan:
    """Nested folds by patient: outer ones judge, inner ones tune.

    `inner_repeats` draws the inner folds anew: with few events one draw chooses by chance.
    """

    outer: int = 5
    inner: int = 5
    repeats: int = 1
    inner_repeats: int = 1

    def __post_init__(self) -> None:
        need(2 <= self.outer <= 50, "folds", "outer", self.outer, "2 to 50")
        need(2 <= self.inner <= 50, "folds", "inner", self.inner, "2 to 50")
        need(1 <= self.repeats <= 100, "folds", "repeats", self.repeats, "1 to 100")
        need(1 <= self.inner_repeats <= 20, "folds", "inner_repeats", self.inner_repeats, "1 to 20")


@dataclass(frozen=True)
class CalibrationPlan:
    """The calibrator; "auto" lets the number of event patients decide, before any fit."""

    kind: CalibrationChoice = "auto"

    def resolved(self, event_patients: int) -> CalibrationKind:
        """Return the kind for a cohort with so many event patients."""
        if self.kind != "auto":
            return self.kind
        if event_patients < FEW_EVENT_PATIENTS:
            return "none"
        return "intercept_slope" if event_patients <= MANY_EVENT_PATIENTS else "isotonic"


@dataclass(frozen=True)
class IntervalPlan:
    """How many patient-bootstrap refits make the interval of one answer."""

    refits: int = 200

    def __post_init__(self) -> None:
        need(
            self.refits == 0 or 10 <= self.refits <= 5000,
            "interval",
            "refits",
            self.refits,
            "0, or 10 to 5000",
        )


COMPARATORS: tuple[str, ...] = (
    "current_grade",
    "grade_and_day",
    "penalised_logistic",
    "product_base_rate",
    "easix",
    "s_easix",
    "m_easix",
    "car_hematotox",
)
DAILY_COMPARATORS = (
    "current_grade",
    "grade_and_day",
    "penalised_logistic",
    "easix",
    "s_easix",
    "m_easix",
    "car_hematotox",
)
BASELINE_COMPARATORS = (
    "product_base_rate",
    "penalised_logistic",
    "easix",
    "s_easix",
    "m_easix",
    "car_hematotox",
)


@dataclass(frozen=True)
class EvaluationPlan:
    """What the fit is measured by and against, and the rule of its verdict.

    `comparators` empty takes those of the kind of question. The model is used if its log loss is
    below the best comparator's with an upper 90 % bound of the difference below `worst_difference`,
    the intervals of its calibration slope and of observed/expected hold 1, its same-day AUROC is
    not below, and at most a fifth of what it reads is known for nobody; with fewer event patients
    than `min_event_patients` the verdict is that more patients are needed.
    `conventions` are other meanings of the end of the record, for the sensitivity table.
    `learning_curve` is how often patients are drawn for each of its points; 0 leaves it out.
    `era_from_year` is the first year of the later era among the subgroups; 0 halves the patients.

    The four that begin with `subgroup` are the floors of subgroups at the gate. A group counts from
    `subgroup_min_patients` patients, `subgroup_min_event_patients` of them with the event: below
    five events a percentile interval is too short to accuse anybody (none gives 0 to 0). Refused is
    a group whose observed/expected lies outside 1/`subgroup_observed_to_expected` to
    `subgroup_observed_to_expected` (risks told at half or twice) with its whole interval, or by
    itself where it differs from 1 beyond chance after all groups that were looked at (Bonferroni
    at 5 %); or whose AUROC has an upper bound below `subgroup_auroc` (0.60: what bedside scores
    fell to in their independent check; a group surely below gains nothing from a model).
    """

    comparators: tuple[str, ...] = ()
    bootstrap: int = 1000
    conventions: tuple[str, ...] = ()
    worst_difference: float = 0.01
    min_event_patients: int = 20
    subgroup_min_patients: int = 10
    subgroup_min_event_patients: int = 5
    subgroup_observed_to_expected: float = 2.0
    subgroup_auroc: float = 0.60
    learning_curve: int = 5
    era_from_year: int = 0

    def __post_init__(self) -> None:
        self._check_subgroups()
        for section, named, legal in (
            ("comparators", self.comparators, COMPARATORS),
            ("conventions", self.conventions, tuple(CONVENTIONS)),
        ):
            for name in named:
                need(name in legal, "evaluation", section, name, f"legal are {', '.join(legal)}")
        need(
            self.bootstrap == 0 or self.bootstrap >= 50,
            "evaluation",
            "bootstrap",
            self.bootstrap,
            "0, or at least 50",
        )
        draws, year = self.learning_curve, self.era_from_year
        need(0 <= draws <= 50, "evaluation", "learning_curve", draws, "0 to 50")
        legal_year = year == 0 or 2000 <= year <= 2100
        need(legal_year, "evaluation", "era_from_year", year, "0, or a year from 2000 to 2100")

    def _check_subgroups(self) -> None:
        for key, legal, rule in (
            ("subgroup_min_patients", self.subgroup_min_patients >= 2, "at least 2"),
            ("subgroup_min_event_patients", self.subgroup_min_event_patients >= 1, "at least 1"),
            (
                "subgroup_observed_to_expected",
                self.subgroup_observed_to_expected > 1,
                "above 1; 2 allows risks from half to twice what came",
            ),
            ("subgroup_auroc", 0 <= self.subgroup_auroc <= 1, "0 to 1"),
        ):
            need(legal, "evaluation", key, getattr(self, key), rule)


TIMES_THE_AVERAGE = (0.0, 1.0, 3.0)


@dataclass(frozen=True)
class TierPlan:
    """Action levels: a lower bound of risk and a name each, and who signed them.

    Bounds belong to one question and horizon and are never copied to another. Without any, they are
    proposed from the cohort itself: once and three times the average odds of this question.
    `signed_by` empty keeps them as proposals. The first bound is 0.
    """

    names: tuple[str, ...] = ("low", "intermediate", "high")
    lower_bounds: tuple[float, ...] = ()
    signed_by: str = ""

    def __post_init__(self) -> None:
        bounds = self.lower_bounds or TIMES_THE_AVERAGE
        need(len(self.names) == len(bounds) >= 1, "tiers", "lower_bounds", bounds, "one per name")
        need(bool(self.lower_bounds or not self.signed_by), "tiers", "signed_by", self.signed_by,
             "only bounds that are written down can be signed")  # fmt: skip
        if self.lower_bounds:
            rising = bounds[0] == 0.0 and list(bounds) == sorted(set(bounds)) and bounds[-1] < 1.0
            need(rising, "tiers", "lower_bounds", bounds, "from 0 upward, each once, below 1")

    def cut_offs(self, average_risk: float) -> dict[str, float]:
        """Return the lower bound of each tier for a question with this average risk."""
        odds = average_risk / (1.0 - average_risk)
        proposed = [float(f"{t * odds / (1.0 + t * odds):.3g}") for t in TIMES_THE_AVERAGE]
        bounds = self.lower_bounds or proposed
        return dict(zip(self.names, bounds, strict=True))


@dataclass(frozen=True)
class AuditPlan:
    """Findings of the leakage audit that somebody answers for: rule -> reason."""

    override: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_overrides(self.override)
