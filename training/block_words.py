"""Every block of an evaluation in sentences, one function a block, for the summary and the cards.

Each takes the block as :mod:`training.judging.blocks` writes it and returns sentences; an absent
or empty block gives none. Small cells stand as they were held back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Block = Mapping[str, Any]
HELD_BACK = "held back"
GROUPS = {
    "age": "age", "sex": "sex", "product": "product", "site": "site", "diagnosis": "disease",
    "era": "era",
}  # fmt: skip


def shown(one: Mapping[str, float | None], digits: int = 3, *, percent: bool = False) -> str:
    """Return a figure with its interval; that it cannot be computed where it cannot."""
    estimate, low, high = one.get("estimate"), one.get("low"), one.get("high")
    if estimate is None:
        return "not computable"
    scale, places, unit = (100.0, 0, " %") if percent else (1.0, digits, "")
    told = f"{scale * estimate:.{places}f}{unit}"
    if low is None or high is None:
        return f"{told} (no interval)"
    return f"{told} ({scale * low:.{places}f} to {scale * high:.{places}f})"


def calibration_words(block: Block) -> list[str]:
    """Say how far the smooth calibration curve lies from the diagonal."""
    model = block["model"]
    return [
        f"Smooth calibration curve: {shown(model['eavg'])} off on average, {shown(model['e50'])} "
        f"for half of the rows, {shown(model['e90'])} for nine in ten, at the most "
        f"{shown(model['emax'])}."
    ]


def brier_words(block: Block) -> list[str]:
    """Say what the Brier score is made of."""
    model = block["model"]
    return [
        f"Brier score {shown(model['brier'], 4)}: reliability {shown(model['reliability'], 4)}, "
        f"resolution {shown(model['resolution'], 4)}; scaled {shown(model['scaled_brier'])}."
    ]


def threshold_words(block: Block) -> list[str]:
    """Say what alerting from each tier's bound would find and cost."""
    if block.get("reason"):
        return [f"Thresholds: {block['reason']}"]
    return [_threshold(row, block) for row in block["model"] if row["tier"]]


def _threshold(row: Block, block: Block) -> str:
    said = (
        f"Alert at a risk from {100 * row['threshold']:.3g} %, where {row['tier']} begins: finds "
        f"{shown(row['sensitivity'], percent=True)} of the event rows, "
        f"{shown(row['ppv'], percent=True)} of alerts come true"
    )
    if "alerts_per_100_patient_days" in row:
        days = shown(row["warning_days_median"], 1)
        whole = ", in whole days" if block.get("warning_in_whole_days") else ""
        said += (
            f", {shown(row['alerts_per_100_patient_days'], 0)} alerts per 100 patient-days, first "
            f"alert {days} days before the event{whole}"
        )
    return f"{said}."


def net_benefit_words(block: Block) -> list[str]:
    """Say where the model's net benefit lies above treating all, none and every comparator."""
    if block.get("reason"):
        return [f"Decision curve: {block['reason']}"]
    rivals = block["differences"]
    best = [at for at in range(len(block["threshold"])) if _above_all(block, rivals, at)]
    if not best:
        return ["Decision curve: at no threshold is its net benefit the highest."]
    low, high = block["threshold"][best[0]], block["threshold"][best[-1]]
    sure = [at for at in best if all(_low(gap, at) > 0 for gap in rivals.values())]
    certainty = (
        f"at {len(sure)} of these {len(best)} thresholds every interval of the difference lies "
        "above 0"
    )
    where = f"{100 * low:.0f} %" if low == high else f"{100 * low:.0f} and {100 * high:.0f} %"
    alone = "" if set(rivals) - {"treat_all"} else ", against treating all and none only"
    return [
        f"Decision curve: the highest net benefit at {len(best)} of {len(block['threshold'])} "
        f"thresholds{' at' if low == high else ' between'} {where}{alone}; {certainty}."
    ]


def _above_all(block: Block, rivals: Mapping[str, Block], at: int) -> bool:
    own = block["model"]["net_benefit"]["estimate"][at]
    if own is None or own <= 0:
        return False
    return all((gap["estimate"][at] or 0.0) > 0 for gap in rivals.values())


def _low(gap: Block, at: int) -> float:
    low = gap["low"][at]
    return float("-inf") if low is None else float(low)


def subgroup_rows(block: Block) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield variable, group, patients / with event, AUROC and observed to expected, in words."""
    for variable, groups in block.items():
        for group in groups:
            n, events = group["n_patients"], group["n_event_patients"]
            counts = f"{_count(n)} / {_count(events)}"
            if "model" in group:
                model = group["model"]
                auroc, ratio = shown(model["auroc"]), shown(model["observed_to_expected"], 2)
                yield GROUPS.get(variable, variable), group["group"], counts, auroc, ratio
            else:
                yield GROUPS.get(variable, variable), group["group"], counts, group["note"], ""


def _count(number: int | None) -> str:
    return HELD_BACK if number is None else str(number)


def subgroup_words(block: Block) -> list[str]:
    """Say the figures of every subgroup."""
    said = []
    for variable, group, counts, auroc, ratio in subgroup_rows(block):
        name = f"{variable.capitalize()} {group}"
        if ratio:
            n, events = counts.split(" / ")
            told = (
                f"{n} patients, {events} with the event" if n != HELD_BACK else "counts held back"
            )
            said.append(f"{name} ({told}): AUROC {auroc}, observed to expected {ratio}.")
        else:
            said.append(f"{name}: {auroc}.")
    return said


def instability_words(block: Block) -> list[str]:
    """Say how far the refits disagree with the model about the same patients."""
    error = block["prediction_error"]
    said = [
        f"Under {block['refits']} refits on draws of patients a row's risk moves by "
        f"{error['mean']:.3f} on average, and by {error['centile_90']:.3f} or more for one row "
        "in ten."
    ]
    said += [
        f"{100 * one['share_of_rows_unstable']:.0f} % of rows change sides of "
        f"{100 * one['cut_off']:.3g} % ({one['tier']}) in a tenth of the refits or more."
        for one in block["classification"]
    ]
    return said


def sample_size_words(block: Block) -> list[str]:
    """Say how many patients the usual criteria ask for."""
    return list(block["in_words"])


def learning_curve_words(block: Block) -> list[str]:
    """Say what more patients did."""
    said = block["in_words"]
    return [said] if isinstance(said, str) else list(said)


def selection_words(block: Block) -> list[str]:
    """Say how much of the figure is the luck of having chosen."""
    best = block["best_of"]
    bias = best["bias"]["log_loss"]
    settings = block["search"]["settings_tried"]
    if bias is None:
        return [f"{settings} settings tried; what choosing among them adds cannot be computed."]
    return [
        f"{settings} settings tried inside the folds. The best of {len(best['compared'])} "
        f"risks compared here, {best['best'].replace('_', ' ')}, loses {bias:+.4f} of log loss "
        "once the choice itself is drawn again (bootstrap bias correction)."
    ]


def patient_weighted_words(block: Block) -> list[str]:
    """Say the headline with every patient weighing the same."""
    model = block["model"]
    return [
        f"With every patient weighing the same: AUROC {shown(model['auroc'])}, calibration slope "
        f"{shown(model['calibration_slope'], 2)}, observed to expected "
        f"{shown(model['observed_to_expected'], 2)}."
    ]


WORDS: dict[str, Callable[[Block], list[str]]] = {
    "patient_weighted": patient_weighted_words,
    "calibration": calibration_words,
    "brier_parts": brier_words,
    "thresholds": threshold_words,
    "decision_curve": net_benefit_words,
    "subgroups": subgroup_words,
    "instability": instability_words,
    "sample_size": sample_size_words,
    "learning_curve": learning_curve_words,
    "selection_bias": selection_words,
}


def words_of(evaluation: Mapping[str, Any], name: str) -> list[str]:
    """Return the sentences of one block of an evaluation; none where it was not computed."""
    block = evaluation.get(name)
    return WORDS[name](block) if block else []
