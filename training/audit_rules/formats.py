"""Whether the outcome shows in how results were written: their units, decimals, marks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from training.audit_rules.concordance import between_patients, judged, unless_known
from training.audit_rules.evidence import Evidence
from training.audit_rules.finding import Finding, not_assessable
from training.audit_rules.learning import learnt_by_patient

BINS = 10  # of equal numbers of values; larger numbers are honestly written with fewer decimals
LEAST_VARIANCE = 1e-2  # of a sum; where a size knows one way of writing only
CLEAR = 3.0  # a z-score of more is not clearer
MIN_PATIENTS = 10  # a trait of fewer patients is not read


def units_or_number_format_predict_the_outcome(evidence: Evidence) -> Finding:
    """Predict who has the event from the published unit and the way numbers were written.

    Only results from before the event count, over equal times: intensive care honestly uses other
    analysers. What is written is compared with the habit of the site for values of that size.
    """
    rule = units_or_number_format_predict_the_outcome.__name__
    if evidence.too_few:
        return not_assessable(rule, evidence.too_few)
    results = evidence.before_the_event
    habits = evidence.cohort.courses.set_index("course_id")["site"]
    site = results["course_id"].map(habits) if evidence.sites_are_mixed else None
    traits = traits_of_writing(results, site)
    if traits.empty:
        return Finding(rule, "note", "Results are written alike, or as they came is not on record.")
    by_patient = _by_patient(evidence, traits)
    if by_patient.empty:
        return Finding(rule, "note", "Results of all patients are written alike.")
    learnt = learnt_by_patient(evidence, by_patient)
    finding = judged(
        rule,
        between_patients(evidence, learnt.score),
        "How the results were written, without what they were, orders patients with an AUROC of "
        "{area}.",
        "Results of the two outcomes were exported by different means, so their values may differ "
        "by that too. Export all patients in one way, or keep one source.",
        learnt.columns,
    )
    return unless_known(finding, evidence, "number_format")


def traits_of_writing(measurements: pd.DataFrame, site: pd.Series | None = None) -> pd.DataFrame:
    """Return one row a result with its varying traits, beyond the habit of its site.

    Columns: course_id, trait ("input: what"), value (what is written minus the habit), variance (of
    the habit). Without `site` there is one habit for all.
    """
    rows = measurements[["course_id", "input", "value", "source_value", "source_unit"]]
    rows = rows.assign(site="" if site is None else site.fillna("").astype(str))
    rows = rows[rows["value"].notna()]  # words have no format
    text = rows["source_value"].fillna("").astype(str).str.strip()
    written = rows.assign(text=text, unit=rows["source_unit"].fillna("").astype(str))
    parts = [_of_input(str(name), group) for name, group in written.groupby("input")]
    found = [part for part in parts if part is not None]
    if not found:
        return pd.DataFrame()
    each = pd.concat(found, ignore_index=True)
    together = each.assign(trait="all inputs: " + each["trait"].str.split(": ").str[1])
    return pd.concat([each, together], ignore_index=True)


def _of_input(name: str, rows: pd.DataFrame) -> pd.DataFrame | None:
    traits = {f"unit {unit}": rows["unit"] == unit for unit in _varying(rows["unit"])}
    if (rows["text"] != "").any():
        traits |= _number_traits(rows)
    made = {trait: values.astype(float) for trait, values in traits.items()}
    kept = [trait for trait, values in made.items() if values.nunique() > 1]
    if not kept:
        return None
    parts = [
        pd.DataFrame(
            {
                "course_id": rows["course_id"],
                "trait": f"{name}: {trait}",
            }
        ).join(_beyond_habit(made[trait], rows))
        for trait in kept
    ]
    return pd.concat(parts, ignore_index=True)


def _number_traits(rows: pd.DataFrame) -> dict[str, pd.Series]:
    text = rows["text"]
    decimals = text.str.extract(r"[.,](\d+)$", expand=False).fillna("").str.len()
    inner = text.str.replace(r"[^0-9]", "", regex=True).str.strip("0").str.slice(1, -1)
    return {
        "decimals": decimals,
        "a decimal comma": text.str.contains(",", regex=False),
        "an exponent": text.str.contains(r"\d[eE][+-]?\d", regex=True),
        "nothing written": text == "",
        "zeros inside": inner.str.count("0"),
    }


def _varying(units: pd.Series) -> list[str]:
    return sorted(units.unique())[1:]  # one of them is what the others are not


def _beyond_habit(trait: pd.Series, rows: pd.DataFrame) -> pd.DataFrame:
    """Return a trait minus its mean among values of the same size and site, and its variance."""
    bins = min(BINS, max(len(rows) // 20, 1))
    size = pd.qcut(rows["value"].rank(method="first"), bins, labels=False)
    alike = trait.groupby([rows["site"], size.fillna(-1)])
    return pd.DataFrame(
        {"value": trait - alike.transform("mean"), "variance": alike.transform("var").fillna(0.0)}
    )


def _by_patient(evidence: Evidence, traits: pd.DataFrame) -> pd.DataFrame:
    """Return each trait by patient as a z-score, (patients, traits), in whole numbers.

    A mean would be the nearer to nothing the more results a patient has, and so tell their number;
    a fine score would tell the size of the values, and an endless one the number of results.
    """
    owner = evidence.course_table["patient"]
    mine = traits.assign(patient=traits["course_id"].map(owner)).dropna(subset=["patient"])
    sums = mine.groupby(["patient", "trait"])[["value", "variance"]].sum()
    spread = np.sqrt(sums["variance"].clip(lower=LEAST_VARIANCE))
    table = (sums["value"] / spread).round().clip(-CLEAR, CLEAR).unstack("trait")
    table = table.reindex(np.arange(len(evidence.patient_table)))
    varying = (table.nunique() > 1) & (table.notna().sum() >= MIN_PATIENTS)
    return table.loc[:, varying]
