"""An OMOP database nobody here wrote."""

from pathlib import Path

import pandas as pd
import pytest

from features.errors import CohortError
from tests.features.sources.records.omop_rows import read_omop
from tests.real_data import real_file


@pytest.fixture(scope="module")
def synthea(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The CDM 5.4 of Synthea, unpacked for this run only."""
    import zipfile

    place = tmp_path_factory.mktemp("synthea")
    with zipfile.ZipFile(real_file("interop/omop/Synthea27Nj_5.4.zip")) as archive:
        for one in archive.namelist():
            if "/" not in one:
                archive.extract(one, place)
    return place


@pytest.mark.real
def test_a_true_database_without_car_t_says_so(synthea: Path) -> None:
    with pytest.raises(CohortError, match="no infusion"):
        read_omop(synthea)


@pytest.mark.real
def test_a_true_database_gives_the_results_that_pandas_counts(
    synthea: Path, tmp_path: Path
) -> None:
    """A common procedure is called an infusion: each is a course with its results."""
    procedures = pd.read_csv(synthea / "PROCEDURE_OCCURRENCE.csv")
    code = procedures["procedure_source_value"].mode()[0]
    mapping = tmp_path / "site.toml"
    mapping.write_text(f'[[code]]\nsystem = "SNOMED"\ncode = "{code}"\nproduct = "axi-cel"\n')
    cohort, failures = read_omop(synthea, mapping=str(mapping))
    mine = procedures[procedures["procedure_source_value"].eq(code)]
    assert cohort.courses["patient_id"].nunique() == mine["person_id"].nunique()
    first = pd.to_datetime(mine.groupby("person_id")["procedure_date"].min())
    results = pd.read_csv(synthea / "MEASUREMENT.csv")
    weights = results[results["measurement_source_value"].eq("29463-7")]
    since = weights["person_id"].map(first) - pd.Timedelta(days=90)
    expected = weights[pd.to_datetime(weights["measurement_date"]) >= since]
    kept = cohort.measurements[cohort.measurements["input"].eq("body_weight_kg")]
    left_out = failures.rows[failures.rows["table"].eq("measurements")]["row"]
    assert len(expected) > 100
    assert set(kept["source_row"]) | set(left_out) >= set(expected["measurement_id"])
    assert set(kept["source_row"]) <= set(expected["measurement_id"])
    of_kept = expected.set_index("measurement_id")["value_as_number"]
    assert kept["value"].to_numpy() == pytest.approx(of_kept[kept["source_row"]].to_numpy())
