"""The mapping file: what is legal, and how anything else is refused."""

from pathlib import Path

import pytest

from features.errors import CohortError
from features.sources.csv.mapping import read_mapping

SOUND = """
resolution = "day"
[[file]]
name = "p.csv"
rows = "patients"
[file.columns]
"ID" = { is = "patient_id" }
"product" = { is = "product", words = { "A" = "axi-cel" } }
"dose" = { is = "dose_car_t_cells", unit = "10*6{cells}" }
"infused" = { is = "infused_at", dates = "iso" }
[[file]]
name = "l.csv"
rows = "results"
encoding = "cp1252"
delimiter = ";"
decimal = ","
thousands = "."
ignored = ["remarks"]
[file.columns]
"ID" = { is = "patient_id" }
"date" = { is = "day", dates = "day_first" }
"test" = { is = "test" }
"result" = { is = "value" }
[file.tests]
"CRP" = { is = "crp_mg_l", unit = "mg/L" }
"ICE" = { is = "ice_score" }
"junk" = { is = "ignored" }
[file.units]
"Tsd/ul" = "10*3/uL"
"""


def a_mapping(path: Path, text: str) -> Path:
    file = path / "mapping.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_sound_mapping_is_read(tmp_path: Path) -> None:
    mapped = read_mapping(a_mapping(tmp_path, SOUND))
    patients, results = mapped.files
    assert mapped.settings == {"resolution": "day"}
    assert patients.columns[1].words == {"A": "axi-cel"}
    assert (results.encoding, results.delimiter, results.ignored) == ("cp1252", ";", ("remarks",))
    assert (results.signs.decimal, results.signs.thousands) == (",", ".")
    assert results.tests["CRP"].unit == "mg/L"
    assert results.place("day").dates == "day_first"  # type: ignore[union-attr]
    assert results.place("unit") is None


@pytest.mark.parametrize(
    ("instead", "of", "words"),
    [
        ('is = "crp"', 'is = "crp_mg_l"', "is = 'crp' is not known. Did you mean 'crp_mg_l'"),
        ('unit = ""', 'unit = "mg/L"', "crp_mg_l came without a unit. Legal units: mg/L"),
        ('unit = "stones"', 'unit = "mg/L"', "unit = 'stones'.*legal: mg/L, ug/mL"),
        ('unit = ""', 'unit = "10*6{cells}"', r'unit is still empty. Fill it: "\{cells\}"'),
        ('dates = ""', 'dates = "iso"', r'\'infused\': dates is still empty. Fill it: "iso" 2026'),
        ('is = "infused_at"', 'is = "infused_at", dates = "iso"', "dates is still empty"),
        ('dates = "dmy"', 'dates = "day_first"', r'dates = \'dmy\' is not known. Legal: "iso" \|'),
        ('when = "iso"', 'dates = "iso"', r"'when' = 'iso' is not known; legal: is, unit, dates"),
        ('colour = "red"', 'delimiter = ";"', r"\(l.csv\)|'colour' = 'red' is not known; legal"),
        ('decimal = ""', 'decimal = ","', r'decimal is still empty. Fill it: "." \| ","'),
        ('thousands = ","', 'thousands = "."', "decimal and thousands are both ','"),
        ('encoding = "latin"', 'encoding = "cp1252"', "encoding = 'latin' is not known. Legal"),
        ('rows = "people"', 'rows = "patients"', "rows = 'people' is not known. Legal: "),
        ('= ""', '= "10*3/uL"', r"\[file.units\]: 'Tsd/ul' is still empty"),
        ('{ "A" = "" }', '{ "A" = "axi-cel" }', r"words: 'A' is still empty"),
        ('"test" = { is = "unit" }', '"test" = { is = "test" }', "needs a column that is 'test'"),
        ('"x" = { is = "value" }', '"test" = { is = "test" }', "'value' is there more than once"),
        ('is = "site"', 'is = "patient_id"', "no column is patient_id"),
        ('is = "day", unit = "d"', 'is = "day"', "'day' has no unit"),
        ('is = "value", dates = "iso"', 'is = "value"', "'value' is no date"),
        ('name = "p.csv"', 'name = "l.csv"', "name = .* more than once"),
        ('zone = "x"\nresolution = "day"', 'resolution = "day"', "'zone' = 'x' is not known"),
        ('time_zone = ""\nresolution = "day"', 'resolution = "day"', "time_zone is still empty"),
        ('thousands = ""', 'thousands = "."', "thousands is still empty.*or delete the line"),
        ('"" =', '"ID" =', "the heading, as the file has it"),
        ('is = "ice_score", units = { "p" = "" }', 'is = "ice_score"', "'p' is still empty"),
        ('"CRP" = { is = "crp_mg_l", units = { "x" = "mg/L" } }',
         '"CRP" = { is = "crp_mg_l", unit = "mg/L" }', "units needs a column that is 'unit'"),
        ('is = "crp_mg_l", units = { "x" = "stones" }', 'is = "crp_mg_l"', "unit = 'stones'"),
        ('is = "ignored", unit = "mg/L"', 'is = "ignored"', "'ignored' has no unit"),
        ('is = "day", units = { "x" = "d" }', 'is = "day"', "'units' is not known; legal: is, "),
        ('time_zone = 1\nresolution = "day"', 'resolution = "day"', "time_zone is a text"),
        ('header_row = 0\nname = "p.csv"', 'name = "p.csv"', "header_row is a whole number"),
        ('"ICE" = 3', '"ICE" = { is = "ice_score" }', "'ICE' is a table of keys"),
        ('"Tsd/ul" = 3', '"Tsd/ul" = "10*3/uL"', "'Tsd/ul' is a text in quotes"),
        ('resolution = ', 'resolution = "day"', "cannot be read"),
    ],
)  # fmt: skip
def test_what_is_not_legal_is_refused_by_file_key_and_value(
    tmp_path: Path, instead: str, of: str, words: str
) -> None:
    assert of in SOUND
    with pytest.raises(CohortError, match=words) as caught:
        read_mapping(a_mapping(tmp_path, SOUND.replace(of, instead, 1)))
    assert str(caught.value).startswith("mapping.toml")


def test_a_mapping_without_files_or_without_a_mapping(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match=r"there is no \[\[file\]\]"):
        read_mapping(a_mapping(tmp_path, 'resolution = "day"'))
    with pytest.raises(CohortError, match="python -m training map"):
        read_mapping(tmp_path / "absent.toml")


def test_a_fact_of_every_course_is_filled_or_refused(tmp_path: Path) -> None:
    for stated, words in (('product = ""', "is still empty"), ('colour = "x"', "is not known")):
        with pytest.raises(CohortError, match=words):
            read_mapping(a_mapping(tmp_path, f"[same_for_all]\n{stated}\n{SOUND[20:]}"))
