"""The signs of numbers are decided by cells that can be read in one way only."""

import pandas as pd
import pytest

from features.sources.csv.number_guesses import numbers_in


def cells(*values: object) -> pd.Series:
    return pd.Series(list(values), dtype=object)


@pytest.mark.parametrize(
    ("values", "sign", "thousands"),
    [
        (("1,5", "2"), ",", {}), (("1.5", "1,234"), ".", {",": 1}), ((1.5, 2), ".", {}),
        (("1,5", "1.5"), "", {}), (("1,234",), "", {",": 1}), (("1.234", "2,5"), ",", {".": 1}),
        (("<0,5 ",), ",", {}), (("12.5↑",), ".", {}), (("1.234,5",), ",", {".": 1}),
        (("1,234.5",), ".", {",": 1}), (("1,234,567",), ".", {",": 1}),
        (("1.234.567",), ",", {".": 1}), (("1 234,5",), ",", {" ": 1}), (("1'234",), ".", {"'": 1}),
        (("1.234,5", "1,234.5"), "", {".": 1, ",": 1}), (("1234", "0.5", "n/a"), ".", {}),
    ],
)  # fmt: skip
def test_signs_and_thousands(
    values: tuple[object, ...], sign: str, thousands: dict[str, int]
) -> None:
    found = numbers_in([cells(*values)])
    assert (found.decimal, found.thousands) == (sign, thousands)
    assert found.why
