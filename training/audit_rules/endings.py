"""Whether records stop at what is to be foreseen: the event, or the peak of the grades."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.clock import happened_at
from features.follow_up import grades_of_one_system
from training.audit_rules.evidence import Evidence, FloatArray
from training.audit_rules.finding import Finding, Severity, not_assessable
from training.bootstrap import PatientBootstrap, summarise

REPLICATES = 300
MOST_STOP = 0.5  # refused where the lower bound of the share that stops lies above
MANY_STOP = 0.25
MIN_COURSES = 10
A_DAY = 1.0
ALL_OF_ONE_LENGTH = 0.85  # share of one outcome whose records end on one and the same day
FEW_OF_THAT_LENGTH = 0.3  # of the other


def records_stop_at_the_outcome(evidence: Evidence) -> Finding:
    """Count the event patients of whom nothing is recorded after the day of the event.

    A later row then says that there is no event yet: the length of a record tells its end. Deaths
    on that day do not count.
    """
    rule = records_stop_at_the_outcome.__name__
    courses = evidence.course_table
    event = courses.loc[courses["event"], "event_instant"].dropna()
    death = _deaths(evidence).reindex(event.index)
    event = event[~(death <= event + A_DAY)]
    if len(event) < MIN_COURSES:
        return not_assessable(rule, f"{len(event)} courses with a dated event that was survived")
    last = evidence.last_record.reindex(event.index)
    stops = np.asarray(last < np.floor(event) + A_DAY + _end_of_day(evidence), dtype=np.float64)
    others = evidence.last_record.reindex(courses.index[~courses["event"]]).dropna()
    go_on = float((others > event.median() + A_DAY).mean()) if len(others) else 0.0
    counts = {"event_courses": len(event), "that_stop_at_the_event": int(stops.sum())}
    if go_on < MOST_STOP:
        return Finding(
            rule, "note", "All records end about when events happen, those without an event too.",
            row_counts=counts,
        )  # fmt: skip
    return _of_share(evidence, rule, stops, counts, "of the courses with an event end on its day")


def records_stop_at_the_peak_grade(evidence: Evidence) -> Finding:
    """Count the courses that end on the last day of their highest grade.

    Recovery is then not in the records: every later row tells that the worst is still to come.
    """
    rule = records_stop_at_the_peak_grade.__name__
    grades = grades_of_one_system(evidence.cohort)
    mine = grades[(grades["toxicity"] == evidence.question.toxicity) & grades["grade"].notna()]
    peak = mine.groupby("course_id")["grade"].transform("max")
    at_peak = mine[(mine["grade"] == peak) & (peak >= 1)]
    day = at_peak.groupby("course_id")["day"].max().astype(float)
    last_peak = pd.Series(
        happened_at(np.asarray(day, dtype=np.float64), evidence.cohort.manifest.resolution),
        index=day.index,
    )
    death = _deaths(evidence).reindex(last_peak.index)
    last_peak = last_peak[~(death <= last_peak + A_DAY)]
    last_peak = last_peak[last_peak.index.isin(evidence.course_table.index)]
    last = evidence.last_record.reindex(last_peak.index)
    last_peak = last_peak[~_at_the_common_end(evidence, last)]
    last = last.reindex(last_peak.index)
    if len(last_peak) < MIN_COURSES:
        return not_assessable(
            rule, f"{len(last_peak)} courses above grade 0 end before the common last day"
        )
    stops = np.asarray(last < np.floor(last_peak) + A_DAY + _end_of_day(evidence), dtype=np.float64)
    counts = {"courses_above_grade_0": len(stops), "that_stop_at_the_peak": int(stops.sum())}
    return _of_share(
        evidence, rule, stops, counts, "of the courses above grade 0 end on the day of their peak"
    )


def one_outcome_has_records_of_one_length(evidence: Evidence) -> Finding:
    """Look for an outcome whose records all end on one day, while those of the other do not.

    Sick patients honestly stay longer; that all of one outcome stay equally long is a property of
    the source that they came from.
    """
    rule = one_outcome_has_records_of_one_length.__name__
    courses = evidence.course_table
    last = np.ceil(evidence.last_record.reindex(courses.index)).dropna()
    event = courses["event"].reindex(last.index).to_numpy(dtype=bool)
    days = {True: last[event], False: last[~event]}
    if min(len(group) for group in days.values()) < MIN_COURSES:
        return not_assessable(rule, f"fewer than {MIN_COURSES} courses of either outcome")
    shares = {}
    for outcome, group in days.items():
        usual = group.mode().iloc[0]
        shares[outcome] = float((group == usual).mean()), float((days[not outcome] == usual).mean())
    outcome = max(shares, key=lambda one: shares[one][0] - shares[one][1])
    of_one, of_other = shares[outcome]
    found = of_one >= ALL_OF_ONE_LENGTH and of_other <= FEW_OF_THAT_LENGTH
    name = "with" if outcome else "without"
    return Finding(
        rule,
        "refuse" if found else "note",
        f"{of_one:.0%} of the records {name} an event end on one day, {of_other:.0%} of the others "
        "on that day.",
        way_out="The two outcomes were recorded by different rules. Cut all records at one day, or "
        "bring all patients from one source."
        if found
        else "",
        statistic=of_one,
        threshold=ALL_OF_ONE_LENGTH,
        row_counts={"courses": len(last)},
    )


def _at_the_common_end(evidence: Evidence, last: pd.Series) -> pd.Series:
    """Say which records end on the day on which most do: there the study ended, not the patient."""
    days = np.ceil(evidence.last_record)
    usual = days.mode().iloc[0]
    return (np.ceil(last) == usual) & bool((days == usual).mean() >= MOST_STOP)


def _end_of_day(evidence: Evidence) -> float:
    """Return what separates the instants of one day from those of the next."""
    return 1e-6 if evidence.cohort.manifest.resolution == "day" else A_DAY / 2.0


def _deaths(evidence: Evidence) -> pd.Series:
    return evidence.cohort.courses.set_index("course_id")["death_day"].astype(float)


def _of_share(
    evidence: Evidence, rule: str, stops: FloatArray, counts: dict[str, int], what: str
) -> Finding:
    draws = PatientBootstrap(np.arange(len(stops)), np.ones(len(stops)), REPLICATES, evidence.seed)
    share = summarise(draws.replicate({"share": lambda w: (w @ stops) / w.sum(axis=1)})["share"])
    low = share.low if share.low is not None else 0.0
    declared = evidence.cohort.manifest.end_of_record == "ended_at_peak"
    severity: Severity = "warn" if low > MANY_STOP else "note"
    if low > MOST_STOP and not declared:
        severity = "refuse"
    return Finding(
        rule,
        severity,
        f"{share.estimate:.0%} {what}; nothing is recorded afterwards."
        + (" That is declared: end of record is ended_at_peak." if declared else ""),
        way_out="" if severity == "note" else _WAY_OUT_DECLARED if declared else _WAY_OUT,
        statistic=share.estimate,
        low=share.low,
        high=share.high,
        threshold=MOST_STOP,
        row_counts=counts,
    )


_WAY_OUT = (
    "Bring the records up to discharge. Where they do not exist, declare end_of_record = "
    "ended_at_peak: it then stands on every result that risks do not transfer to recovery."
)
_WAY_OUT_DECLARED = "Risks learnt here do not transfer to patients who are recovering."
