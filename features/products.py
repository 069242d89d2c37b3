"""The CAR-T catalogue: what a product is, and how often its patients were harmed elsewhere."""

import difflib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from features.errors import ProductError

READ_TAGS = ("L", "L2")
CONVERTIBLE_SCALES = ("ASTCT",)


@dataclass(frozen=True, slots=True)
class Rate:
    """One published rate: the share of infused patients with `toxicity` at `min_grade` or more."""

    diagnosis: str
    toxicity: str
    min_grade: int
    value: float
    denominator: int
    scale: str
    source: str
    tag: str
    numerator: int | None = None

    @property
    def verified(self) -> bool:
        """Whether the source was read, so that the figure may be shown."""
        return self.tag in READ_TAGS

    @property
    def usable(self) -> bool:
        """Whether the rate may enter a prior: source read and scale ASTCT or convertible."""
        return self.verified and self.scale in CONVERTIBLE_SCALES


@dataclass(frozen=True, slots=True)
class Product:
    """One CAR-T product."""

    name: str
    short: str
    brands: tuple[str, ...]
    aliases: tuple[str, ...]
    target: str
    costimulation: str
    indications: tuple[str, ...]
    rates: tuple[Rate, ...]
    crs_window_days: tuple[float, float] | None = None
    split_dose: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Every name under which the product is recognised."""
        return (self.name, self.short, *self.brands, *self.aliases)


@dataclass(frozen=True, slots=True)
class BaseRate:
    """A rate to start from, and where it comes from.

    Attributes
    ----------
    value : float
        Share of infused patients, in (0, 1).
    patients : int
        Patients behind it.
    level : {"product", "class"}
        The product's own rate, or the rate of its target x costimulation class.
    source : str
        What to cite; for a class it names the class.
    """

    value: float
    patients: int
    level: str
    source: str


def _read() -> dict[str, Any]:
    with Path(__file__).with_suffix(".toml").open("rb") as file:
        return tomllib.load(file)


def _product(row: Mapping[str, Any]) -> Product:
    window = row.get("crs_window_days")
    return Product(
        name=row["name"],
        short=row["short"],
        brands=tuple(row["brands"]),
        aliases=tuple(row["aliases"]),
        target=row["target"],
        costimulation=row["costimulation"],
        indications=tuple(row["indications"]),
        rates=tuple(Rate(**rate) for rate in row["rates"]),
        crs_window_days=(window[0], window[1]) if window else None,
        split_dose=row.get("split_dose", False),
    )


_CATALOGUE = _read()
PRODUCTS: Mapping[str, Product] = MappingProxyType(
    {row["name"]: _product(row) for row in _CATALOGUE["product"]}
)
_BY_ANY_NAME = {name.casefold(): one for one in PRODUCTS.values() for name in one.names}
_NOT_CAR_T = {
    name.casefold(): group["kind"] for group in _CATALOGUE["not_car_t"] for name in group["names"]
}


def product(name: str) -> Product:
    """Return the product called `name` (INN, short name, brand or code name; case is ignored).

    Raises
    ------
    ProductError
        ``kind`` is ``"not_car_t"`` for a known product that is none, else ``"unknown"``.
    """
    asked = str(name).strip().casefold()
    if asked in _BY_ANY_NAME:
        return _BY_ANY_NAME[asked]
    if asked in _NOT_CAR_T:
        raise ProductError(
            f"{name.strip()!r} is no CAR-T product but a {_NOT_CAR_T[asked]}; "
            "no risk is estimated for it.",
            kind="not_car_t",
        )
    near = difflib.get_close_matches(asked, _BY_ANY_NAME, n=2, cutoff=0.7)
    hint = f" Did you mean {' or '.join(_BY_ANY_NAME[one].name for one in near)}?" if near else ""
    raise ProductError(
        f"{str(name).strip()[:60]!r} is not in the CAR-T catalogue.{hint} "
        f"Known: {', '.join(one.short for one in PRODUCTS.values())}."
    )


@cache
def base_rate(
    name: str, toxicity: str, min_grade: int, diagnosis: str | None = None
) -> BaseRate | None:
    """Return the published rate that a patient of this product starts from.

    Only rates whose source was read and whose scale is ASTCT or convertible count. The product's
    rate in the diagnosis comes first, then its rate over all diagnoses, then the pooled rate of its
    target x costimulation class, in the diagnosis if there is one.

    Returns
    -------
    BaseRate or None
        None where nothing usable was published even for the class.
    """
    one = product(name)
    own = [rate for rate in one.rates if _matches(rate, toxicity, min_grade)]
    for rates in ([rate for rate in own if rate.diagnosis == diagnosis], own):
        if rates:
            return _pooled(rates, "product", "; ".join(sorted({rate.source for rate in rates})))
    kind = f"{one.target} x {one.costimulation}"
    peers = [
        rate
        for peer in PRODUCTS.values()
        if (peer.target, peer.costimulation) == (one.target, one.costimulation)
        for rate in peer.rates
        if _matches(rate, toxicity, min_grade)
    ]
    alike = [rate for rate in peers if rate.diagnosis == diagnosis]
    if alike:
        return _pooled(alike, "class", f"pooled rate of the class {kind} in {diagnosis}")
    return _pooled(peers, "class", f"pooled rate of the class {kind}") if peers else None


def _matches(rate: Rate, toxicity: str, min_grade: int) -> bool:
    return rate.usable and rate.toxicity == toxicity and rate.min_grade == min_grade


def _pooled(rates: list[Rate], level: str, source: str) -> BaseRate:
    patients = sum(rate.denominator for rate in rates)
    value = math.fsum(rate.value * rate.denominator for rate in rates) / patients
    return BaseRate(value, patients, level, source)
