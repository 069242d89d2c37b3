"""Other units, tenfold errors, impossible values and lost digits are found; extremes are honest."""

import numpy as np
import pytest

from tests.training.audited import Audited
from training.audit_rules.finding import Finding
from training.audit_rules.values import (
    digits_are_lost,
    impossible_values_cluster,
    units_are_mixed,
)


def with_results(name: str, values: np.ndarray, text: list[str] | None = None) -> Audited:
    made = Audited()
    rows = made.measurements[made.measurements["input"] == "crp_mg_l"].iloc[: len(values)]
    made.measurements = rows.assign(input=name, value=values, source_value=text or "")
    return made


def temperatures(share_fahrenheit: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    celsius = rng.normal(37.5, 0.8, 600).round(1)
    return np.where(rng.random(600) < share_fahrenheit, celsius * 1.8 + 32, celsius)


def test_fahrenheit_among_celsius_is_named() -> None:
    finding = units_are_mixed(with_results("temperature_c", temperatures(0.4)).evidence())
    assert finding.severity == "refuse"
    assert finding.columns == ("temperature_c",)
    assert "as if [degF]" in finding.text


def test_a_few_in_another_unit_are_a_warning() -> None:
    finding = units_are_mixed(with_results("temperature_c", temperatures(0.03)).evidence())
    assert finding.severity == "warn"


def test_one_unit_is_a_note() -> None:
    finding = units_are_mixed(with_results("temperature_c", temperatures(0.0)).evidence())
    assert finding.severity == "note"


def test_sodium_that_lost_its_zero_is_ten_times_too_small() -> None:
    rng = np.random.default_rng(2)
    sodium = rng.normal(139, 3, 600).round(0)
    lost = np.where(rng.random(600) < 0.2, sodium / 10, sodium)
    finding = units_are_mixed(with_results("sodium_mmol_l", lost).evidence())
    assert "sodium_mmol_l as if ten times too small" in finding.text


def test_honest_extremes_and_a_ceiling_of_the_instrument_are_no_other_unit() -> None:
    rng = np.random.default_rng(3)
    crp = np.r_[np.minimum(rng.lognormal(4.0, 0.9, 760), 1000.0), np.full(40, 1000.0)]
    assert units_are_mixed(with_results("crp_mg_l", crp).evidence()).severity == "note"


def test_impossible_values_are_counted_and_named() -> None:
    values = np.where(np.arange(600) % 20 == 0, 4000.0, 139.0)
    finding = impossible_values_cluster(with_results("sodium_mmol_l", values).evidence())
    assert finding.severity == "refuse"
    assert finding.row_counts == {"sodium_mmol_l": 30}


def digits(keep_zeros: bool, name: str = "ferritin_ng_ml") -> Finding:
    numbers = [str(one) for one in np.random.default_rng(4).integers(1000, 99999, 800)]
    text = numbers if keep_zeros else [one.replace("0", "") or "1" for one in numbers]
    return digits_are_lost(with_results(name, np.full(800, 500.0), text).evidence())


def test_lost_zeros_are_noticed() -> None:
    finding = digits(keep_zeros=False)
    assert finding.severity == "warn"
    assert finding.columns == ("ferritin_ng_ml",)


def test_complete_numbers_are_a_note() -> None:
    assert digits(keep_zeros=True).severity == "note"


@pytest.mark.parametrize(("middle", "spread"), [(37.2, 0.7), (139.0, 3.0), (97.0, 1.5)])
def test_an_input_of_a_narrow_range_proves_nothing(middle: float, spread: float) -> None:
    values = np.random.default_rng(5).normal(middle, spread, 900).round(1)
    made = with_results("temperature_c", values, [f"{one:.1f}" for one in values])
    assert digits_are_lost(made.evidence()).severity == "note"
