"""Switch off what the libraries would send home.

MLflow and BentoML report usage unless told otherwise, and they read the switch when they are
imported or first used. So `switch_off_telemetry` runs before either of them is imported, and the
environment carries the switches on to every process that is started from here. Optuna, SHAP,
XGBoost, scikit-learn, matplotlib and psycopg send nothing. DuckDB would fetch extensions; where it
is opened (``features/sources/omop/folder.py``) that is switched off.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

SWITCHES: dict[str, str] = {
    # Both libraries compare with the word "true": "1" would leave them talking.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "BENTOML_DO_NOT_TRACK": "true",
    # Read by MLflow as well, and the usual word elsewhere (consoledonottrack.com).
    "DO_NOT_TRACK": "true",
    # FastAPI and BentoML export traces to wherever OTEL_EXPORTER_OTLP_ENDPOINT points.
    "OTEL_SDK_DISABLED": "true",
    "OTEL_TRACES_EXPORTER": "none",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
}


def switch_off_telemetry(environment: MutableMapping[str, str] | None = None) -> None:
    """Set every switch in `environment` (default: of this process and those it starts)."""
    (os.environ if environment is None else environment).update(SWITCHES)
