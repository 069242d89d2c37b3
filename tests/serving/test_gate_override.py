"""What the gate refused and somebody overrode is told with every estimate of that model."""

import json
from dataclasses import replace

from serving.messages import EXAMPLE_REQUEST

RULE, REASON = "enough_patients_had_the_event", "12 patients had the event, 20 are asked for."
JUDGED = {
    "verdict": "more patients needed",
    "n_rows": 400,
    "model": {"auroc": {"estimate": 0.7, "low": 0.6, "high": 0.8}},
    "overridden": {"rules": {RULE: REASON}, "who": "the CAR-T board", "why": "a pilot"},
}
OVERRIDDEN, PASSED = "severe-crs-72h", "severe-icans-72h"


def opened(open_desk, release):
    record = replace(release.record, facts={OVERRIDDEN: JUDGED})
    return open_desk(replace(release, record=record))


def test_an_overridden_rule_is_on_every_estimate_of_that_model_and_no_other(open_desk, release):
    body = json.dumps(EXAMPLE_REQUEST).encode()
    answer = json.loads(opened(open_desk, release).answer(body))
    notices = {
        one["question"]["name"]: [
            notice["text"] for notice in one["notices"] if notice["code"] == "gate_override"
        ]
        for one in answer["answers"]
    }
    assert notices[PASSED] == []
    (text,) = notices[OVERRIDDEN]
    assert text.startswith(f"Promoted although the gate refused: {RULE}")
    assert all(said in text for said in (REASON, "the CAR-T board", "a pilot"))


def test_the_model_facts_show_figures_and_verdict_of_each_question(open_desk, release):
    facts = opened(open_desk, release).facts()
    judged = {one.question.name: one.judged for one in facts.models}
    assert judged[OVERRIDDEN] == JUDGED
    assert judged[PASSED] == {}
