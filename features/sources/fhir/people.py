"""Who is who: one patient of two ids, two patients of one id."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from features.sources.fhir.references import version_of


@dataclass(slots=True)
class _Person:
    birth: str | None
    gender: str | None
    version: float
    identifiers: tuple[tuple[str, str], ...]
    links: tuple[str, ...]
    replaced: bool


@dataclass
class People:
    """The Patient resources of a source, slimmed to what tells who they are.

    Attributes
    ----------
    two_of_one_id : set of str
        Ids under which two people stand: the same version, another birth date or sex.
    """

    two_of_one_id: set[str] = field(default_factory=set)
    _persons: dict[str, _Person] = field(default_factory=dict)
    _canonical: dict[str, str] | None = None

    def add(self, patient: dict[str, Any]) -> None:
        """Take in one Patient resource."""
        name = patient.get("id")
        if not isinstance(name, str):
            return
        one = _slim(patient)
        earlier = self._persons.get(name)
        if earlier is not None and earlier.version == one.version and _differ(earlier, one):
            self.two_of_one_id.add(name)
        if earlier is None or one.version >= earlier.version:
            self._persons[name] = one
        self._canonical = None

    def canonical(self, name: str) -> str:
        """Return the one id under which all records of this person are kept.

        Ids are of one person when a Patient links to the other, whatever the kind of link and
        however the links run, or when both bear the same identifier of the same system and agree in
        birth date and sex.
        """
        if self._canonical is None:
            self._canonical = self._united()
        return self._canonical.get(name, name)

    def has(self, name: str) -> bool:
        """Whether a Patient of this id was read."""
        return name in self._persons

    def besides(self, names: Iterable[str]) -> int:
        """Count the persons that are none of `names`."""
        every = {self.canonical(name) for name in self._persons}
        return len(every - {self.canonical(name) for name in names})

    @property
    def merged(self) -> int:
        """How many ids were found to be another id of a person."""
        self.canonical("")
        return sum(name != kept for name, kept in (self._canonical or {}).items())

    def _united(self) -> dict[str, str]:
        root = {name: name for name in self._persons}

        def top(name: str) -> str:
            while root[name] != name:
                root[name] = root[root[name]]
                name = root[name]
            return name

        for one, other in self._same():
            for name in (one, other):
                root.setdefault(name, name)
            kept, gone = sorted((top(one), top(other)), key=self._rank)
            root[gone] = kept
        return {name: top(name) for name in root}

    def _rank(self, name: str) -> tuple[bool, bool, str]:
        person = self._persons.get(name)
        return person is None, bool(person and person.replaced), name

    def _same(self) -> list[tuple[str, str]]:
        pairs = []
        by_identifier: dict[tuple[object, ...], str] = {}
        for name, one in self._persons.items():
            pairs += [(name, other) for other in one.links]
            if name in self.two_of_one_id or not one.birth or not one.gender:
                continue
            for identifier in one.identifiers:
                key = (*identifier, one.birth, one.gender)
                other = by_identifier.setdefault(key, name)
                if other != name:
                    pairs.append((other, name))
        return pairs


def _slim(patient: dict[str, Any]) -> _Person:
    links = [one for one in _dicts(patient.get("link")) if isinstance(one.get("other"), dict)]
    referred = [str(one["other"].get("reference", "")) for one in links]
    return _Person(
        birth=patient.get("birthDate") if isinstance(patient.get("birthDate"), str) else None,
        gender=patient.get("gender") if isinstance(patient.get("gender"), str) else None,
        version=version_of(patient),
        identifiers=tuple(
            (str(one["system"]), str(one["value"]))
            for one in _dicts(patient.get("identifier"))
            if one.get("system") and one.get("value")
        ),
        links=tuple(one.rpartition("Patient/")[2] for one in referred if "Patient/" in one),
        replaced=any(one.get("type") == "replaced-by" for one in links),
    )


def _dicts(content: Any) -> list[dict[str, Any]]:
    return [one for one in content if isinstance(one, dict)] if isinstance(content, list) else []


def _differ(one: _Person, other: _Person) -> bool:
    return any(
        told and also and told != also
        for told, also in ((one.birth, other.birth), (one.gender, other.gender))
    )
