"""Infusions in text alone, or under a strange code, are listed with counts, never by patient."""

from pathlib import Path

import pytest

from features.errors import CohortError
from features.sources import fhir
from features.sources.records.text_alone import car_t_named_in
from tests.features.sources.records.fhir_writer import (
    NOW,
    a_folder,
    a_patient,
    an_infusion,
)
from tests.features.sources.records.omop_rows import a_database, read_omop
from tests.features.sources.records.omop_rows import an_infusion as an_exposure


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Yescarta 2x10^6/kg i.v.", "axicabtagene ciloleucel"), ("CAR-T cells, ward 7", "CAR-T"),
        ("JCAR017", "lisocabtagene maraleucel"), ("Chimeric antigen receptor T cells", "CAR-T"),
        ("cartridge", ""), ("Auto 1 unit", ""), ("Paracetamol", ""), ("lifileucel", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_text_names_a_product_or_car_t_cells(text: str, named: str) -> None:
    assert car_t_named_in(text) == named


def spoken(patient: str, text: str) -> dict[str, object]:
    return an_infusion(patient) | {"medicationCodeableConcept": {"text": text}}


def test_texts_that_name_car_t_are_listed_and_those_of_few_patients_not_by_their_words(
    tmp_path: Path,
) -> None:
    told = [spoken(f"Q{n}", "CAR-T  study cells") for n in range(3)]
    told += [spoken("Q1", "CAR-T study cells"), spoken("Q9", "Yescarta for Arthur Dent")]
    told += [spoken(f"Q{n}", "Ondansetron") for n in range(3)]
    people = [a_patient(), *(a_patient(f"Q{n}") for n in (0, 1, 2, 9))]
    cohort, _ = fhir.read(a_folder(tmp_path, *people, an_infusion(), *told), now=NOW)
    notes = "\n".join(cohort.manifest.notes)
    assert "'CAR-T study cells' (4 records)" in notes
    assert "fewer than 3 patients that names axicabtagene ciloleucel (1 records)" in notes
    assert "other texts without a code: 'Ondansetron' (3 records)" in notes
    assert "Arthur" not in notes
    assert "Q9" not in notes


def test_where_no_infusion_has_a_code_the_refusal_lists_the_texts(tmp_path: Path) -> None:
    told = [spoken(f"Q{n}", "Kymriah") for n in range(3)]
    folder = a_folder(tmp_path, *(a_patient(f"Q{n}") for n in range(3)), *told)
    with pytest.raises(CohortError, match=r"'Kymriah' \(3 records\)"):
        fhir.read(folder, now=NOW)


def test_a_strange_code_that_names_car_t_is_listed_with_it(tmp_path: Path) -> None:
    made = a_database()
    for person in (4, 5, 6):
        made.add("person", person_id=person, year_of_birth=1960, gender_concept_id=8507)
        an_exposure(made, person, drug_concept_id=0, drug_source_value="CAR-T STUDY")
    cohort, _ = read_omop(made.write(tmp_path / "omop"))
    notes = "\n".join(cohort.manifest.notes)
    assert "'CAR-T STUDY' [local:drug_exposure CAR-T STUDY] (3 records)" in notes
    assert len(cohort.courses) == 2
