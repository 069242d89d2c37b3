"""The value of an Observation, or of one of its components, as cells of an event."""

from typing import Any

from features.sources.records.codes import system_name

Row = dict[str, Any]
_COMPARATORS = ("<", ">", "<=", ">=")


def result_cells(told: dict[str, Any]) -> Row:
    """Return the cells of ``value[x]``; empty where there is none or its absence has a reason.

    A quantity keeps its comparator ("<2" stays below 2) and its UCUM code as the unit, or the unit
    as written where it has no code. A coded answer is written ``system|code``. Ranges, ratios,
    sampled data, times and periods are no results of any input and give no value.
    """
    cells = _value(told)
    return {**cells, **_normal_range(told.get("referenceRange"))} if cells else {}


def _value(told: dict[str, Any]) -> Row:
    if isinstance(told.get("valueQuantity"), dict):
        return _quantity(told["valueQuantity"])
    if "valueCodeableConcept" in told:
        return _answer(told["valueCodeableConcept"])
    if isinstance(told.get("valueBoolean"), bool):
        said = told["valueBoolean"]
        return {"value": float(said), "text": str(said).lower(), "source_value": str(said).lower()}
    for name in ("valueInteger", "valueString"):
        if name in told:
            return _plain(told[name])
    return {}


def _quantity(quantity: dict[str, Any]) -> Row:
    number = _number(quantity.get("value"))
    if number is None:
        return {}
    comparator = quantity.get("comparator")
    return {
        "value": number,
        "comparator": comparator if comparator in _COMPARATORS else None,
        "unit": unit_of(quantity),
        "source_value": f"{comparator or ''}{quantity['value']}",
    }


def unit_of(quantity: dict[str, Any]) -> str | None:
    """Return the UCUM code of a quantity, else the unit as it is written."""
    code = quantity.get("code")
    if code and (quantity.get("system") is None or system_name(quantity["system"]) == "UCUM"):
        return str(code)
    written = quantity.get("unit") or code
    return str(written) if written else None


def _answer(concept: Any) -> Row:
    if not isinstance(concept, dict):
        return {}
    codings = [
        one for one in concept.get("coding") or [] if isinstance(one, dict) and one.get("code")
    ]
    if codings:
        said = f"{system_name(codings[0].get('system'))}|{codings[0]['code']}"
        return {"text": said, "source_value": said}
    return _plain(concept["text"]) if concept.get("text") else {}


def _plain(said: Any) -> Row:
    number = None if isinstance(said, str) else _number(said)
    if number is not None:
        return {"value": number, "source_value": str(said)}
    return {"text": said.strip(), "source_value": said} if isinstance(said, str) else {}


def _number(said: Any) -> float | None:
    if isinstance(said, bool) or not isinstance(said, int | float | str):
        return None
    try:
        return float(said)
    except (ValueError, OverflowError):
        return None


def _normal_range(ranges: Any) -> Row:
    """Return the limits of the first range that is meant for everybody, or for normal."""
    for one in ranges if isinstance(ranges, list) else []:
        if isinstance(one, dict) and not one.get("appliesTo") and _is_normal(one.get("type")):
            return {
                f"reference_{name}": _number(one[name].get("value"))
                for name in ("low", "high")
                if isinstance(one.get(name), dict)
            }
    return {}


def _is_normal(kind: Any) -> bool:
    if not isinstance(kind, dict):
        return True
    return any(
        isinstance(one, dict) and one.get("code") == "normal" for one in kind.get("coding") or []
    )
