"""How MLflow loads a risk-model directory: `loader_module` of every registered model.

The registered model is the directory itself; nothing of it is code or pickle. Whoever loads it
needs this project installed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from models.risk_model import RiskModel

OUTPUTS = ("risk", "low", "high")


class ServedByMlflow:
    """A risk model behind MLflow's `predict`: risk with the interval of its refits."""

    def __init__(self, model: RiskModel) -> None:
        self.model = model

    def predict(self, rows: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Return risk, low and high for each row of predictors; an absent column is missing."""
        whole = rows.reindex(columns=list(self.model.predictors.names())).astype("float64")
        interval = self.model.interval(whole)
        columns = {"risk": self.model.predict(whole), "low": interval[:, 0], "high": interval[:, 1]}
        return pd.DataFrame(columns, index=rows.index, dtype="float64")


def _load_pyfunc(path: str) -> ServedByMlflow:
    """Load what MLflow stored; the name is MLflow's."""
    return ServedByMlflow(RiskModel.load(Path(path)))
