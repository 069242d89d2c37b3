"""Made-up requests, as the OpenAPI shows them."""

from typing import Any

EXAMPLE_REQUEST: dict[str, Any] = {
    "course": {
        "product": "axicabtagene ciloleucel",
        "diagnosis": "LBCL",
        "age_years": 61,
        "sex": "female",
        "weight_kg": 68,
        "ecog": 1,
        "prior_lines": 3,
        "lymphodepletion": "fludarabine_cyclophosphamide",
        "infused_at": "2026-03-02T10:00:00+08:00",
    },
    "measurements": [
        {"input": "crp_mg_l", "value": 2.1, "unit": "mg/dL", "day": -1},
        {"input": "ferritin_ng_ml", "value": 640, "unit": "ng/mL", "day": -1},
        {"input": "ldh_u_l", "value": 310, "unit": "U/L", "day": -1},
        {"input": "platelets_10e9_l", "value": 92, "unit": "10*9/L", "day": -1},
        {"input": "temperature_c", "value": 38.7, "unit": "Cel", "at": "2026-03-04T08:00:00+08:00"},
        {"input": "crp_mg_l", "value": 84, "unit": "mg/L", "day": 2.0},
        {"input": "ferritin_ng_ml", "value": 1480, "unit": "ng/mL", "day": 2.0},
        {"input": "oxygen_device", "text": "room_air", "day": 2.0},
        {"input": "ice_score", "value": 10, "unit": "{score}", "day": 2.0},
    ],
    "treatments": [{"agent": "antipyretic", "start_day": 1.9}],
    "grades": [
        {"toxicity": "CRS", "grade": 0, "day": 1.0},
        {"toxicity": "CRS", "grade": 1, "day": 2.0},
        {"toxicity": "ICANS", "grade": 0, "day": 2.0},
    ],
    "landmark": 2.0,
}

EXAMPLE_GRADE_REQUEST: dict[str, Any] = {
    "course": {"product": "axicabtagene ciloleucel", "age_years": 61},
    "measurements": [
        {"input": "temperature_c", "value": 38.9, "unit": "Cel", "day": 3.1},
        {"input": "sbp_mmhg", "value": 84, "unit": "mm[Hg]", "day": 3.2},
        {"input": "oxygen_device", "text": "nasal_cannula", "day": 3.2},
        {"input": "oxygen_flow_l_min", "value": 2, "unit": "L/min", "day": 3.2},
        {"input": "ice_score", "value": 8, "unit": "{score}", "day": 3.2},
        {"input": "consciousness", "text": "awakens_spontaneously", "day": 3.2},
        {"input": "platelets_10e9_l", "value": 44, "unit": "10*9/L", "day": 3.0},
        {"input": "ldh_u_l", "value": 410, "unit": "U/L", "day": 3.0},
        {"input": "creatinine_mg_dl", "value": 1.1, "unit": "mg/dL", "day": 3.0},
    ],
    "treatments": [],
    "grades": [{"toxicity": "CRS", "grade": 1, "day": 3.2}],
    "landmark": 3.25,
}
