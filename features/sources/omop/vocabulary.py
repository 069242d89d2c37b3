"""What the concept ids of an OMOP database stand for: codes of code systems."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from features.errors import CohortError
from features.sources.omop.tables import Cdm, has, one_of, select, text_literal, typed
from features.sources.records.codes import LOCAL, Codes, Coding, system_name
from features.sources.records.site_mapping import SiteMapping

OMOP = "OMOP"
# A code without a concept carries no system; these are tried where they cannot be mistaken.
SYSTEMS_OF_SOURCE_CODES: Mapping[str, tuple[str, ...]] = {
    "procedure_occurrence": ("ICD10PCS", "CPT4"),
    "condition_occurrence": ("ICD10CM",),
    "measurement": ("LOINC",),
    "observation": ("LOINC",),
}
_NAMES = ("%CAR-T%", "%CAR T-cell%", "%CAR T cell%", "%chimeric antigen%", "%leucel%")
_INFUSION = ("product", "infusion")
_DRUG = (*_INFUSION, "agent", "lymphodepletion")


@dataclass
class Vocabulary:
    """Codes by concept id, looked up as they are met.

    Attributes
    ----------
    groups : dict
        Concept id of a drug -> codes of the ingredients and drug classes above it that have a
        meaning here.
    """

    cdm: Cdm
    codes: Codes
    groups: dict[int, list[Coding]] = field(default_factory=dict)
    _coding: dict[int, Coding] = field(default_factory=dict)
    _label: dict[int, str] = field(default_factory=dict)
    _asked: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, cdm: Cdm, mapping: SiteMapping) -> "Vocabulary":
        """Read which drugs stand below the ingredients and classes that mean something.

        Raises
        ------
        CohortError
            There is no concept table and the site has mapped no concept id.
        """
        made = cls(cdm, mapping.codes())
        if not has(cdm, "concept") and not any(system == OMOP for system, _ in mapping.meanings):
            raise CohortError(
                "the concept table is absent: without it a concept id says nothing. Add concept "
                "(and concept_ancestor) from the vocabulary download, or map the concept ids "
                'themselves in the site mapping, e.g. system "OMOP", code "3020460".'
            )
        made._read_groups()
        return made

    @property
    def infusion_concepts(self) -> list[int]:
        """Return the concept ids that say an infusion of CAR-T cells."""
        own = self._concepts_of(*_INFUSION)
        below = [
            one
            for one, above in self.groups.items()
            if any(self._is_infusion(coding) for coding in above)
        ]
        return sorted({*own, *below})

    def concepts_named_car_t(self) -> list[int]:
        """Return the concept ids whose name says CAR-T, whether or not their code means it here."""
        if not has(self.cdm, "concept"):
            return []
        said = " OR ".join(f"label ILIKE {text_literal(one)}" for one in _NAMES)
        chunks = self.cdm.chunks(select(self.cdm, "concept", said), "concept")
        return sorted({int(one) for rows in chunks for one in typed(rows, "concept")["concept"]})

    def infusion_codes(self, table: str) -> list[str]:
        """Return the source codes of `table` that say an infusion without any concept."""
        exact, _ = self.codes.listed(*_INFUSION)
        systems = (*SYSTEMS_OF_SOURCE_CODES.get(table, ()), f"{LOCAL}{table}")
        return sorted({code for system, code in exact if system in systems})

    def look_up(self, concepts: Iterable[float]) -> None:
        """Read the codes of `concepts` that were not met before."""
        fresh = {int(one) for one in concepts if np.isfinite(one) and one > 0} - self._asked
        self._asked |= fresh
        if not fresh or not has(self.cdm, "concept"):
            return
        query = select(self.cdm, "concept", one_of("concept", sorted(fresh)))
        for rows in self.cdm.chunks(query, "concept"):
            self._keep(typed(rows, "concept"))

    def codings(self, concept: float) -> list[Coding]:
        """Return the codes of one concept that was looked up: its own, those above it, its id."""
        if not np.isfinite(concept) or concept <= 0:
            return []
        one = int(concept)
        own = [self._coding[one]] if one in self._coding else []
        return [*own, *self.groups.get(one, ()), (OMOP, str(one))]

    def code(self, concept: float) -> str | None:
        """Return the code of one concept that was looked up, of whatever system."""
        found = self._coding.get(int(concept)) if np.isfinite(concept) else None
        return found[1] if found else None

    def label(self, concept: float) -> str | None:
        """Return the name of one concept that was looked up."""
        return self._label.get(int(concept)) if np.isfinite(concept) else None

    def _keep(self, rows: pd.DataFrame) -> None:
        for concept, system, code, label in zip(
            rows["concept"], rows["vocabulary"], rows["code"], rows["label"], strict=True
        ):
            if np.isfinite(concept) and isinstance(code, str) and isinstance(system, str):
                self._coding[int(concept)] = (system_name(system), code)
                if isinstance(label, str):
                    self._label[int(concept)] = label

    def _is_infusion(self, coding: Coding) -> bool:
        found = self.codes.meaning(*coding)
        return found is not None and found.is_infusion

    def _concepts_of(self, *what: str) -> list[int]:
        """Return the concept ids of the codes that mean one of `what`."""
        exact, prefixes = self.codes.listed(*what)
        found = {int(code) for system, code in exact if system == OMOP and code.isdecimal()}
        if has(self.cdm, "concept"):
            query = select(self.cdm, "concept", _any_of(exact, prefixes))
            for rows in self.cdm.chunks(query, "concept"):
                concepts = typed(rows, "concept")
                self._keep(concepts)
                found |= {int(one) for one in concepts["concept"].dropna()}
        return sorted(found)

    def _read_groups(self) -> None:
        above = self._concepts_of(*_DRUG)
        if not above or not has(self.cdm, "concept_ancestor"):
            return
        query = select(self.cdm, "concept_ancestor", one_of("ancestor", above))
        for rows in self.cdm.chunks(query, "concept_ancestor"):
            pairs = typed(rows, "concept_ancestor").dropna()
            for ancestor, descendant in zip(pairs["ancestor"], pairs["descendant"], strict=True):
                own = self._coding.get(int(ancestor), (OMOP, str(int(ancestor))))
                if ancestor != descendant:
                    self.groups.setdefault(int(descendant), []).append(own)


def _any_of(exact: Sequence[Coding], prefixes: Sequence[Coding]) -> str:
    """Return the condition that a concept has one of these codes or begins with one."""
    by_system: dict[str, list[str]] = {}
    for system, code in exact:
        by_system.setdefault(_vocabulary(system), []).append(code)
    parts = [
        f"(vocabulary = {text_literal(system)} AND {one_of('code', codes)})"
        for system, codes in by_system.items()
    ]
    parts += [
        f"(vocabulary = {text_literal(_vocabulary(system))} "
        f"AND code LIKE {text_literal(code + '%')})"
        for system, code in prefixes
    ]
    return " OR ".join(parts) or "FALSE"


def _vocabulary(system: str) -> str:
    return system.removeprefix(LOCAL)
