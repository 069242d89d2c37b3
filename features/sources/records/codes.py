"""What a code means: a result, an infusion, a treatment, a grade, a diagnosis.

Codes are matched by system and code, never by what is displayed beside them. The table is made of
``inputs.py`` (LOINC), the product catalogue (RxNorm, OMOP) and ``codes.toml``; a site's own codes
(``site_mapping.py``) come first.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from features.inputs import COURSE_FIELDS, DIAGNOSES, INPUTS
from features.products import PRODUCTS, product
from features.tables import AGENTS, TOXICITIES

LOCAL = "local:"
BELIEVED = "Mh"
"""Tag of a code of ``codes.toml`` that was not looked up."""
MEANINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "input": tuple(INPUTS),
        "product": tuple(name for one in PRODUCTS.values() for name in one.names),
        "infusion": (),
        "agent": AGENTS,
        "toxicity": TOXICITIES,
        "lymphodepletion": ("fludarabine", "cyclophosphamide", "bendamustine", "other"),
        "diagnosis": DIAGNOSES,
        "field": tuple(
            name
            for name, one in COURSE_FIELDS.items()
            if one.role == "predictor"
            and one.kind in ("number", "flag")
            and name not in ("age_years", "weight_kg", "lymphodepletion_day")
        ),
        "ignore": (),
    }
)
"""What a code can mean, and the legal names of each; an ``infusion`` does not state its product."""

_SYSTEMS = {
    "http://loinc.org": "LOINC",
    "urn:oid:2.16.840.1.113883.6.1": "LOINC",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "urn:oid:2.16.840.1.113883.6.88": "RxNorm",
    "http://snomed.info/sct": "SNOMED",
    "urn:oid:2.16.840.1.113883.6.96": "SNOMED",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD10CM",
    "urn:oid:2.16.840.1.113883.6.90": "ICD10CM",
    "http://hl7.org/fhir/sid/icd-10": "ICD10",
    "http://www.cms.gov/Medicare/Coding/ICD10": "ICD10PCS",
    "http://hl7.org/fhir/sid/icd-10-pcs": "ICD10PCS",
    "urn:oid:2.16.840.1.113883.6.4": "ICD10PCS",
    "http://www.ama-assn.org/go/cpt": "CPT4",
    "urn:oid:2.16.840.1.113883.6.12": "CPT4",
    "http://www.whocc.no/atc": "ATC",
    "urn:oid:2.16.840.1.113883.6.73": "ATC",
    "http://unitsofmeasure.org": "UCUM",
    "http://terminology.hl7.org/CodeSystem/v3-ActCode": "ActCode",
    "http://terminology.hl7.org/CodeSystem/v2-0203": "v2-0203",
}
_SHORT_NAMES = frozenset((*_SYSTEMS.values(), "OMOP"))
_WITHOUT_POINT = ("ICD10", "ICD10CM", "ICD10PCS")
_READ_AS_TOO = {"ICD10CM": "ICD10"}  # the clinical modification only adds to what ICD-10 says


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one code stands for.

    Attributes
    ----------
    what : str
        A key of :data:`MEANINGS`.
    name : str
        The input, product, agent, toxicity, drug, diagnosis or course field.
    grade : float or None
        The grade that the code itself states; else the value of the record is the grade.
    unit : str or None
        The unit of a result that comes without one.
    is_confirmed : bool
        False where nobody has looked the code up (tag Mh of ``codes.toml``).
    """

    what: str
    name: str = ""
    grade: float | None = None
    unit: str | None = None
    grading_system: str | None = None
    intent: str | None = None
    is_confirmed: bool = True

    @property
    def is_infusion(self) -> bool:
        """Whether a record of this code is an infusion of CAR-T cells."""
        return self.what in ("product", "infusion")


Coding = tuple[str, str]


def system_name(uri: str | None) -> str:
    """Return the short name of a code system; ``local:`` and what came for any other."""
    plain = (uri or "").strip()
    if plain in _SHORT_NAMES or plain.startswith(LOCAL):
        return plain
    return _SYSTEMS.get(plain.rstrip("/"), f"{LOCAL}{plain}")


def plain_code(system: str, code: str) -> str:
    """Return `code` as the table has it: stripped; ICD codes in capitals and without the point."""
    stripped = str(code).strip()
    return stripped.upper().replace(".", "") if system in _WITHOUT_POINT else stripped


class Codes:
    """The codes of the public systems and those of one site.

    Parameters
    ----------
    site : mapping, optional
        (system, code) -> meaning; wins over the table.
    """

    def __init__(self, site: Mapping[Coding, Meaning] | None = None) -> None:
        exact, self._prefixes = _table()
        own = {
            (system, plain_code(system, code)): one for (system, code), one in (site or {}).items()
        }
        self._exact = {**exact, **own}
        self._found: dict[Coding, Meaning | None] = {}

    def meaning(self, system: str, code: str) -> Meaning | None:
        """Return what `code` of `system` means; None where nobody has said."""
        key = (system, code)
        if key not in self._found:
            self._found[key] = self._look_up(system, plain_code(system, code))
        return self._found[key]

    def listed(self, *what: str) -> tuple[list[Coding], list[Coding]]:
        """Return the codes that mean one of `what`, and those that stand for all that begin so."""
        exact = [coding for coding, one in self._exact.items() if one.what in what]
        prefixes = [
            (system, prefix)
            for system, rows in self._prefixes.items()
            for prefix, one in rows
            if one.what in what
        ]
        return exact, prefixes

    def _look_up(self, system: str, code: str) -> Meaning | None:
        for named in (system, _READ_AS_TOO.get(system)):
            if named is None:
                continue
            if (named, code) in self._exact:
                return self._exact[named, code]
            for prefix, one in self._prefixes.get(named, ()):
                if code.startswith(prefix):
                    return one
        return None

    def chosen(self, codings: Sequence[Coding]) -> tuple[Coding | None, bool]:
        """Choose among the codings of one concept: the first that means something, else the first.

        Returns
        -------
        coding : tuple of str or None
            None for a concept without any code.
        agree : bool
            False where two codings mean two different things. An infusion whose product is unstated
            agrees with one that states it, and the latter is chosen.
        """
        told = [(one, found) for one in codings if (found := self.meaning(*one)) is not None]
        if not told:
            return (codings[0] if codings else None), True
        stated = [(one, found) for one, found in told if found.what != "infusion"] or told
        return stated[0][0], len({(found.what, found.name) for _, found in stated}) == 1


@cache
def _table() -> tuple[dict[Coding, Meaning], dict[str, list[tuple[str, Meaning]]]]:
    exact = {
        ("LOINC", code): Meaning("input", one.name) for one in INPUTS.values() for code in one.loinc
    }
    for one in PRODUCTS.values():
        for system, code in (("RxNorm", one.rxnorm), ("OMOP", one.omop)):
            if code is not None:
                exact[system, str(code)] = Meaning("product", one.name)
    prefixes: dict[str, list[tuple[str, Meaning]]] = {}
    with Path(__file__).with_name("codes.toml").open("rb") as file:
        rows = tomllib.load(file)["meaning"]
    for row in rows:
        meaning = _meaning(row)
        exact |= {(row["system"], code): meaning for code in row.get("code", ())}
        prefixes.setdefault(row["system"], []).extend(
            (prefix, meaning) for prefix in row.get("prefix", ())
        )
    for of_system in prefixes.values():
        of_system.sort(key=lambda pair: -len(pair[0]))
    return exact, prefixes


def _meaning(row: Mapping[str, Any]) -> Meaning:
    what = next(key for key in MEANINGS if key in row)
    name = "" if row[what] is True else row[what]
    name = product(name).name if what == "product" else name
    system = "unknown" if what == "toxicity" else None  # ICD does not say by which system
    confirmed = row["tag"] != BELIEVED
    return Meaning(what, name, row.get("grade"), grading_system=system, is_confirmed=confirmed)
