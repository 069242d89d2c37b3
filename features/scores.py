"""Bedside scores: pure functions of readings whose units stand in the argument names.

Each takes numbers or arrays and gives NaN where a reading it needs is missing. What a score was
made for, and when it may be read, is in :data:`SCORES`; the functions do not know the day. At the
bedside they are read through :func:`features.score_reading.read_score`, which does.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from features.score_facts import CutOff, Floats, Score, Timing

LEAST_PLATELETS_10E9_L = 1.0
"""Platelets divide in the EASIX family. Analysers report 0 for "below 1", which counts as 1."""

_MG_L_PER_MG_DL = 10.0


def easix(
    ldh_u_l: npt.ArrayLike, creatinine_mg_dl: npt.ArrayLike, platelets_10e9_l: npt.ArrayLike
) -> Floats:
    """Return the Endothelial Activation and Stress Index: LDH x creatinine / platelets.

    Before lymphodepletion, above 4.67 went with 4.3-fold odds of CRS or ICANS grade 3 or more in
    121 patients after CD19 CAR-T; on 154 others it predicted neither (Cancers 2023;15:5443).

    Returns
    -------
    ndarray
        Broadcast shape; read on a log2 scale. NaN where a reading is missing.

    References
    ----------
    Korell et al. 2022, doi 10.3389/fimmu.2022.877477.
    """
    return _over_platelets(_array(ldh_u_l) * _array(creatinine_mg_dl), platelets_10e9_l)


def s_easix(ldh_u_l: npt.ArrayLike, platelets_10e9_l: npt.ArrayLike) -> Floats:
    """Return the simplified EASIX: LDH / platelets (no creatinine). No published cut-off.

    References
    ----------
    Pennisi et al., Blood Adv 2021;5:3397, doi 10.1182/bloodadvances.2020003885.
    """
    return _over_platelets(_array(ldh_u_l), platelets_10e9_l)


def m_easix(
    ldh_u_l: npt.ArrayLike, crp_mg_l: npt.ArrayLike, platelets_10e9_l: npt.ArrayLike
) -> Floats:
    """Return the modified EASIX: LDH x CRP / platelets, with CRP in mg/dL inside the formula.

    CRP is *taken* in mg/L, as laboratories report it, and converted here: mixing the two is a
    tenfold error. Severe CRS: AUROC 0.804 before lymphodepletion, 0.730 on day -1, 0.754 on day 1
    (118 adults, none external). No published cut-off.

    References
    ----------
    Pennisi et al., Blood Adv 2021;5:3397, doi 10.1182/bloodadvances.2020003885.
    """
    return _over_platelets(_array(ldh_u_l) * (_array(crp_mg_l) / _MG_L_PER_MG_DL), platelets_10e9_l)


def car_hematotox(
    platelets_10e9_l: npt.ArrayLike,
    anc_10e9_l: npt.ArrayLike,
    haemoglobin_g_dl: npt.ArrayLike,
    crp_mg_l: npt.ArrayLike,
    ferritin_ng_ml: npt.ArrayLike,
) -> Floats:
    """Return CAR-HEMATOTOX, 0 to 7 points; 2 or more is high.

    Made for prolonged neutropenia, read before lymphodepletion (day -5). Platelets above 175: 0, 75
    to 175: 1, below 75: 2. ANC above 1.2: 0, else 1. Haemoglobin above 9: 0, else 1. CRP below
    3 mg/dL: 0, else 1. Ferritin below 650: 0, 650 to 2000: 1, above 2000: 2.

    Returns
    -------
    ndarray
        Whole points; NaN where any reading is missing.

    References
    ----------
    Rejeski et al. 2021, doi 10.1182/blood.2020010543.
    """
    platelets, ferritin = _array(platelets_10e9_l), _array(ferritin_ng_ml)
    anc, haemoglobin, crp = _array(anc_10e9_l), _array(haemoglobin_g_dl), _array(crp_mg_l)
    points = (
        (platelets <= 175.0) * 1.0
        + (platelets < 75.0)
        + (anc <= 1.2)
        + (haemoglobin <= 9.0)
        + (crp >= 3.0 * _MG_L_PER_MG_DL)
        + (ferritin >= 650.0)
        + (ferritin > 2000.0)
    )
    return _where_complete(points, platelets, anc, haemoglobin, crp, ferritin)


def hscore(
    *,
    immunosuppressed: npt.ArrayLike,
    temperature_c: npt.ArrayLike,
    enlarged_organs: npt.ArrayLike,
    haemoglobin_g_dl: npt.ArrayLike,
    wbc_10e9_l: npt.ArrayLike,
    platelets_10e9_l: npt.ArrayLike,
    ferritin_ng_ml: npt.ArrayLike,
    triglycerides_mg_dl: npt.ArrayLike,
    fibrinogen_mg_dl: npt.ArrayLike,
    ast_u_l: npt.ArrayLike,
    haemophagocytosis: npt.ArrayLike,
) -> Floats:
    """Return the HScore for reactive haemophagocytic syndrome, 0 to 337 points.

    Not made for CAR-T: cytopenia after lymphodepletion and CRS itself fill most of its items. The
    93 % that are quoted at 169 points are a sensitivity, not a probability.

    Parameters
    ----------
    immunosuppressed, haemophagocytosis : array_like of 0, 1 or NaN
        Known immunosuppression; haemophagocytosis in a marrow aspirate.
    enlarged_organs : array_like of 0, 1, 2 or NaN
        How many of liver and spleen are enlarged.

    Returns
    -------
    ndarray
        NaN where any item is missing.

    References
    ----------
    Fardet et al. 2014, doi 10.1002/art.38690.
    """
    suppressed, phagocytosis = _array(immunosuppressed), _array(haemophagocytosis)
    temperature, organs = _array(temperature_c), _array(enlarged_organs)
    haemoglobin, wbc, platelets = (
        _array(haemoglobin_g_dl), _array(wbc_10e9_l), _array(platelets_10e9_l)
    )  # fmt: skip
    ferritin, fibrinogen, ast = _array(ferritin_ng_ml), _array(fibrinogen_mg_dl), _array(ast_u_l)
    triglycerides_mmol_l = _array(triglycerides_mg_dl) / 88.57
    lineages = _array((haemoglobin <= 9.2) * 1.0 + (wbc <= 5.0) + (platelets <= 110.0))
    points = (
        _array(18.0 * (suppressed > 0))
        + _steps(temperature, (38.4, 33), (39.4, 16), beyond=(False, True))
        + _steps(organs, (1, 23), (2, 15))
        + _steps(lineages, (2, 24), (3, 10))
        + _steps(ferritin, (2000, 35), (6000, 15), beyond=(False, True))
        + _steps(triglycerides_mmol_l, (1.5, 44), (4, 20), beyond=(False, True))
        + 30.0 * (fibrinogen <= 250.0)
        + 19.0 * (ast >= 30.0)
        + 35.0 * (phagocytosis > 0)
    )
    return _where_complete(
        points, suppressed, phagocytosis, temperature, organs, haemoglobin, wbc, platelets,
        ferritin, triglycerides_mmol_l, fibrinogen, ast,
    )  # fmt: skip


_PENNISI = (
    "CRS grade 3 or more",
    "118 adults with B-ALL or large B-cell lymphoma",
    ("B-ALL", "LBCL"),
)
_AS_PENNISI = Timing(days=(-1, 1, 3))
_EASIX_CAUTION = (
    "On 154 other patients (axi-cel) neither CRS nor ICANS of grade 3 or more went with it "
    "(Cancers 2023;15:5443)."
)

SCORES: Mapping[str, Score] = MappingProxyType(
    {
        one.name: one
        for one in (
            Score(
                "easix", "EASIX", "EASIX评分", easix,
                ("ldh_u_l", "creatinine_mg_dl", "platelets_10e9_l"),
                "CRS or ICANS grade 3 or more", "large B-cell lymphoma, axi-cel, 93 + 121 patients",
                ("LBCL",), "10.3389/fimmu.2022.877477", Timing(days=tuple(range(-1, 31))),
                _EASIX_CAUTION, log2=True, youngest_years=0.0,
                cut_off=CutOff(4.67, "4.3-fold odds of grade 3 or more", "L", strictly=True),
            ),
            Score(
                "s_easix", "s-EASIX", "简化EASIX评分", s_easix, ("ldh_u_l", "platelets_10e9_l"),
                *_PENNISI, "10.1182/bloodadvances.2020003885", _AS_PENNISI, _EASIX_CAUTION,
                log2=True,
            ),
            Score(
                "m_easix", "m-EASIX", "改良EASIX评分", m_easix,
                ("ldh_u_l", "crp_mg_l", "platelets_10e9_l"),
                *_PENNISI, "10.1182/bloodadvances.2020003885", _AS_PENNISI, _EASIX_CAUTION,
                items_tag="Mh",  # that CRP is in mg/dL
                log2=True, youngest_years=0.0,
            ),
            Score(
                "car_hematotox", "CAR-HEMATOTOX", "CAR-HEMATOTOX评分", car_hematotox,
                ("platelets_10e9_l", "anc_10e9_l", "haemoglobin_g_dl", "crp_mg_l",
                 "ferritin_ng_ml"),
                "severe neutropenia for 14 days or more",
                "adults with large B-cell lymphoma, axi-cel or tisa-cel; also myeloma",
                ("LBCL", "MM"), "10.1182/blood.2020010543", Timing(),
                "Made for prolonged neutropenia after CAR-T, not for CRS or ICANS.",
                items_tag="Mh",
                cut_off=CutOff(2.0, "high risk of prolonged neutropenia", "L"),
            ),
            Score(
                "hscore", "HScore", "HScore评分", hscore,
                ("temperature_c", "haemoglobin_g_dl", "wbc_10e9_l", "platelets_10e9_l",
                 "ferritin_ng_ml", "triglycerides_mg_dl", "fibrinogen_mg_dl", "ast_u_l"),
                "reactive haemophagocytic syndrome", "312 adults, none after CAR-T", (),
                "10.1002/art.38690", Timing(before_lymphodepletion=False, any_day=True),
                "Made for reactive haemophagocytic syndrome, not for CAR-T: cytopenia after "
                "lymphodepletion and CRS itself fill most of its items.",
                cut_off=CutOff(169.0, "haemophagocytic syndrome likely", "Mh",
                               only_before_lymphodepletion=False),
                findings=("immunosuppressed", "enlarged_organs", "haemophagocytosis"),
            ),
        )
    }
)  # fmt: skip


def _array(readings: npt.ArrayLike) -> Floats:
    return np.asarray(readings, dtype=np.float64)


def _over_platelets(numerator: Floats, platelets_10e9_l: npt.ArrayLike) -> Floats:
    # np.maximum hands NaN on: missing platelets stay missing, only a reported 0 is raised.
    return np.asarray(numerator / np.maximum(_array(platelets_10e9_l), LEAST_PLATELETS_10E9_L))


def _steps(
    reading: Floats, *steps: tuple[float, float], beyond: tuple[bool, ...] = (False, False)
) -> Floats:
    """Add points at each threshold reached, or, where `beyond`, passed."""
    points: Floats = np.zeros(np.shape(reading))
    for (threshold, more), strictly in zip(steps, beyond, strict=True):
        reached = (reading > threshold) if strictly else (reading >= threshold)
        points = np.asarray(points + more * reached)
    return points


def _where_complete(points: npt.ArrayLike, *needed: Floats) -> Floats:
    missing = np.isnan(needed[0])
    for reading in needed[1:]:
        missing = missing | np.isnan(reading)
    return np.where(missing, np.nan, points)
