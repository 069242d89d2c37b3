"""Requests as a test asks them, and what it looks for in the answers."""

import copy

from serving.messages import EXAMPLE_REQUEST

DAILY = ["severe-crs-72h", "severe-icans-72h"]
BEFORE = "severe-crs-30d"


def a_request(**changes):
    return {**copy.deepcopy(EXAMPLE_REQUEST), **changes}


def before_infusion(**changes):
    rows = [row for row in EXAMPLE_REQUEST["measurements"] if row.get("day", 1) < 0]
    return {"course": EXAMPLE_REQUEST["course"], "measurements": rows, "landmark": 0, **changes}


def by_name(answer):
    return {one["question"]["name"]: one for one in answer["answers"]}


def codes(answered):
    return [one["code"] for one in answered["notices"]]
