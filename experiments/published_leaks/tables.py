"""The words of every step, and the tables made of them and of results.json."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TELLS, CHECK, HONEST = "tells", "check", "honest"


@dataclass(frozen=True)
class Step:
    """One row of a table and of a picture.

    Parameters
    ----------
    key : in results.json.
    number : as shown.
    said : what was asked or closed, in full.
    short : the same on the picture.
    kind : `TELLS` while the figure is no forecast for a new patient, `CHECK` for one thing looked
        at alone, `HONEST` for a forecast.
    """

    key: str
    number: str
    said: str
    short: str
    kind: str


STEPS: Mapping[str, tuple[Step, ...]] = {
    "unicar": (
        Step("rows_split", "1", "As published: is *today's* CRS severe, from today's laboratory? "
             "Days of one patient on both sides of a split", "As published", TELLS),
        Step("patients_split", "2", "Closed: a patient stands on one side only",
             "Patients kept apart", TELLS),
        Step("fills_blanked", "3", "Closed: values filled in by the day's grade are blanked",
             "Filled-in values removed", TELLS),
        Step("impossible_blanked", "4", "Closed: impossible and garbled values are blanked",
             "Impossible values removed", TELLS),
        Step("missingness_alone", "4a", "Looked at alone: which values are missing at step 4",
             "Only what is missing", CHECK),
        Step("next_72h", "5", "Asked instead: severe within the *next* 72 hours, among patients "
             "not yet severe; latest laboratory, course of grades, day", "Laboratory, grade, day",
             HONEST),
        Step("no_laboratory", "6", "The same rows, no laboratory: current grade and day",
             "Grade and day, no laboratory", HONEST),
        Step("same_day", "7", "As 5, compared only with patients of the same day after infusion",
             "Same day: laboratory, grade, day", HONEST),
        Step("same_day_no_laboratory", "7a", "As 6, compared only with patients of the same day",
             "Same day: grade, no laboratory", HONEST),
    ),
    "bwh": (
        Step("as_published", "1", "As published: who gets ICANS later, from the values of a day, "
             "age, sex, diagnosis", "As published", TELLS),
        Step("temperature_alone", "2", "Looked at alone: temperature as published (Celsius in one "
             "source, Fahrenheit in the other)", "Only the temperature column", CHECK),
        Step("measured_alone", "3", "Looked at alone: which of the six values were measured that "
             "day", "Only what was measured", CHECK),
        Step("one_unit", "4", "Closed: temperature in one unit; the patient who stands in both "
             "sources counts once", "Temperature in one unit", TELLS),
        Step("day_0_blanked", "5", "Closed: procalcitonin, WBC and IL-6 of day 0 are blanked in "
             "everybody (in one source they repeat CRS peak, its day and the onset)",
             "CRS fields of day 0 removed", TELLS),
        Step("no_crp", "6", "Closed: CRP is left out (another scale in one source)",
             "CRP of two scales left out", TELLS),
        Step("no_diagnosis", "7", "Closed: diagnosis is left out (empty in one source)",
             "Diagnosis left out", TELLS),
        Step("comparable_alone", "7a", "Closed: only values that both sources know about as often "
             "are kept, in rows that have them", "Comparable values only", TELLS),
        Step("within_one_source", "8", "Asked instead: who gets ICANS, within one source",
             "Who gets it, within one source", CHECK),
        Step("source_alone", "8a", "Looked at alone: which of the two sources a patient is from",
             "Only the source of the record", CHECK),
        Step("course", "9", "Asked instead: grade 3 or more within 72 hours, among patients who "
             "have ICANS; second source, days 0 to 14", "Who gets worse in 72 hours", HONEST),
    ),
    "nulisa": (
        Step("same_patients", "1", "Fitted and judged on the same patients; days after discharge "
             "count as free of ICANS", "Judged on the same patients", TELLS),
        Step("rows_split", "2", "Closed: days are held out (other days of the patient are not)",
             "Days held out", TELLS),
        Step("patients_split", "3", "Closed: whole patients are held out", "Patients held out",
             TELLS),
        Step("discharge_is_unknown", "4", "Closed: what happened after discharge is unknown; the "
             "days that are known are weighted for it", "After discharge: not known", HONEST),
        Step("no_model", "5", "The same rows: current grade and day", "Grade and day", HONEST),
    ),
}  # fmt: skip
SUMMARY = {
    "unicar": ("[unicar](#unicar-severe-crs)", "severe CRS", "rows_split", "next_72h"),
    "bwh": ("[bwh](#bwh-icans)", "who gets ICANS", "as_published", "course"),
    "nulisa": (
        "[nulisa](#nulisa-icans)",
        "ICANS >= 2 within 72 h",
        "same_patients",
        "discharge_is_unknown",
    ),
}
ANSWERED = {
    "unicar": "severe in the next 72 h",
    "bwh": "who gets it cannot be asked; who gets worse in 72 h",
    "nulisa": "the same, patients held out, discharge unknown",
}
_HEAD = (
    "| step | what is asked, or closed | rows / patients / rows with event (patients) "
    "| AUROC (95 % interval) | grade + day, same rows |\n|---|---|---|---|---|"
)


def table(cohort: str, results: Mapping[str, Any]) -> str:
    """Return the Markdown table of one cohort."""
    rows = [_row(step, results[cohort][step.key]) for step in STEPS[cohort]]
    return "\n".join([_HEAD, *rows])


def summary(results: Mapping[str, Any]) -> str:
    """Return the first and the last word on each cohort as a Markdown table."""
    lines = [
        "| cohort | patients | what is asked | at first | what is asked in the end | then "
        "| grade + day |\n|---|---|---|---|---|---|---|"
    ]
    for cohort, (name, asked, first, last) in SUMMARY.items():
        found = results[cohort]
        figures = (found[first]["auroc"], found[last]["auroc"], found[last]["grade_and_day"])
        before, after, simple = (f"{one['estimate']:.3f}" for one in figures)
        head = f"| {name} | {found[first]['n_patients']} | {asked} | {before} "
        lines.append(f"{head}| {ANSWERED[cohort]} | {after} | {simple} |")
    return "\n".join(lines)


def figure_text(found: Mapping[str, float], digits: int) -> str:
    """Return one figure with its interval."""
    return (
        f"{found['estimate']:.{digits}f} ({found['low']:.{digits}f} to {found['high']:.{digits}f})"
    )


def not_answerable(found: Mapping[str, Any]) -> str:
    """Say how many patients of each source have the event: one class cannot be told apart."""
    each = ", ".join(
        f"{one['n_event_patients']} of {one['n_patients']} in the {name}"
        for name, one in found["by_source"].items()
    )
    return f"{each} source"


def _row(step: Step, found: Mapping[str, Any]) -> str:
    if "by_source" in found:
        cells = [f"with ICANS: {not_answerable(found)}", "not answerable", "-"]
    else:
        rows = f"{found['n_rows']} / {found['n_patients']}"
        events = f"{found['n_event_rows']} ({found['n_event_patients']})"
        cells = [
            f"{rows} / {events}",
            figure_text(found["auroc"], 3),
            figure_text(found["grade_and_day"], 3),
        ]
    return f"| {step.number} | {step.said} | " + " | ".join(cells) + " |"
