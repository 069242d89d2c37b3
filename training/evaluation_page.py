"""An evaluation as one page: what a hospital reads after it checked a model on its own patients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

from training.block_words import WORDS, subgroup_rows, words_of
from training.cards.answers.about import words
from training.cards.document import Block, Bullets, Document, Picture, Section, Table, Text
from training.cards.page import page_of
from training.figures_in_words import counts, interval
from training.judged_figures import drawn_beside, judged_figures
from training.judging.headline import Judged
from training.judging.rows import MODEL
from training.run_figures import caption_of

SHOWN = {
    "auroc": "AUROC", "same_day_auroc": "same-day AUROC", "auprc": "AUPRC",
    "brier": "Brier score", "log_loss": "log loss", "calibration_slope": "calibration slope",
    "observed_to_expected": "observed to expected",
}  # fmt: skip
IN_A_TABLE = ("subgroups",)


def evaluation_page(table: Mapping[str, Any], judged: Judged | None = None) -> str:
    """Return the page: static, whole in one file, without a patient's row.

    Parameters
    ----------
    table : an evaluation (:mod:`training.evaluate`, :mod:`training.elsewhere`).
    judged : the rows and risks it is of, for the pictures; None leaves them out.
    """
    cohort, asked = table["cohort"], table["question"]["name"]
    pictures = tuple(_pictures(table, judged)) if judged else ()
    sections = [
        Section("Verdict", (Text(words(table["verdict"]["text"]), "lead"),)),
        Section("On whom", (Text(f"{counts(table)}, in {cohort['name']}."),
                            Text(f"{table['method']}.", "soft"))),
        Section("Against what, on the same rows", (_figures(table),)),
        *([Section("Pictures", pictures)] if pictures else []),
        Section("What it says more closely", (_bullets(table),)),
        Section("For whom it does better or worse", (_subgroups(table),)),
        Section("What to know of these rows", (_notes(table),)),
    ]  # fmt: skip
    title = f"{asked} on {cohort['name']}"
    return page_of([Document(title, "evaluation", sections, bool(cohort["synthetic"]))], title)


def _figures(table: Mapping[str, Any]) -> Table:
    named = {"this model": table["model"], **table["comparators"]}
    shown = [name for name in SHOWN if name in table["model"]]
    rows = tuple(
        (words(name), *(interval(figures, one) for one in shown)) for name, figures in named.items()
    )
    return Table(("risk by", *(SHOWN[name] for name in shown)), rows, frozenset({0}))


def _pictures(table: Mapping[str, Any], judged: Judged) -> Iterator[Picture]:
    rows = judged.rows
    caption = caption_of(table["cohort"], rows)
    risks = {name: judged.risks[name].mean(axis=0) for name in (MODEL, *drawn_beside(table))}
    for name, figure in judged_figures(rows.y, rows.weight, risks, table, caption):
        png = BytesIO()
        figure.savefig(png, format="png")
        yield Picture(f"{name.replace('_', ' ')}. {caption}", png.getvalue())


def _bullets(table: Mapping[str, Any]) -> Bullets:
    told = [one for name in WORDS if name not in IN_A_TABLE for one in words_of(table, name)]
    return Bullets(tuple(told))


def _subgroups(table: Mapping[str, Any]) -> Block:
    rows = tuple(
        (f"{variable}: {group}", n, auroc, ratio)
        for variable, group, n, auroc, ratio in subgroup_rows(table.get("subgroups") or {})
    )
    if not rows:
        return Text("This cohort tells no groups of patients apart.", "soft")
    return Table(("patients", "patients / with event", "AUROC", "observed to expected"), rows)


def _notes(table: Mapping[str, Any]) -> Bullets:
    out = [f"{words(name)} left out: {why}" for name, why in table["left_out"].items()]
    return Bullets((*map(str, table["notes"]), *out) or ("Nothing.",))
