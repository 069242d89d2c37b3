"""What a site says about its own records, and what it is told when it says it wrongly."""

from pathlib import Path

import pytest

from features.errors import CohortError
from features.sources.records.assembling import cohort_of_events
from features.sources.records.site_mapping import SiteMapping, read_site_mapping
from features.tables import Manifest
from tests.features.sources.records.event_rows import NOW, a_fact, a_result, an_infusion, events

LAB = "http://lab.example.org/tests"
WHOLE = f"""
[[code]]
system = "{LAB}"
code = "FERR"
input = "ferritin_ng_ml"
unit = "ng/mL"

[[code]]
system = "{LAB}"
code = "O2"
input = "oxygen_device"

[[code]]
system = "local:chart"
code = "CRS"
toxicity = "CRS"
grading_system = "Lee"

[[code]]
system = "local:pharmacy"
code = "TOCI"
agent = "tocilizumab"
intent = "prophylaxis"

[[code]]
system = "LOINC"
code = "1988-5"
ignore = true

[[answer]]
input = "oxygen_device"
answer = "http://snomed.info/sct|336623009"
level = "nasal_cannula"

[[answer]]
input = "CRS"
answer = "two"
level = "2"

[[unit]]
spelled = "nanogram/ml"
ucum = "ng/mL"

[delays]
ferritin_ng_ml = 0.25
"""


def mapping_of(path: Path, text: str, name: str = "site.toml") -> SiteMapping:
    (path / name).write_text(text, encoding="utf-8")
    return read_site_mapping(path / name)


def test_a_whole_mapping_is_used(tmp_path: Path) -> None:
    lab = {"system": f"local:{LAB}", "value": None, "unit": None}
    cohort, failures = cohort_of_events(
        events(
            an_infusion("P"),
            a_result("P", 1, "FERR", 0, None) | lab | {"value": 500.0},
            a_result("P", 2, "FERR", 0, None) | lab | {"value": 600.0, "unit": "nanogram/ml"},
            a_result("P", 2, "O2", 0, None) | lab | {"text": "SNOMED|336623009"},
            a_result("P", 2, "1988-5", 10),
            a_fact("P", "observation", 2, system="local:chart", code="CRS", value=1.0),
            a_fact("P", "observation", 3, system="local:chart", code="CRS", text="two"),
            a_fact("P", "medication", 1, system="local:pharmacy", code="TOCI"),
        ),
        Manifest("site", "test"),
        mapping_of(tmp_path, WHOLE),
        now=NOW,
    )
    told = cohort.measurements[["input", "known_day"]].to_numpy().tolist()
    assert told == [["ferritin_ng_ml", 1.25], ["ferritin_ng_ml", 2.25], ["oxygen_device", 2.0]]
    assert cohort.measurements["text"].tolist()[2] == "nasal_cannula"
    assert cohort.grades[["grade", "system"]].to_numpy().tolist() == [[1.0, "Lee"], [2.0, "Lee"]]
    assert cohort.treatments["intent"].tolist() == ["prophylaxis"]
    assert len(failures) == 0
    assert failures.unmapped is not None
    assert failures.unmapped.empty


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[codes]]\n", "site.toml: 'codes' is not known; legal: [[code]], [[answer]]"),
        ("code = 3\n", "write each code as its own [[code]]"),
        ('[[code]]\nsystem = "a"\ncode = "b"\n', "[[code]] 1: says no meaning; give exactly one"),
        (
            '[[code]]\nsystem = "a"\ncode = "b"\ninput = "crp"\n',
            "[[code]] 1: input = 'crp' is not known; legal: wbc_10e9_l",
        ),
        (
            '[[code]]\nsystem = "a"\ncode = "b"\nagent = "tocilizumab"\ninput = "crp_mg_l"\n',
            "says input, agent; give exactly one",
        ),
        ('[[code]]\ncode = "b"\nignore = true\n', "system is missing"),
        ('[[code]]\nsystem = "a"\ncode = "b"\nignore = "no"\n', "ignore = 'no'; legal: true"),
        (
            '[[code]]\nsystem = "a"\ncode = "b"\ntoxicity = "CRS"\ngrade = 6\n',
            "grade = 6; legal: 0, 1, 2, 3, 4, 5",
        ),
        (
            '[[code]]\nsystem = "a"\ncode = "b"\ninput = "crp_mg_l"\ngrade = 1\n',
            "'grade' is not known here; legal: system, code, input, unit",
        ),
        (
            '[[unit]]\nspelled = "x"\nucum = "mg/dL"\ninput = "ldh_u_l"\n',
            "ucum = 'mg/dL' is not known; legal: U/L, ukat/L",
        ),
        (
            '[[answer]]\ninput = "crp_mg_l"\nanswer = "x"\nlevel = "1"\n',
            "input = 'crp_mg_l' is not known; legal: oxygen_device",
        ),
        ("[delays]\ncrp_mg_l = 100\n", "site.toml: delays: crp_mg_l is a number of days, 0 to 60"),
        ("[[code\n", "mapping file site.toml cannot be read"),
    ],
)
def test_a_wrong_entry_is_named_with_what_is_legal(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CohortError) as refused:
        mapping_of(tmp_path, text)
    assert message in str(refused.value)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match=r"mapping file absent\.toml cannot be read"):
        read_site_mapping(tmp_path / "absent.toml")


def test_a_completed_list_of_the_unmapped_is_a_mapping(tmp_path: Path) -> None:
    rows = (
        an_infusion("P"),
        a_result("P", 1, "FERR", 500.0, "ng/mL") | {"system": f"local:{LAB}"},
        a_result("P", 2, "1988-5", 10.0, "milligrams"),
        a_result("P", 2, "O2", 0, None) | {
            "system": "local:chart", "value": None, "text": "goggles",
        },
    )  # fmt: skip
    o2 = '[[code]]\nsystem = "local:chart"\ncode = "O2"\ninput = "oxygen_device"\n'
    manifest = Manifest("site", "test")
    _, failures = cohort_of_events(events(*rows), manifest, mapping_of(tmp_path, o2), now=NOW)
    assert failures.unmapped is not None
    table = failures.unmapped.astype("object").set_index("kind")
    assert table["count"].tolist() == [1, 1, 1]
    table.loc["observation", "input"] = "ferritin_ng_ml"
    table.loc["unit", "ucum"] = "mg/L"
    table.loc["answer", "level"] = "face_mask"
    table.to_csv(tmp_path / "unmapped.csv")
    completed = read_site_mapping(tmp_path / "unmapped.csv")
    assert completed.units == {("crp_mg_l", "milligrams"): "mg/L"}
    assert completed.answers == {("oxygen_device", "goggles"): "face_mask"}
    cohort, _ = cohort_of_events(events(*rows[:3]), Manifest("site", "test"), completed, now=NOW)
    assert sorted(cohort.measurements["input"]) == ["crp_mg_l", "ferritin_ng_ml"]


@pytest.mark.parametrize("name", ["倍诺达", "瑞基奥仑赛注射液", "CARTEYVA", "relma-cel (Carteyva)"])
def test_a_product_is_named_as_people_name_it(tmp_path: Path, name: str) -> None:
    text = f'[[code]]\nsystem = "http://site"\ncode = "1"\nproduct = "{name}"\n'
    meaning = mapping_of(tmp_path, text).meanings["local:http://site", "1"]
    assert (meaning.what, meaning.name) == ("product", "relmacabtagene autoleucel")


@pytest.mark.parametrize(
    ("name", "said"), [("Carteyvo", "Did you mean relma"), ("Blincyto", "is no CAR-T product")]
)
def test_a_product_that_is_none_is_refused_with_the_reason(
    tmp_path: Path, name: str, said: str
) -> None:
    text = f'[[code]]\nsystem = "http://site"\ncode = "1"\nproduct = "{name}"\n'
    with pytest.raises(CohortError, match=said):
        mapping_of(tmp_path, text)
