"""Who is treated: what is known of each course before infusion, and what stays hidden."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from features.sources.synthetic import chain
from features.sources.synthetic.parameters import Floats, ProductRow, observation, product_rows

Ints = NDArray[np.int64]
_REPEATED_SHARE = 0.015


@dataclass(frozen=True)
class Mix:
    """Which product rows and sites a cohort draws from."""

    rows: tuple[int, ...]
    sites: tuple[int, ...]


@dataclass(frozen=True)
class People:
    """The courses of a block: arrays with one entry per course.

    ``fields`` holds the columns of the courses table that are known at infusion. ``same_patient``
    is the position of the earlier course of the same patient, or the own position.
    """

    row: Ints
    site: Ints
    u_level: Ints
    v_level: Ints
    u: Floats
    v: Floats
    is_child: NDArray[np.bool_]
    prone_to_hyperinflammation: NDArray[np.bool_]
    same_patient: Ints
    fields: dict[str, Any]

    def setting(self, name: str, default: Any) -> Any:
        """Return a setting of each course's site."""
        each = [site.get(name, default) for site in observation()["site"]]
        return np.array(each)[self.site]


def draw_people(n: int, mix: Mix, random: np.random.Generator) -> People:
    """Draw `n` courses from the products and sites of `mix`."""
    u_grid, u_weight = chain.u_grid()
    v_grid, v_weight = chain.v_grid()
    u_level = random.choice(len(u_grid), n, p=u_weight)
    v_level = random.choice(len(v_grid), n, p=v_weight)
    u, v = u_grid[u_level], v_grid[v_level]
    row = _choice(mix.rows, [product_rows()[k].weight for k in mix.rows], n, random)
    site = _choice(mix.sites, [observation()["site"][k]["share"] for k in mix.sites], n, random)
    earlier = _earlier_course(n, random)
    row, site = row[earlier], site[earlier]
    known = _Known(row, u, v, random)
    fields = _fields(known, earlier, site, random)
    prone = random.random(n) < known.of("hyperinflammation")
    return People(
        row, site, u_level, v_level, u, v, fields["age_years"] < 12, prone, earlier, fields
    )


def diagnosis_key(row: ProductRow) -> str:
    """Return the group of people that a product row is given to."""
    return f"{row.diagnosis} paediatric" if row.paediatric else row.diagnosis


def _choice(
    options: Sequence[int], weights: Sequence[float], n: int, random: np.random.Generator
) -> Ints:
    share = np.array(weights) / np.sum(weights)
    return np.array(options)[random.choice(len(options), n, p=share)]


def _earlier_course(n: int, random: np.random.Generator) -> Ints:
    """Return each course's position, or the one before it where that was the same patient."""
    position = np.arange(n)
    again = (random.random(n) < _REPEATED_SHARE) & (position % 2 == 1)
    return np.where(again, position - 1, position)


class _Known:
    """Draws facts that correlate with the latent variables by the stated amounts."""

    def __init__(self, row: Ints, u: Floats, v: Floats, random: np.random.Generator) -> None:
        self.row, self.u, self.v, self.random = row, u, v, random
        self.tables = [observation()["people"][diagnosis_key(one)] for one in product_rows()]
        self.loading = observation()["known_before"]

    def of(self, name: str) -> Floats:
        """Return a parameter of each course's group of people."""
        return np.array([float(table[name]) for table in self.tables])[self.row]

    def nth(self, name: str, k: int) -> Floats:
        """Return the k-th number of a list, NaN for groups that do not have the list."""
        each = [table[name][k] if name in table else np.nan for table in self.tables]
        return np.array(each, dtype=float)[self.row]

    def normal(self, name: str) -> Floats:
        """Return a standard normal that correlates with u and v as `name` does."""
        on_u, on_v = self.loading.get(name, 0.0), self.loading.get(f"{name}_v", 0.0)
        rest = np.sqrt(1 - on_u**2 - on_v**2)
        return on_u * self.u + on_v * self.v + rest * self.random.standard_normal(len(self.u))

    def flag(self, name: str) -> NDArray[np.bool_]:
        """Return whether a fact with the group's share holds."""
        return self.normal(name) > -ndtri(self.of(name))

    def fraction(self, name: str) -> Floats:
        """Return a share in (0, 1), NaN for groups in which it is not measured."""
        centre, sigma = self.nth(name, 0), self.nth(name, 1)
        return np.round(expit(np.log(centre / (1 - centre)) + sigma * self.normal(name)), 3)


def _fields(
    known: _Known, earlier: Ints, site: Ints, random: np.random.Generator
) -> dict[str, Any]:
    n = len(site)
    centre, spread, low, high = (known.nth("age", k) for k in range(4))
    age = centre + spread * known.normal("age")
    age = np.clip(age, low + random.random(n), high)[earlier]
    age = age + np.where(earlier != np.arange(n), 0.8, 0.0)
    male = (random.random(n) < 0.58)[earlier]
    weight = _weight(known, age, male, random)
    ecog = np.where(known.flag("ecog2"), 2, random.integers(0, 2, n)).astype(float)
    missing = random.random((4, n))
    sites = observation()["site"]
    burden_share = np.array([one.get("burden_recorded", 0.8) for one in sites])[site]
    burden = known.fraction("tumour_burden")
    blasts = known.fraction("marrow_blasts")
    return {
        "age_years": np.round(age, 1),
        "sex": np.where(male, "male", "female"),
        "weight_kg": np.round(weight, 1),
        "ecog": np.where(missing[0] < 0.15, np.nan, ecog),
        "prior_lines": 1 + random.poisson(known.of("prior_lines") - 1).astype(float),
        "bridging": known.flag("bridging"),
        "bulky_disease": known.flag("bulky"),
        "extramedullary": known.flag("extramedullary"),
        "cns_history": known.flag("cns_history"),
        "tumour_burden_fraction": np.where(missing[1] < burden_share, burden, np.nan),
        "marrow_blasts_fraction": np.where(missing[2] < 0.85, blasts, np.nan),
        "dose_car_t_cells": _dose(known.row, weight, random),
        "lymphodepletion_day": np.where(missing[3] < 0.8, -5.0, -4.0),
        "lymphodepletion": np.where(
            random.random(n) < 0.93, "fludarabine_cyclophosphamide", "bendamustine"
        ),
        "calendar_year": random.integers(2019, 2026, n).astype(float),
    }  # fmt: skip


def _weight(
    known: _Known, age: Floats, male: NDArray[np.bool_], random: np.random.Generator
) -> Floats:
    # no table of growth is meant: about 10 kg at one year, 3 kg more each year until 18
    adult = known.nth("weight", 0) + 6.0 * (male - 0.5)
    child = np.minimum(8 + 3.1 * age, adult)
    spread = np.exp(0.18 * random.standard_normal(len(age)))
    return np.clip(np.where(age < 18, child, adult) * spread, 7, 180)


def _dose(row: Ints, weight: Floats, random: np.random.Generator) -> Floats:
    infused = [observation()["infused"][one.key] for one in product_rows()]
    low, high = (np.array([one.get("fixed", (0, 0))[k] for one in infused])[row] for k in (0, 1))
    per_kg = np.array([one.get("per_kg", 0.0) for one in infused])[row]
    most = np.array([one.get("most", np.inf) for one in infused])[row]
    drawn = random.random(len(row))
    by_weight = np.minimum(per_kg * weight * (0.85 + 0.2 * drawn), most)
    return np.round(np.where(per_kg > 0, by_weight, low + (high - low) * drawn), -5)
