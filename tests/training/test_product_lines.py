import re

import pytest

from features.errors import ProductError
from features.products import MIXED_RATES, PRODUCTS
from training.__main__ import main
from training.product_lines import LEGEND, NOT_VERIFIED, catalogue_lines, product_lines


def test_the_catalogue_has_one_line_for_each_product():
    lines = catalogue_lines()
    for one in PRODUCTS.values():
        (line,) = [line for line in lines if line.startswith(f"{one.short} ")]
        assert one.name in line
        assert f"{one.target} x {one.costimulation}" in line
        assert f"{len(one.rates)} rates" in line
        assert ("UNCONFIRMED" in line) == (not one.confirmed)


@pytest.mark.parametrize("one", PRODUCTS.values(), ids=lambda one: one.short)
def test_a_product_in_full_says_not_verified_beside_what_was_not_read(one):
    *said, _, legend = product_lines(one.short)
    assert legend == LEGEND
    rates = said[len(said) - len(one.rates) :]
    for rate, line in zip(one.rates, rates, strict=True):
        assert rate.source in line
        assert rate.scale in line
        assert f"[{rate.tag}" in line
        assert (NOT_VERIFIED in line) == (not rate.verified)
    whole = " ".join(said)
    for name in one.names:
        assert name in whole
    for fact in (one.identity, *one.dose, one.lymphodepletion, *one.warnings):
        (line,) = [line for line in said if fact.text in line and f"[{fact.tag}" in line][:1]
        assert (NOT_VERIFIED in line) == (not fact.verified)


def test_cohorts_of_several_products_are_printed_apart():
    assert len(product_lines("mixed")) == 1 + len(MIXED_RATES) + 2


def test_counts_are_printed_where_they_were_published():
    (line,) = [
        line for line in product_lines("Yescarta") if "CRS >= 1" in line and "ZUMA-1;" in line
    ]
    assert "93.5 % (101 of 108), scale Lee" in line


def test_the_command_prints_and_refuses_by_name(capsys):
    assert main(["products"]) == 0
    assert "tisagenlecleucel" in capsys.readouterr().out
    assert main(["products", "carvykti"]) == 0
    assert "ciltacabtagene autoleucel (cilta-cel)" in capsys.readouterr().out
    assert main(["products", "Blincyto"]) == 2
    assert "bispecific antibody" in capsys.readouterr().err


def test_an_unknown_name_is_refused():
    with pytest.raises(ProductError, match="not in the CAR-T catalogue"):
        product_lines("nonesuch")


def test_every_tag_that_is_printed_is_explained():
    printed = " ".join(line for one in PRODUCTS.values() for line in product_lines(one.short)[:-1])
    for tag in set(re.findall(r"\[([A-Z][A-Za-z0-9]*)[,\]]", printed)):
        assert f"[{tag}]" in LEGEND


def test_a_chinese_name_is_answered_like_an_english_one(capsys):
    assert main(["products", "阿基仑赛"]) == 0
    said = capsys.readouterr().out
    assert "axicabtagene ciloleucel (axi-cel)" in said
    assert "阿基仑赛 (brand 奕凯达) [L]; Fosun notice" in said
