"""One picture of the benchmark: how much is refused, by what the leak is worth."""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")
from leaks import LEAKS, QUALITY
from matplotlib import pyplot as plt

EDGES = np.array([0.50, 0.60, 0.70, 0.75, 0.80, 0.85, 0.90, 0.95, 1.0001])
GROUPS = {
    "missing, number, hours": ("missing results", "number of results", "hours of results",
                               "start of the record"),
    "order, site, end of record": ("order of the file", "site or source", "end of the record"),
    "units, format, garbled, fills": ("units as written", "numbers as written", "units mixed up",
                                      "garbled numbers", "gaps filled"),
    "another field, future, copies": ("a course fact repeats the outcome",
                                      "an input is the outcome",
                                      "an input holds another field", "known before it can be",
                                      "patients or rows entered twice", "grading system"),
}  # fmt: skip


def draw(found: dict[str, Any], path: Path) -> None:
    """Draw the share refused against worth, by group of leaks, and the false alarms."""
    figure, axis = plt.subplots(figsize=(9, 5))
    leaks = [one for one in found["planted"] if LEAKS[one["kind"]].family != QUALITY]
    for name, families in GROUPS.items():
        _line(axis, [one for one in leaks if LEAKS[one["kind"]].family in families], name, 1.5)
    _line(axis, leaks, "all leaks", 3.5)
    clean = found["clean"]
    alarms = sum(bool(one["refused_by"]) for one in clean)
    axis.plot([0.5], [alarms / len(clean)], "ko", clip_on=False)
    axis.annotate(
        f"clean: {alarms} of {len(clean)} refused", (0.5, alarms / len(clean)),
        textcoords="offset points", xytext=(10, 8),
    )  # fmt: skip
    axis.axvline(0.90, color="0.6", linestyle=":")
    axis.set(
        xlabel="what the leak is worth: AUROC of its own tell-tale", ylabel="refused",
        xlim=(0.5, 1.0), ylim=(0, 1.02),
        title="What the audit refuses (synthetic cohorts, 20 events or more)",
    )  # fmt: skip
    axis.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axis.legend(loc="upper left", frameon=False)
    axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _line(axis: Any, mine: list[dict[str, Any]], name: str, width: float) -> None:
    worths = np.array([one["worth"] for one in mine])
    refused = np.array([bool(one["refused_by"]) for one in mine])
    bins = np.digitize(worths, EDGES) - 1
    used = [at for at in range(len(EDGES) - 1) if (bins == at).any()]
    axis.plot(
        [worths[bins == at].mean() for at in used], [refused[bins == at].mean() for at in used],
        marker="o", markersize=4, linewidth=width, label=name,
        color="black" if name == "all leaks" else None,
    )  # fmt: skip
