"""Tracking stores for tests: MLflow takes seconds to make its tables, so they are made once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from training.export import import_bentoml
from training.tracking_store import TrackingStore, open_store
from training.work_folder import WorkFolder


@pytest.fixture(scope="session")
def empty_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = WorkFolder(tmp_path_factory.mktemp("tables"))
    open_store(folder, {})
    return folder.tracking_database


@pytest.fixture
def folder(tmp_path: Path, empty_tables: Path) -> WorkFolder:
    """Return a work folder whose tracking store is there and empty."""
    work = WorkFolder(tmp_path / "work")
    work.root.mkdir()
    shutil.copy(empty_tables, work.tracking_database)
    return work


@pytest.fixture
def store(folder: WorkFolder) -> TrackingStore:
    return open_store(folder, {})


@pytest.fixture
def own_model_store(tmp_path: Path) -> Iterator[None]:
    """Keep the BentoML store of whoever runs the tests out of them."""
    import_bentoml()
    from bentoml._internal.configuration.containers import BentoMLContainer
    from bentoml._internal.models.model import ModelStore

    (tmp_path / "models").mkdir()
    BentoMLContainer.model_store.set(ModelStore(tmp_path / "models"))
    yield
    BentoMLContainer.model_store.reset()
