"""Blocks of an evaluation in their real shape, one group or threshold each."""


def a_figure(estimate: float, low: float = 0.6, high: float = 0.9) -> dict[str, float]:
    """A figure with its interval."""
    return {"estimate": estimate, "low": low, "high": high}


def a_group(name: str) -> dict[str, object]:
    """A subgroup with its figures."""
    return {
        "group": name, "n_patients": 60, "n_rows": 400, "n_event_patients": 12,
        "model": {"auroc": a_figure(0.7654), "observed_to_expected": a_figure(1.01, 0.7, 1.4)},
    }  # fmt: skip


SUBGROUPS = {"sex": [a_group("female")]}
SAMPLE_SIZE = {"in_words": ["Learning 56 parameters asks for 1372 patients: too few."]}
CALIBRATION = {
    "model": {
        "eavg": a_figure(0.0456, 0.01, 0.09), "e50": a_figure(0.02, 0.01, 0.03),
        "e90": a_figure(0.1, 0.05, 0.2), "emax": a_figure(0.3, 0.1, 0.5),
    },
}  # fmt: skip
DECISION_CURVE = {
    "threshold": [0.1, 0.2], "reason": None,
    "model": {"net_benefit": {"estimate": [0.06, 0.03], "low": [0.0, 0.0], "high": [0.1, 0.1]}},
    "differences": {
        "treat_all": {"estimate": [0.01, 0.02], "low": [0.005, -0.01], "high": [0.02, 0.03]}
    },
}  # fmt: skip
PATIENT_WEIGHTED = {
    "model": {
        "auroc": a_figure(0.8112, 0.7, 0.9), "calibration_slope": a_figure(0.9),
        "observed_to_expected": a_figure(1.0),
    },
}  # fmt: skip
