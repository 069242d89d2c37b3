"""What a rule would have accepted, told without the value."""

import pandas as pd
import pytest

from features.legal_values import legal_for_rows


@pytest.mark.parametrize(
    ("name", "number", "unit", "told"),
    [
        ("creatinine_mg_dl", "88", "mg/dL", "0.05 to 30 mg/dL; did you mean umol/L?"),
        ("creatinine_mg_dl", "4000000", "mg/dL", "0.05 to 30 mg/dL"),
        ("creatinine_mg_dl", "many", "mg/dL", "0.05 to 30 mg/dL"),
        ("creatinine_mg_dl", "88", None, "0.05 to 30 mg/dL"),
    ],
)
def test_the_unit_in_which_it_would_be_usual_is_named(
    name: str, number: str, unit: str | None, told: str
) -> None:
    rows = pd.DataFrame({"input": [name], "source_value": [number], "source_unit": [unit]})
    assert legal_for_rows("measurements", "value_is_possible_in_its_unit", rows) == [told]
