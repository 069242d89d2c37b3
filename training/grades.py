"""Grades by rule for a cohort, beside those entered by hand: what agrees, and what does not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from features.cohort_files import read_cohort
from features.grading import disagreements, grade_cohort
from training.whole_file import whole_file


@dataclass(frozen=True)
class GradesReport:
    """Counts of gradings by rule and of gradings by hand that disagree; nothing is overwritten.

    Parameters
    ----------
    gradings : DataFrame
        Columns toxicity, grade (NaN: a finding is missing; not 0), courses: how many courses have
        that grade as their highest.
    disagreements : DataFrame
        Columns toxicity, kind (contradicted, unsupported), gradings.
    by_hand : dict
        Toxicity -> gradings in ASTCT that were compared.
    """

    gradings: pd.DataFrame
    disagreements: pd.DataFrame
    by_hand: dict[str, int]

    def lines(self) -> list[str]:
        """Return the report as lines a person reads."""
        said = []
        for toxicity, rows in self.gradings.groupby("toxicity", sort=True):
            counts = ", ".join(
                f"{_grade(grade)} {n:,}"
                for grade, n in zip(rows["grade"], rows["courses"], strict=True)
            )
            said.append(f"{toxicity}, highest grade by rule (ASTCT 2019), courses: {counts}")
        for toxicity, n in self.by_hand.items():
            mine = self.disagreements[self.disagreements["toxicity"] == toxicity]
            kinds = dict(zip(mine["kind"], mine["gradings"], strict=True))
            said.append(
                f"{toxicity}: of {n:,} gradings by hand {kinds.get('contradicted', 0):,} are "
                f"contradicted by the findings, {kinds.get('unsupported', 0):,} rest on a finding "
                "that is not recorded. None is changed."
            )
        return said


def grade_to(
    directory: Path, out: Path | None = None, disagreements_to: Path | None = None
) -> GradesReport:
    """Grade every course of a cohort by rule; write gradings and disagreements where asked for.

    Parameters
    ----------
    out, disagreements_to : Path, optional
        CSV files. They hold findings of patients: keep them like the cohort.

    Raises
    ------
    CohortError
        The cohort cannot be read.
    """
    cohort = read_cohort(directory)
    graded, differing = grade_cohort(cohort), disagreements(cohort)
    for place, rows in ((out, graded), (disagreements_to, differing)):
        if place is not None:
            with whole_file(place) as fresh:
                rows.to_csv(fresh, index=False)
    by_hand = cohort.grades[cohort.grades["system"].fillna("ASTCT") == "ASTCT"]
    counts = by_hand["toxicity"].value_counts()
    return GradesReport(
        _highest(graded),
        differing.groupby(["toxicity", "kind"], observed=True).size().reset_index(name="gradings"),
        {name: int(counts.get(name, 0)) for name in ("CRS", "ICANS")},
    )


def _highest(graded: pd.DataFrame) -> pd.DataFrame:
    by_course = graded.groupby(["toxicity", "course_id"], observed=True)["grade"].max()
    counts = by_course.groupby(level="toxicity", observed=True).value_counts(dropna=False)
    return counts.reset_index(name="courses").sort_values(["toxicity", "grade"])


def _grade(grade: float) -> str:
    return "not gradable:" if pd.isna(grade) else f"{grade:.0f}:"
