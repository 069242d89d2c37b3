"""Synthetic cohorts, calibrated to the literature, whose true risks are known.

The truth is a Markov chain over CRS and ICANS states (:mod:`.chain`), so the true risk of every
course at every landmark is computed exactly (:mod:`.oracle`) instead of simulated. Targets and
assumptions stand in ``calibration.toml`` and ``observation.toml``, each with its tag and source.

Any figure got from such a cohort is synthetic: it shows how well a generator is recovered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from features.errors import CohortError, ProductError
from features.products import product
from features.questions import QUESTIONS, Question
from features.sources.synthetic import frames, streaming
from features.sources.synthetic.blocks import blocks
from features.sources.synthetic.parameters import observation, product_rows
from features.sources.synthetic.people import Mix
from features.tables import TABLES, Cohort, Manifest, cohort_of

__all__ = [
    "FRESH_QUESTIONS",
    "Synthetic",
    "product_keys",
    "site_names",
    "synthesize",
    "synthesize_to",
]

FRESH_QUESTIONS = ("severe-crs-30d", "severe-crs-72h", "severe-icans-30d", "severe-icans-72h")


@dataclass(frozen=True)
class Synthetic:
    """A synthetic cohort and its truth.

    Attributes
    ----------
    cohort : Cohort
        As any other; its manifest says that it is synthetic.
    truth : DataFrame
        One row per course, question and landmark: course_id, question, landmark_day, true_risk
        (NaN where the event cannot happen any more), at_risk (alive, followed and below the grade),
        and the true state: crs_grade, icans_grade, after_tocilizumab, alive.
    """

    cohort: Cohort
    truth: pd.DataFrame


def product_keys() -> tuple[str, ...]:
    """Return the products that can be drawn, each in one indication."""
    return tuple(row.key for row in product_rows())


def site_names() -> tuple[str, ...]:
    """Return the sites that can be drawn."""
    return tuple(site["name"] for site in observation()["site"])


def synthesize(
    n_courses: int,
    seed: int,
    products: Sequence[str] | None = None,
    sites: Sequence[str] | None = None,
    questions: Sequence[Question] | None = None,
) -> Synthetic:
    """Make a cohort in memory; see :func:`synthesize_to` for large ones.

    Course i is the same for every `n_courses`, given seed, products and sites.

    Parameters
    ----------
    n_courses : int
        Courses to make, at least 1.
    seed : int
        The same seed gives the same cohort.
    products : sequence of str, optional
        Keys of :func:`product_keys`, or any catalogue name (all its indications). All by default.
    sites : sequence of str, optional
        Of :func:`site_names`. All by default.
    questions : sequence of Question, optional
        For which the true risk is computed; the four that a fresh project trains by default.

    Raises
    ------
    CohortError
        No courses, or an unknown product or site.
    QuestionError
        A question whose windows the chain does not cover.
    """
    asked = _asked(questions)
    made = list(blocks(_checked(n_courses), seed, _mix(products, sites), asked))
    parts = [frames.columns_of(block) for block in made]
    whole = {
        name: pd.concat([frames.frame(part[name]) for part in parts], ignore_index=True)
        for name in TABLES
    }
    truth = pd.concat(
        [frames.frame(frames.truth_columns(block, asked)) for block in made], ignore_index=True
    )
    return Synthetic(cohort_of(_manifest(n_courses, seed), **whole), truth)


def synthesize_to(
    directory: str | Path,
    n_courses: int,
    seed: int,
    products: Sequence[str] | None = None,
    sites: Sequence[str] | None = None,
    questions: Sequence[Question] | None = None,
) -> Path:
    """Write a cohort and its ``truth.parquet`` block by block, in bounded memory.

    The parameters are those of :func:`synthesize`, and so are the rows. An earlier cohort at
    `directory` is replaced whole or stays as it was.

    Raises
    ------
    CohortError
        No courses, an unknown product or site, or `directory` holds something else.
    QuestionError
        A question whose windows the chain does not cover.
    """
    asked = _asked(questions)
    stream = blocks(_checked(n_courses), seed, _mix(products, sites), asked)
    return streaming.write(stream, Path(directory), _manifest(n_courses, seed), asked)


def _checked(n_courses: int) -> int:
    if n_courses < 1:
        raise CohortError(f"a synthetic cohort of {n_courses} courses: ask for 1 or more.")
    return n_courses


def _asked(questions: Sequence[Question] | None) -> tuple[Question, ...]:
    return (
        tuple(QUESTIONS[name] for name in FRESH_QUESTIONS)
        if questions is None
        else tuple(questions)
    )


def _mix(products: Sequence[str] | None, sites: Sequence[str] | None) -> Mix:
    rows = range(len(product_rows())) if products is None else _rows(products)
    names = site_names()
    unknown = sorted(set(sites or ()) - set(names))
    if unknown:
        raise CohortError(f"site {unknown[0]!r} is not known; sites: {', '.join(names)}.")
    return Mix(tuple(rows), tuple(names.index(site) for site in (sites or names)))


def _rows(products: Sequence[str]) -> list[int]:
    found: dict[int, None] = {}
    for asked in products:
        mine = [k for k, row in enumerate(product_rows()) if asked in (row.key, row.name)]
        mine = mine or _rows_of_catalogue(asked)
        if not mine:
            raise CohortError(
                f"product {asked!r} cannot be drawn; there are: {', '.join(product_keys())}."
            )
        found.update(dict.fromkeys(mine))
    return list(found)


def _rows_of_catalogue(asked: str) -> list[int]:
    try:
        name = product(asked).name
    except ProductError:
        return []
    return [k for k, row in enumerate(product_rows()) if row.name == name]


def _manifest(n_courses: int, seed: int) -> Manifest:
    return Manifest(
        name=f"synthetic-{n_courses}-seed-{seed}",
        origin="synthetic",
        resolution="instant",
        end_of_record="censored",
        grading_system="ASTCT",
        synthetic=True,
        notes=["Generated; calibrated to published rates. No patient is behind any row."],
    )
