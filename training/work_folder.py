"""Where training leaves things: one folder, named once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT = "work"


@dataclass(frozen=True)
class WorkFolder:
    """The folder that holds models, releases and the tracking store; never part of the project."""

    root: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> WorkFolder:
        """Read VIGICELL_WORK; `work` below the current directory where it is not set."""
        return cls(Path(environment.get("VIGICELL_WORK", "").strip() or DEFAULT).absolute())

    @property
    def models(self) -> Path:
        """Fitted risk models, one directory per plan."""
        return self.root / "models"

    @property
    def releases(self) -> Path:
        """The chain of releases, one directory each."""
        return self.root / "releases"

    @property
    def studies(self) -> Path:
        """Tuning studies that can go on after a stop."""
        return self.root / "studies"

    @property
    def tracking_database(self) -> Path:
        """SQLite file of MLflow."""
        return self.root / "mlflow.db"

    @property
    def artifacts(self) -> Path:
        """Artefacts of MLflow."""
        return self.root / "mlflow-artifacts"

    @property
    def gate_record(self) -> Path:
        """Chained record of promotions, refusals and overrides."""
        return self.root / "gate.jsonl"

    @property
    def pairing_key(self) -> Path:
        """Key of the draws by which runs are paired; it never leaves this folder."""
        return self.root / "pairing.key"
