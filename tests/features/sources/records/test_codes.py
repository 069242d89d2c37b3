"""Codes of public systems: what they mean, and that they are written as those systems have them."""

import tomllib
from pathlib import Path

import pytest

from features.inputs import INPUTS
from features.products import PRODUCTS
from features.sources.records import codes
from features.sources.records.codes import BELIEVED, MEANINGS, Codes, Meaning, _table, system_name

CODES = Codes()
LOINC = sorted(code for system, code in _table()[0] if system == "LOINC")


@pytest.mark.parametrize("code", LOINC)
def test_every_loinc_code_passes_its_check_digit(code: str) -> None:
    body, _, digit = code.partition("-")
    doubled = [int(c) * (2 if place % 2 == 0 else 1) for place, c in enumerate(reversed(body))]
    assert -sum(sum(divmod(number, 10)) for number in doubled) % 10 == int(digit)


def test_every_code_of_the_table_means_something_legal() -> None:
    exact, prefixes = _table()
    told = [*exact.values(), *(one for pairs in prefixes.values() for _, one in pairs)]
    assert len(told) > 150
    for one in told:
        assert one.what in MEANINGS
        assert one.name in MEANINGS[one.what] or (one.what == "infusion" and not one.name)


def test_every_row_says_how_sure_it_is_and_where_it_was_read() -> None:
    content = tomllib.loads(Path(codes.__file__).with_name("codes.toml").read_text("utf-8"))
    assert {row["source"] for row in content["meaning"]} == set(content["source"])
    for row in content["meaning"]:
        assert row["tag"] in ("L", "L2", BELIEVED)
        assert (row["tag"] == BELIEVED) == (row["source"] == "none")


def test_a_code_stands_in_one_row() -> None:
    content = tomllib.loads(Path(codes.__file__).with_name("codes.toml").read_text("utf-8"))
    told = [
        (row["system"], code)
        for row in content["meaning"]
        for code in (*row.get("code", ()), *row.get("prefix", ()))
    ]
    assert len(set(told)) == len(told)


def test_gm_csf_is_no_g_csf() -> None:
    assert CODES.meaning("ATC", "L03AA02") == Meaning("agent", "g_csf")
    for gm_csf in ("L03AA03", "L03AA09"):
        assert CODES.meaning("ATC", gm_csf) is None


@pytest.mark.parametrize("name", INPUTS)
def test_every_loinc_code_of_an_input_means_it(name: str) -> None:
    for code in INPUTS[name].loinc:
        assert CODES.meaning("LOINC", code) == Meaning("input", name)


@pytest.mark.parametrize("name", [name for name, one in PRODUCTS.items() if one.rxnorm])
def test_every_product_is_found_by_rxnorm_and_omop(name: str) -> None:
    for system, code in (("RxNorm", PRODUCTS[name].rxnorm), ("OMOP", PRODUCTS[name].omop)):
        assert CODES.meaning(system, str(code)) == Meaning("product", name)


@pytest.mark.parametrize(
    ("system", "code", "what", "name"),
    [
        ("ICD10PCS", "XW033H7", "product", "axicabtagene ciloleucel"),
        ("ICD10PCS", "xw043c3", "infusion", ""),
        ("CPT4", "38228", "infusion", ""),
        ("ICD10CM", "D89.833", "toxicity", "CRS"),
        ("ICD10CM", "G9205", "toxicity", "ICANS"),
        ("ICD10CM", "C83.30", "diagnosis", "LBCL"),
        ("ICD10", "C83.1", "diagnosis", "MCL"),
        ("ATC", "H02AB04", "agent", "corticosteroid"),
        ("ATC", "L01BB05", "lymphodepletion", "fludarabine"),
        ("LOINC", "89247-1", "field", "ecog"),
    ],
)
def test_a_code_means(system: str, code: str, what: str, name: str) -> None:
    meaning = CODES.meaning(system, code)
    assert meaning is not None
    assert (meaning.what, meaning.name) == (what, name)


@pytest.mark.parametrize("code", ["D89.839", "G92.00", "C83", "1988", ""])
def test_what_is_not_specific_means_nothing(code: str) -> None:
    assert CODES.meaning("ICD10CM", code) is None


def test_a_site_overrides_the_table() -> None:
    own = Codes({("ICD10CM", "C83.30"): Meaning("ignore")})
    assert own.meaning("ICD10CM", "C8330") == Meaning("ignore")


def test_an_unstated_product_gives_way_to_a_stated_one() -> None:
    codings = [("CPT4", "38228"), ("ICD10PCS", "XW033H7")]
    assert CODES.chosen(codings) == (("ICD10PCS", "XW033H7"), True)
    two = [("ICD10PCS", "XW033J7"), ("ICD10PCS", "XW033H7")]
    assert CODES.chosen(two) == (("ICD10PCS", "XW033J7"), False)


def test_systems_have_short_names() -> None:
    assert system_name("http://loinc.org") == "LOINC"
    assert system_name("urn:oid:2.16.840.1.113883.6.96") == "SNOMED"
    assert system_name("http://lab.example.org") == "local:http://lab.example.org"
    assert system_name(None) == "local:"
