"""Every column a feature matrix can have: its name, where it comes from, and its clinical words."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from features.arrays import CATEGORY_FACTS, GRADED, NUMERIC_FACTS
from features.errors import PlanError
from features.inputs import COURSE_FIELDS, INPUTS
from features.products import PRODUCTS
from features.summaries import (
    FEVER_COLUMNS,
    GRADE_COLUMNS,
    MARK_COLUMNS,
    SCORE_COLUMNS,
    SUMMARIES,
    TREATMENT_COLUMNS,
)

GROUPS = ("course", "product", "grades", "fever", "treatments", "scores")
CONCEPTS = (
    "product", "dose", "lymphodepletion", "prophylaxis", "site", "calendar", "after_infusion",
)  # fmt: skip

TARGETS = tuple(sorted({one.target for one in PRODUCTS.values()}))
COSTIMULATIONS = tuple(sorted({one.costimulation for one in PRODUCTS.values()}))
PRIORS = tuple((toxicity, grade) for toxicity in GRADED for grade in (1, 3))

STATICS = (*NUMERIC_FACTS, *CATEGORY_FACTS)
LOG10_FACTS = ("dose_car_t_cells",)


@dataclass(frozen=True, slots=True)
class Description:
    """A column in words.

    Attributes
    ----------
    label, label_zh : str
        What a clinician reads, in English and Chinese.
    unit : str
        UCUM unit of what is shown; for inputs read as ratios the column holds log2(1 + value) and
        `transform` says so.
    input : str or None
        The input behind it, to show its last reading and its age.
    summary : str
        Which summary, or the group it belongs to.
    transform : {"", "log2(1+x)", "log2", "log10", "logit"}
        How the number in the column comes from the number a clinician knows.
    """

    name: str
    label: str
    label_zh: str
    unit: str
    input: str | None
    summary: str
    transform: str = ""


@dataclass(frozen=True, slots=True)
class PredictorColumn:
    """One column: `family` and `position` say which computed block holds it, and where."""

    name: str
    family: str
    position: int
    group: str
    description: Description
    concepts: frozenset[str] = frozenset()
    input: str | None = None
    static: str | None = None


_SUMMARY_WORDS = {
    "last": ("{}, last", "{}，最近值"),
    "max": ("{}, highest since infusion", "{}，输注后最高值"),
    "min": ("{}, lowest since infusion", "{}，输注后最低值"),
    "change": ("{}, change from baseline", "{}，较基线变化"),
    "slope": ("{}, trend per day over 72 h", "{}，72小时内每日变化趋势"),
    "hours_since": ("Hours since {}", "距最近一次{}的小时数"),
}
_GRADE_WORDS = {
    "grade": ("{} grade", "{}当前分级"),
    "highest": ("{} highest grade so far", "{}迄今最高分级"),
    "days_since_onset": ("Days since {} onset", "{}起病后天数"),
    "change_24h": ("{} grade, change over 24 h", "{}分级24小时变化"),
    "hours_since_grading": ("Hours since {} was graded", "距上次{}分级的小时数"),
}
_FEVER_WORDS = {
    "fever_24h": ("Fever (38.0 °C or more) in the last 24 h", "近24小时发热（≥38.0 °C）", ""),
    "days_since_fever_onset": ("Days since first fever", "首次发热后天数", "d"),
    "hours_since_fever": ("Hours since last fever", "距最近一次发热的小时数", "h"),
}
_TREATMENT_NAMES = {
    "tocilizumab": ("Tocilizumab", "托珠单抗"),
    "siltuximab": ("Siltuximab", "司妥昔单抗"),
    "anakinra": ("Anakinra", "阿那白滞素"),
    "corticosteroid": ("Corticosteroid", "糖皮质激素"),
    "vasopressor": ("Vasopressor", "血管活性药"),
    "oxygen": ("Oxygen", "氧疗"),
    "ventilation": ("Ventilation", "机械通气"),
    "platelet_transfusion": ("Platelet transfusion", "血小板输注"),
    "red_cell_transfusion": ("Red cell transfusion", "红细胞输注"),
    "antipyretic": ("Antipyretic", "退热药"),
}
_TREATMENT_WORDS = {
    "doses": ("{}, doses so far", "{}，已用剂次", "{doses}"),
    "hours": ("Hours since {}", "距最近一次{}的小时数", "h"),
    "now": ("{}, ongoing", "{}，正在进行", ""),
    "days": ("{}, days so far", "{}，已用天数", "d"),
}
_LEVEL_WORDS = {
    "female": "女", "male": "男", "LBCL": "大B细胞淋巴瘤", "FL": "滤泡性淋巴瘤",
    "MCL": "套细胞淋巴瘤", "MZL": "边缘区淋巴瘤", "CLL": "慢性淋巴细胞白血病",
    "B-ALL": "B急性淋巴细胞白血病", "MM": "多发性骨髓瘤", "gastric": "胃癌",
    "other": "其他", "none": "无",
    "fludarabine_cyclophosphamide": "氟达拉滨+环磷酰胺", "bendamustine": "苯达莫司汀",
    "cyclophosphamide": "环磷酰胺",
}  # fmt: skip
_AFTER = frozenset({"after_infusion"})
_DOSE_CONCEPTS = {
    "dose_car_t_cells": frozenset({"dose"}),
    "lymphodepletion": frozenset({"lymphodepletion"}),
    "lymphodepletion_day": frozenset({"lymphodepletion"}),
}


def _reading_columns() -> Iterable[PredictorColumn]:
    for summary in SUMMARIES:
        english, chinese = _SUMMARY_WORDS[summary]
        for position, one in enumerate(INPUTS.values()):
            logged = one.scale == "log" and summary != "hours_since"
            words = Description(
                f"{one.name}__{summary}",
                english.format(one.label),
                chinese.format(one.label_zh),
                "h" if summary == "hours_since" else one.unit,
                one.name,
                summary,
                "log2(1+x)" if logged else "",
            )
            later = summary in ("max", "min", "change", "slope")
            yield PredictorColumn(
                words.name, f"readings:{summary}", position, "readings", words,
                _AFTER if later else frozenset(), input=one.name,
            )  # fmt: skip


def _mark_columns() -> Iterable[PredictorColumn]:
    for position, name in enumerate(MARK_COLUMNS):
        measured, treatment = name.split("__after_")
        one, (english, chinese) = INPUTS[measured], _TREATMENT_NAMES[treatment]
        words = Description(
            name,
            f"{one.label} taken under {english.lower()}",
            f"{one.label_zh}测于{chinese}期间或之后",
            "",
            measured,
            "mark",
        )
        yield PredictorColumn(name, "marks", position, "marks", words, _AFTER, input=measured)


def _static_columns() -> Iterable[PredictorColumn]:
    position = 0
    for name in NUMERIC_FACTS:
        one = COURSE_FIELDS[name]
        words = Description(
            name, one.label, one.label_zh, one.unit, None, "static",
            "log10" if name in LOG10_FACTS else "",
        )  # fmt: skip
        yield PredictorColumn(
            name, "statics", position, "statics", words, _DOSE_CONCEPTS.get(name, frozenset()),
            static=name,
        )  # fmt: skip
        position += 1
    for name in CATEGORY_FACTS:
        one = COURSE_FIELDS[name]
        for level in map(str, one.legal):
            words = Description(
                f"{name}={level}",
                f"{one.label}: {level.replace('_', ' + ')}",
                f"{one.label_zh}：{_LEVEL_WORDS.get(level, level)}",
                "",
                None,
                "static",
            )
            yield PredictorColumn(
                words.name, "statics", position, "statics", words,
                _DOSE_CONCEPTS.get(name, frozenset()), static=name,
            )  # fmt: skip
            position += 1


def _product_columns() -> Iterable[PredictorColumn]:
    words = [
        Description(
            f"prior_logit_{toxicity.lower()}_{grade}",
            f"Published rate of {toxicity} grade {grade} or more for this product",
            f"该产品已发表的{toxicity}≥{grade}级发生率",
            "",
            None,
            "product",
            "logit",
        )
        for toxicity, grade in PRIORS
    ]
    for label, label_zh, key, levels in (
        ("Target", "靶点", "target", TARGETS),
        ("Costimulation", "共刺激域", "costimulation", COSTIMULATIONS),
    ):
        words += [
            Description(
                f"{key}={one}", f"{label}: {one}", f"{label_zh}：{one}", "", None, "product"
            )
            for one in levels
        ]
    return _simple("product", words, frozenset({"product"}))


def _grade_columns() -> Iterable[PredictorColumn]:
    units = {"days_since_onset": "d", "hours_since_grading": "h"}
    return _simple(
        "grades",
        [
            Description(
                f"{toxicity.lower()}_{summary}",
                _GRADE_WORDS[summary][0].format(toxicity),
                _GRADE_WORDS[summary][1].format(toxicity),
                units.get(summary, "{grade}"),
                None,
                summary,
            )
            for toxicity in GRADED
            for summary in GRADE_COLUMNS
        ],
        _AFTER,
    )


def _treatment_columns() -> Iterable[PredictorColumn]:
    words = []
    for name in TREATMENT_COLUMNS:
        hours = name.startswith("hours_since_")
        treatment, kind = (
            (name.removeprefix("hours_since_"), "hours") if hours else name.rsplit("_", maxsplit=1)
        )
        english, chinese = _TREATMENT_NAMES[treatment]
        label, label_zh, unit = _TREATMENT_WORDS[kind]
        label = label.format(english.lower() if hours else english)
        words.append(Description(name, label, label_zh.format(chinese), unit, None, "treatment"))
    return _simple("treatments", words, _AFTER)


def _simple(
    group: str, words: Iterable[Description], concepts: frozenset[str]
) -> Iterable[PredictorColumn]:
    return [
        PredictorColumn(one.name, group, position, group, one, concepts)
        for position, one in enumerate(words)
    ]


def _score_columns() -> Iterable[PredictorColumn]:
    words = (
        ("easix", "EASIX now", "EASIX评分（当前）", "log2"),
        ("s_easix", "s-EASIX now", "简化EASIX评分（当前）", "log2"),
        ("m_easix", "m-EASIX now", "改良EASIX评分（当前）", "log2"),
        ("car_hematotox", "CAR-HEMATOTOX before infusion", "CAR-HEMATOTOX评分（输注前）", ""),
    )
    return _simple(
        "scores",
        [
            Description(name, label, label_zh, "{score}", None, "score", transform)
            for name, label, label_zh, transform in words
            if name in SCORE_COLUMNS
        ],
        frozenset(),
    )


def _course_columns() -> Iterable[PredictorColumn]:
    return _simple(
        "course",
        [
            Description("day", "Days since infusion", "输注后天数", "d", None, "course"),
            Description(
                "days_since_last_dose",
                "Days since last dose",
                "距最近一次输注天数",
                "d",
                None,
                "course",
            ),
        ],
        frozenset({"after_infusion", "dose"}),
    )


def _fever_columns() -> Iterable[PredictorColumn]:
    return _simple(
        "fever",
        [
            Description(name, *_FEVER_WORDS[name], "temperature_c", "fever")
            for name in FEVER_COLUMNS
        ],
        _AFTER,
    )


_BUILDERS: tuple[Callable[[], Iterable[PredictorColumn]], ...] = (
    _course_columns, _grade_columns, _fever_columns, _treatment_columns, _score_columns,
    _product_columns, _static_columns, _reading_columns, _mark_columns,
)  # fmt: skip

COLUMNS: Mapping[str, PredictorColumn] = MappingProxyType(
    {column.name: column for build in _BUILDERS for column in build()}
)
"""Every column, in the order in which a matrix holds them."""


def describe(predictor_name: str) -> Description:
    """Return the clinical words of a column.

    Raises
    ------
    PlanError
        No such column.
    """
    if predictor_name not in COLUMNS:
        raise PlanError(f"no predictor {predictor_name!r}; see features/predictors.py.")
    return COLUMNS[predictor_name].description
