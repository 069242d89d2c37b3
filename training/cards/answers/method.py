"""How the model was made and how it was judged."""

from __future__ import annotations

from training.cards.answers.about import words
from training.cards.answers.blocks import block_words
from training.cards.evidence import Evidence


def predictors(e: Evidence) -> str | None:
    """Count the predictors and say how they are defined and when they are known."""
    offered = e.model.predictors
    terms = {term.predictor for term in e.model.linear.terms}
    return (
        f"{len(offered.names())} columns by definitions of version {offered.version}, each with a "
        f"unit, of what was known at the landmark; {len(terms)} of them in the linear margin. The "
        "list is in model.json. Chosen by the plan before the fit, not by the outcome."
    )


def preparation(e: Evidence) -> str | None:
    """Say how records became numbers."""
    return (
        "One function makes predictors for training and serving. Units are converted by an "
        "explicit table; a value without unit or impossible in it is left out by a named rule and "
        "counted; the same for every patient."
    )


def missing_data(e: Evidence) -> str | None:
    """Say what became of missing values and cut records."""
    return (
        "Nobody is left out for a missing predictor. The linear margin counts a missing value as "
        "the training centre, the trees learn a branch for it; nothing is filled by outcome."
    )


def learner(e: Evidence) -> str | None:
    """Say which kind of model it is and how it was tuned."""
    found = e.model
    if "comparator" in e.manifest:
        return (
            f"The comparator {words(e.manifest['comparator'])}, served in place of a larger model: "
            f"a penalised linear margin of {len(found.linear.terms)} terms, fitted by log loss."
        )
    trees = e.manifest.get("trees", 0)
    grown = f"{trees} trees on its residual" if found.trees else "no tree (none was worth growing)"
    return (
        f"A penalised linear margin of {len(found.linear.terms)} terms and {grown}; calibrator: "
        f"{e.manifest.get('calibration', 'not recorded')}; fitted by log loss."
    )


def tuning(e: Evidence) -> str | None:
    """Say how settings were chosen and how many were tried."""
    if e.plan is None:
        return None
    rule = " with the one-standard-error rule" if e.plan.tuning.one_standard_error else ""
    tried = e.evaluation.get("models_tried")
    count = f" {tried} settings were tried in all." if tried is not None else ""
    return (
        f"Settings chosen by log loss over {e.plan.folds.inner} inner folds of patients, "
        f"{e.plan.tuning.trials} trials a search{rule}.{count}"
    )


def validation(e: Evidence) -> str | None:
    """Say how performance was estimated."""
    method = e.evaluation.get("method")
    if method is None:
        return None
    folds = f", {e.plan.folds.outer} outer folds" if e.plan else ""
    repeats = e.evaluation.get("repeats")
    repeated = f", {repeats} repeats" if repeats else ""
    return f"{method[0].upper()}{method[1:]}{folds}{repeated}. Every step is learnt in the fold."


def external_method(e: Evidence) -> str | None:
    """Say how it was judged on other patients, where it was."""
    methods = dict.fromkeys(str(one["method"]) for one in e.elsewhere if one.get("method"))
    return "; ".join(methods) or None


def comparators(e: Evidence) -> str | None:
    """Name what it was compared with on the same rows."""
    named = [words(name) for name in e.evaluation["comparators"]]
    if not named:
        return None
    out = e.evaluation.get("left_out") or {}
    without = f" Not computable: {', '.join(map(words, out))}." if out else ""
    return f"Compared on the same rows and draws with {', '.join(named)}.{without}"


def measures(e: Evidence) -> str | None:
    """Name the measures of performance."""
    named = [words(name) for name in e.evaluation["model"]]
    extra = [words(name) for name in ("calibration", "decision_curve", "thresholds",
                                      "instability") if e.block(name)]  # fmt: skip
    return f"{', '.join([*named, *extra])}; each with a 95 % interval over draws of patients."


def sample_size(e: Evidence) -> str | None:
    """Give the sample-size calculation, where the run has one."""
    return block_words(e, "sample_size")


def learning_curve(e: Evidence) -> str | None:
    """Give the learning curve, where the run has one."""
    return block_words(e, "learning_curve")


def instability(e: Evidence) -> str | None:
    """Give the spread of the same patients' risks over refits, where the run has it."""
    return block_words(e, "instability")


def selection_bias(e: Evidence) -> str | None:
    """Give the bias of choosing the best of several, where the run has it."""
    return block_words(e, "selection_bias")


def imbalance(e: Evidence) -> str | None:
    """Say whether classes were balanced by force."""
    return "No class was reweighted or resampled: log loss on the events as they came."


def code(e: Evidence) -> str | None:
    """Say which code and libraries made it."""
    found = e.manifest
    if "code_version" not in found:
        return None
    versions = ", ".join(f"{name} {v}" for name, v in found.get("versions", {}).items())
    return f"{found['code_version']}; licence Apache-2.0. Libraries: {versions or 'not recorded'}."


def identity(e: Evidence) -> str | None:
    """Give version, digest, run and plan."""
    said = [f"digest {e.model.digest[:16]}"]
    said += [e.version.name, f"run {e.version.run_id}"] if e.version else []
    said += [f"plan {e.plan.name}, digest {e.plan.digest()[:16]}"] if e.plan else []
    return "; ".join(said)


def specification(e: Evidence) -> str | None:
    """Say where the whole model can be read."""
    return (
        "The whole model is a directory of plain JSON (coefficients, trees, calibrator, tiers, "
        f"training ranges), digest {e.model.digest[:16]}; every answer can be computed from it."
    )


def interval_made(e: Evidence) -> str | None:
    """Say what the interval of one answer is."""
    if e.plan is None or e.model.refits is None:
        return None
    coverage = e.manifest.get("interval_coverage")
    held = "" if coverage is None else f"; it held {100 * coverage:.0f} % of synthetic true risks"
    return (
        f"Interval of one answer: {e.model.interval_name} over {e.plan.interval.refits} refits on "
        f"draws of patients{held}. Not the uncertainty of a new hospital."
    )
