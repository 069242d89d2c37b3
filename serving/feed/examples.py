"""Made-up messages of the feed, as the OpenAPI shows them."""

from typing import Any

EXAMPLE_ID = "Zk3v0QmXc1pR8aYtLw5uEg"

EXAMPLE_COURSE: dict[str, Any] = {
    "course": {
        "product": "axicabtagene ciloleucel",
        "diagnosis": "LBCL",
        "age_years": 61,
        "infused_at": "2026-03-02T10:00:00+08:00",
    },
    "hospital_id": "made-up 17",
    "treatments_recorded": True,
}

EXAMPLE_EVENTS: dict[str, Any] = {
    "events": [
        {
            "event_id": "lab-1",
            "measurement": {
                "input": "crp_mg_l", "value": 84, "unit": "mg/L",
                "at": "2026-03-04T06:00:00+08:00", "known_at": "2026-03-04T07:10:00+08:00",
            },
        },
        {
            "event_id": "lab-2",
            "measurement": {
                "code": "1988-5", "system": "http://loinc.org", "value": 9.1, "unit": "mg/dL",
                "at": "2026-03-04T12:00:00+08:00",
            },
        },
        {
            "event_id": "obs-1",
            "measurement": {
                "input": "temperature_c", "value": 38.7, "unit": "Cel",
                "at": "2026-03-04T13:00:00+08:00",
            },
        },
        {
            "event_id": "ice-1",
            "measurement": {
                "input": "ice_score", "value": 10, "unit": "{score}",
                "at": "2026-03-04T13:05:00+08:00",
            },
        },
        {
            "event_id": "grade-1",
            "grading": {"toxicity": "CRS", "grade": 1, "at": "2026-03-04T13:10:00+08:00"},
        },
        {
            "event_id": "drug-1",
            "treatment": {"agent": "antipyretic", "start_at": "2026-03-04T13:15:00+08:00"},
        },
        {"event_id": "lab-1-again", "corrects": "lab-1", "retracts": True},
    ]
}  # fmt: skip

EXAMPLE_OUTCOME: dict[str, Any] = {
    "course_id": EXAMPLE_ID,
    "outcome_id": "end-1",
    "grades": [{"toxicity": "CRS", "grade": 2, "at": "2026-03-05T09:00:00+08:00"}],
    "discharged_at": "2026-03-20T11:00:00+08:00",
    "followed_until": "2026-03-20T11:00:00+08:00",
    "closes": True,
}

EXAMPLE_SEEN: dict[str, Any] = {"who": "nurse on duty"}
EXAMPLE_ACTION: dict[str, Any] = {"who": "doctor on duty", "reason": "seen at the bedside"}
EXAMPLE_SNOOZE: dict[str, Any] = {**EXAMPLE_ACTION, "until": "2026-03-04T20:00:00+08:00"}
EXAMPLE_OVERRIDE: dict[str, Any] = {**EXAMPLE_ACTION, "level": "highest"}
