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
from features.product_names import found_by_name, name_key

READ_TAGS = ("L", "L2")
CONVERTIBLE_SCALES = ("ASTCT",)


@dataclass(frozen=True, slots=True)
class Rate:
    """One published rate: the share of infused patients with `toxicity` at `min_grade` or more.

    Attributes
    ----------
    toxicity : str
        CRS or ICANS; NE is "neurological events", older and broader than ICANS.
    numerator, denominator : int or None
        Counts, where they were published.
    overlaps : str
        The analysis set that already holds these patients; such a rate is shown, never pooled.
    """

    diagnosis: str
    toxicity: str
    min_grade: int
    value: float
    denominator: int | None
    scale: str
    analysis_set: str
    source: str
    tag: str
    numerator: int | None = None
    overlaps: str = ""
    note: str = ""

    @property
    def verified(self) -> bool:
        """Whether the source was read, so that the figure may be shown to a clinician."""
        return self.tag in READ_TAGS

    @property
    def usable(self) -> bool:
        """Whether the rate may enter a prior: read, counted once, on a convertible scale."""
        return (
            self.verified
            and self.scale in CONVERTIBLE_SCALES
            and not self.overlaps
            and self.denominator is not None
        )


@dataclass(frozen=True, slots=True)
class Fact:
    """A statement about a product with the tag of its source."""

    text: str
    tag: str

    @property
    def verified(self) -> bool:
        """Whether the source was read."""
        return self.tag in READ_TAGS


@dataclass(frozen=True, slots=True)
class ChineseNames:
    """The generic names and the brands of a product in China."""

    names: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    tag: str = "NR"
    source: str = ""


@dataclass(frozen=True, slots=True)
class Product:
    """One CAR-T product.

    Attributes
    ----------
    code_names : mapping
        Code name -> tag.
    identity : Fact
        Approvals in words; its tag covers target, vector and indications too.
    dose : tuple of Fact
        The dose schedule; one of a split dose names each dose.
    rxnorm, omop : int or None
        RxNorm code and OMOP concept.
    confirmed : bool
        False for a product that is said to be approved without a reliable source.
    """

    name: str
    short: str
    brands: tuple[str, ...]
    aliases: tuple[str, ...]
    code_names: Mapping[str, str]
    target: str
    target_detail: str
    costimulation: str
    costimulation_tag: str
    vector: str
    indications: tuple[str, ...]
    identity: Fact
    dose: tuple[Fact, ...]
    lymphodepletion: Fact
    warnings: tuple[Fact, ...]
    source: str
    rates: tuple[Rate, ...]
    chinese: ChineseNames = ChineseNames()
    rxnorm: int | None = None
    omop: int | None = None
    crs_window_days: tuple[float, float] | None = None
    split_dose: bool = False
    confirmed: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """Every name under which the product is recognised."""
        known = (self.name, self.short, *self.brands, *self.code_names, *self.aliases)
        return (*known, *self.chinese.names, *self.chinese.brands)


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


def _read(name: str) -> dict[str, Any]:
    with Path(__file__).with_name(name).open("rb") as file:
        return tomllib.load(file)


def _rates(one: Mapping[str, Any], analysis_set: str) -> tuple[Rate, ...]:
    """Return the rates of one analysis set; what a rate names itself wins over its set."""
    shared = {"denominator": None} | {
        key: one[key]
        for key in ("diagnosis", "denominator", "source", "tag", "overlaps")
        if key in one
    }
    return tuple(Rate(**{**shared, "analysis_set": analysis_set, **rate}) for rate in one["rates"])


def _chinese(said: Mapping[str, Any] | None) -> ChineseNames:
    if said is None:
        return ChineseNames()
    return ChineseNames(tuple(said["names"]), tuple(said["brands"]), said["tag"], said["source"])


def _product(row: Mapping[str, Any]) -> Product:
    window = row.get("crs_window_days")
    shared = [
        Fact(one["text"], one["tag"])
        for one in _CATALOGUE["class_warning"]
        if row["target"] in one["targets"]
    ]
    return Product(
        name=row["name"],
        short=row["short"],
        brands=tuple(row["brands"]),
        aliases=tuple(row["aliases"]),
        code_names=MappingProxyType(row["code_names"]),
        target=row["target"],
        target_detail=row.get("target_detail", ""),
        costimulation=row["costimulation"],
        costimulation_tag=row["costimulation_tag"],
        vector=row["vector"],
        indications=tuple(row["indications"]),
        identity=Fact(row["approvals"], row["identity_tag"]),
        dose=tuple(Fact(**one) for one in row["dose"]),
        lymphodepletion=Fact(**row["lymphodepletion"]),
        warnings=(*shared, *(Fact(**one) for one in row.get("warnings", ()))),
        source=row["source"],
        rates=tuple(
            rate
            for one in _PUBLISHED["set"]
            if one["product"] == row["name"]
            for rate in _rates(one, one["analysis_set"])
        ),
        chinese=_chinese(row.get("chinese")),
        rxnorm=row.get("rxnorm"),
        omop=row.get("omop"),
        crs_window_days=(window[0], window[1]) if window else None,
        split_dose=row.get("split_dose", False),
        confirmed=row.get("confirmed", True),
    )


_CATALOGUE = _read("products.toml")
_PUBLISHED = _read("product_rates.toml")
PRODUCTS: Mapping[str, Product] = MappingProxyType(
    {row["name"]: _product(row) for row in _CATALOGUE["product"]}
)
MIXED_RATES: tuple[Rate, ...] = tuple(
    rate for one in _PUBLISHED["mixed"] for rate in _rates(one, one["products"])
)
_BY_ANY_NAME = {name_key(name): one for one in PRODUCTS.values() for name in one.names}
NOT_CAR_T: Mapping[str, str] = MappingProxyType(
    {name: group["kind"] for group in _CATALOGUE["not_car_t"] for name in group["names"]}
)
_KIND_BY_NAME = {name_key(name): kind for name, kind in NOT_CAR_T.items()}


def product(name: str) -> Product:
    """Return the product called `name`: INN, short name, brand or code name, English or Chinese.

    Names are read as :mod:`features.product_names` says.

    Raises
    ------
    ProductError
        ``kind`` is ``"not_car_t"`` for a known product that is none, else ``"unknown"``.
    """
    said = str(name).strip()
    found = found_by_name(said, _BY_ANY_NAME)
    if found is not None:
        return found
    kind = found_by_name(said, _KIND_BY_NAME)
    if kind is not None:
        raise ProductError(
            f"{said!r} is no CAR-T product ({kind}); no risk is estimated for it.",
            kind="not_car_t",
        )
    keys = difflib.get_close_matches(name_key(said), _BY_ANY_NAME, n=2, cutoff=0.7)
    near = dict.fromkeys(_BY_ANY_NAME[key].name for key in keys)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise ProductError(
        f"{said[:60]!r} is not in the CAR-T catalogue.{hint} "
        f"Known: {', '.join(one.short for one in PRODUCTS.values())}."
    )


@cache
def base_rate(
    name: str, toxicity: str, min_grade: int, diagnosis: str | None = None
) -> BaseRate | None:
    """Return the published rate that a patient of this product starts from.

    Only rates count whose source was read, whose scale is ASTCT or convertible, and whose patients
    are in no other set. The product's rate in the diagnosis comes first, then its rate over all
    diagnoses, then the pooled rate of its target x costimulation class, in the diagnosis if known.

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
    weights = [rate.denominator or 0 for rate in rates]
    patients = sum(weights)
    value = math.fsum(rate.value * n for rate, n in zip(rates, weights, strict=True)) / patients
    return BaseRate(value, patients, level, source)
