"""Cells as people write them: widths, comparators, decimal signs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.sources.csv.as_written import Signs, narrow, plain_number, plain_text

POINT, COMMA = Signs(), Signs(",")
CELLS = st.text(
    "0123456789.,<>≤≥+-eE %０１２３４５６７８９．，＜＞％　↑↓*HL'−小大于等低高Ⅱ", max_size=12
)


@pytest.mark.parametrize(
    ("cell", "signs", "plain"),
    [
        ("１２．５", POINT, "12.5"), ("＜０．５", POINT, "<0.5"), ("> 40000", POINT, ">40000"),
        ("≦3", POINT, "≤3"), ("小于0.5", POINT, "<0.5"), ("大于等于7", POINT, "≥7"),
        ("12.5↑", POINT, "12.5"), ("12.5 H", POINT, "12.5"), ("−3", POINT, "-3"), (3, POINT, "3"),
        (3.0, POINT, "3"), (0.25, POINT, "0.25"), ("1,5", COMMA, "1.5"), ("＜0，5", COMMA, "<0.5"),
        ("1.234,5", Signs(",", "."), "1234.5"), ("1,234,567.8", Signs(".", ","), "1234567.8"),
        ("1 234", Signs(".", " "), "1234"), ("1e3", POINT, "1e3"), (".5", POINT, ".5"),
    ],
)  # fmt: skip
def test_numbers_are_read_as_they_are_written(cell: object, signs: Signs, plain: str) -> None:
    assert plain_number(cell, signs) == plain


@pytest.mark.parametrize(
    ("cell", "signs"),
    [
        ("阴性", POINT), ("negative", POINT), ("1,234", POINT), ("1.234", COMMA), ("", POINT),
        ("12,5", POINT), ("1.5", Signs(",", ".")), ("12.34,5", Signs(",", ".")), (None, POINT),
        (True, POINT), ("12 mg", POINT), ("inf", POINT), ("nan", POINT), ("1-2", POINT),
        ("<", POINT), ("<<1", POINT), ("=A1", POINT), ("٣", POINT), (float("inf"), POINT),
    ],
)  # fmt: skip
def test_what_is_no_number_by_the_declared_signs_is_none(cell: object, signs: Signs) -> None:
    assert plain_number(cell, signs) is None


def test_a_declared_unit_behind_the_number_says_nothing_new() -> None:
    assert plain_number("５５岁", POINT, ("岁",)) == "55"
    assert plain_number("12.5 MG/L", POINT, ("mg/L",)) == "12.5"
    assert plain_number("12.5 mg/dL", POINT, ("mg/L",)) is None


@pytest.mark.parametrize(
    ("cell", "text"), [(1.0, "1"), ("001", "001"), (" Ａ１ ", "A1"), ("", None)]
)
def test_ids_keep_their_zeros_and_lose_their_width(cell: object, text: str | None) -> None:
    assert plain_text(cell) == text


@given(st.one_of(st.text(max_size=20), CELLS))
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = narrow(text)
    assert narrow(once) == once
    assert (plain_text(once) or "") == once


@given(CELLS, st.sampled_from([POINT, COMMA, Signs(",", "."), Signs(".", ","), Signs(".", " ")]))
def test_a_plain_number_is_read_again_as_itself(cell: str, signs: Signs) -> None:
    plain = plain_number(cell, signs)
    if plain is not None:
        assert plain_number(plain, POINT) == plain
        float(plain.lstrip("<>≤≥="))
