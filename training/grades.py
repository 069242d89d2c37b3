"""Grades by rule for a cohort, beside those entered by hand: what agrees, and what does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from features.cohort_files import read_cohort
from features.grading import beside_the_hand, grade_cohort
from training.missing_findings import missing_findings, ways_out
from training.whole_file import whole_file

_MEANING = {
    ("CRS", "findings_higher"): "what was found is above the grade, unless the fever, the low "
    "pressure or the oxygen has another cause, which no finding says.",
    ("ICANS", "findings_higher"): "what was found is above the grade, unless it has another cause "
    "that is not recorded.",
    ("CRS", "findings_lower"): "what could lift the grade was looked at and stays below it. What "
    "hides a fever (antipyretic, tocilizumab, steroid) counts only where treatments hold it.",
    ("ICANS", "findings_lower"): "what could lift the grade was looked at and stays below it.",
    ("CRS", "unsupported"): "the grade is possible; findings that would decide are missing.",
    ("ICANS", "unsupported"): "the grade is possible; findings that would decide are missing.",
}


@dataclass(frozen=True)
class GradesReport:
    """Counts of gradings by rule, and of gradings by hand beside them; nothing is overwritten.

    Parameters
    ----------
    gradings : DataFrame
        Columns toxicity, grade (NaN: a finding is missing; not 0), courses: how many courses have
        that grade as their highest.
    by_hand : DataFrame
        Columns toxicity, kind (see `features.grading.by_hand`), by_hand (the grade), gradings.
    missing : DataFrame
        See `training.missing_findings`.
    undecided : mapping of toxicity to count
        Gradings by hand that agree with the lowest grade that the findings allow, where a higher
        one is possible.
    """

    gradings: pd.DataFrame
    by_hand: pd.DataFrame
    missing: pd.DataFrame
    undecided: Mapping[str, int] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Return the report as lines a person reads."""
        said = []
        for toxicity, rows in self.gradings.groupby("toxicity", sort=True):
            counts = ", ".join(
                f"{_grade(grade)} {n:,}"
                for grade, n in zip(rows["grade"], rows["courses"], strict=True)
            )
            said.append(f"{toxicity}, highest grade by rule (ASTCT 2019), courses: {counts}")
        for toxicity in ("CRS", "ICANS"):
            said += self._held_against_the_hand(toxicity)
            said += ways_out(self.missing, toxicity)
        return said

    def count(self, toxicity: str, kind: str | None = None, by_hand: int | None = None) -> int:
        """Return how many gradings by hand of a toxicity there are, of a kind and of a grade."""
        mine = self.by_hand[self.by_hand["toxicity"] == toxicity]
        mine = mine if kind is None else mine[mine["kind"] == kind]
        return int(
            (mine if by_hand is None else mine[mine["by_hand"] == by_hand])["gradings"].sum()
        )

    def _held_against_the_hand(self, toxicity: str) -> list[str]:
        n = self.count(toxicity)
        if n == 0:
            return [f"{toxicity}: no grading by hand in ASTCT to compare with."]
        said = [
            f"{toxicity}: of {n:,} gradings by hand {self.count(toxicity, 'agrees'):,} agree with "
            "the findings; none is changed."
        ]
        if self.undecided.get(toxicity):
            said.append(
                f"  {self.undecided[toxicity]:,} of these only as far as was looked: what could "
                "lift the grade was not recorded."
            )
        for (of, kind), meaning in _MEANING.items():
            if of == toxicity and (found := self.count(toxicity, kind)):
                none = self.count(toxicity, kind, 0)
                zero = f" ({none:,} of grade 0 by hand)" if none else ""
                said.append(f"  {kind} {found:,}{zero}: {meaning}")
        return said


def grade_to(
    directory: Path, out: Path | None = None, disagreements_to: Path | None = None
) -> GradesReport:
    """Grade every course of a cohort by rule; write what is asked for.

    Parameters
    ----------
    out : Path, optional
        CSV file of every grading by rule.
    disagreements_to : Path, optional
        CSV file of the gradings by hand that the findings do not bear out. Both files hold
        findings of patients: keep them like the cohort.

    Raises
    ------
    CohortError
        The cohort cannot be read.
    """
    cohort = read_cohort(directory)
    graded, compared = grade_cohort(cohort), beside_the_hand(cohort)
    differing = compared[compared["kind"] != "agrees"]
    for place, rows in ((out, graded), (disagreements_to, differing)):
        if place is not None:
            with whole_file(place) as fresh:
                rows.to_csv(fresh, index=False)
    counts = compared.groupby(["toxicity", "kind", "by_hand"], observed=True).size()
    return GradesReport(
        _highest(graded),
        counts.reset_index(name="gradings"),
        missing_findings(compared, graded),
        _undecided(compared),
    )


def _undecided(compared: pd.DataFrame) -> dict[str, int]:
    open_ = compared["kind"].eq("agrees") & (compared["highest"] > compared["lowest"])
    counts = compared.loc[open_, "toxicity"].value_counts()
    return {str(toxicity): int(n) for toxicity, n in counts.items()}


def _highest(graded: pd.DataFrame) -> pd.DataFrame:
    by_course = graded.groupby(["toxicity", "course_id"], observed=True)["grade"].max()
    counts = by_course.groupby(level="toxicity", observed=True).value_counts(dropna=False)
    return counts.reset_index(name="courses").sort_values(["toxicity", "grade"])


def _grade(grade: float) -> str:
    return "not gradable:" if pd.isna(grade) else f"{grade:.0f}:"
