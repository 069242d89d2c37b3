"""The applied model card of the Coalition for Health AI, version 0.2, as XML.

Every element of the schema is there in its order; what nobody has said is written as such, in the
text that the schema asks for. The schema itself is not shipped: it is the Coalition's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from training.cards.answers import about, figures, method, patients, use
from training.cards.evidence import Evidence
from training.cards.filling import items_of
from training.cards.statements import ASKED

NAMESPACE = "https://mc.chai.org/v0.2/schema.xsd"
NOT_STATED = "Not stated"
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2
_LEVELS = ("estimate", "low", "high")

Part = tuple[str, "str | Sequence[Part]"]


def chai_xml(e: Evidence) -> str:
    """Return the card as XML."""
    ET.register_namespace("", NAMESPACE)
    root = ET.Element(_tag("AppliedModelCard"))
    _grow(root, _card(e))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _grow(parent: ET.Element, parts: Sequence[Part]) -> None:
    for name, inside in parts:
        child = ET.SubElement(parent, _tag(name))
        if isinstance(inside, str):
            child.text = _ILLEGAL.sub("\ufffd", inside)
        else:
            _grow(child, inside)


def _stated(e: Evidence, *keys: str) -> str:
    said = [e.statements.get(key) or f"{NOT_STATED}: {ASKED[key]}" for key in keys]
    return " ".join(said)


def _known(*answers: str | None) -> str:
    return " ".join(answer for answer in answers if answer) or NOT_STATED


def _card(e: Evidence) -> list[Part]:
    return [
        ("BasicInfo", [
            ("ModelName", e.name),
            ("ModelDeveloper", _stated(e, "developer")),
            ("DeveloperContact", _stated(e, "contact")),
        ]),
        ("ReleaseInfo", _release(e)),
        ("ModelSummary", _summary(e)),
        ("UsesAndDirections", _uses(e)),
        ("Warnings", _warnings(e)),
        ("TrustIngredients", [
            ("AISystemFacts", _system(e)),
            ("TransparencyInformation", [
                ("FundingSource", _stated(e, "funding")),
                ("ThirdPartyInformation", _stated(e, "third_parties")),
                ("StakeholdersConsulted", _stated(e, "stakeholders")),
            ]),
        ]),
        ("KeyMetrics", [
            ("UsefulnessUsabilityEfficacy", _usefulness(e)),
            ("FairnessEquity", _fairness(e)),
            ("SafetyReliability", _safety(e)),
        ]),
        ("Resources", [
            ("EvaluationReferences", _known(figures.in_other_patients(e))),
            ("ClinicalTrial", _stated(e, "outcome_studies")),
            ("PeerReviewedPublications", _stated(e, "publications")),
            ("ReimbursementStatus", NOT_STATED),
            ("PatientConsentOrDisclosure", _stated(e, "consent")),
        ]),
        ("Bibliography", _bibliography()),
    ]  # fmt: skip


def _release(e: Evidence) -> list[Part]:
    stage = "Demonstration on synthetic patients" if e.synthetic else "Research; not released"
    if e.version and not e.synthetic:
        stage = f"Registered as {e.version.name}; whether it is in service is not in this card"
    return [
        ("ReleaseStage", stage),
        ("ReleaseDate", NOT_STATED),
        ("ReleaseVersion", _known(method.identity(e))),
        ("GlobalAvailability", _stated(e, "availability")),
        ("RegulatoryApproval", _stated(e, "regulatory_status")),
    ]


def _summary(e: Evidence) -> list[Part]:
    mark = "SYNTHETIC patients: no figure describes a real one." if e.synthetic else None
    words = ["CAR-T", e.question.toxicity, "prediction model", e.question.name]
    return [
        ("Summary", _known(mark, about.title(e), about.predicted(e), figures.verdict(e))),
        ("Keywords", [("Keyword", word) for word in words]),
    ]


def _uses(e: Evidence) -> list[Part]:
    out_of_scope = [about.limitations(e), about.unseen(e), about.NEVER_DISCHARGE]
    return [
        ("IntendedUseAndWorkflow", _stated(e, "intended_use", "workflow")),
        ("PrimaryIntendedUsers", _stated(e, "intended_users")),
        ("HowToUse", _known(about.role(e), about.output(e), about.poor_inputs(e))),
        ("TargetedPatientPopulation", _known(about.at_risk(e))),
        ("CautionedOutOfScopeSettings", _known(*out_of_scope)),
    ]


def _warnings(e: Evidence) -> list[Part]:
    risks = [about.limitations(e), patients.audited(e), patients.overridden(e)]
    return [
        ("KnownRisksAndLimitations", _known(*risks)),
        ("KnownBiasesOrEthicalConsiderations", _stated(e, "bias_management", "inequalities")),
        ("ClinicalRiskLevel", _stated(e, "risk_level")),
    ]


def _system(e: Evidence) -> list[Part]:
    return [
        ("OutcomesAndOutputs", _known(about.outcome(e), about.output(e), use.tiers(e))),
        ("ModelType", _known(method.learner(e))),
        ("FoundationModels", "None"),
        ("InputDataSource", _known(method.predictors(e))),
        ("OutputAndInputDataTypes", "Numbers and categories of one course in; probabilities out."),
        ("DevelopmentDataCharacterization", _known(
            patients.cohort(e), patients.learnt_from(e), patients.products(e),
            patients.end_of_record(e),
        )),
        ("BiasMitigationApproaches", _stated(e, "fairness_approach", "bias_management")),
        ("OngoingMaintenance", f"{_stated(e, 'monitoring', 'update_schedule')} {use.gate(e)}"),
        ("Security", "Plain JSON without code; nothing leaves the machine it runs on."),
        ("Transparency", _known(method.specification(e), method.code(e))),
    ]  # fmt: skip


def _metric(
    e: Evidence, goal: str, results: list[Part], interpretation: str, extra: str | None = None
) -> list[Part]:
    return [
        ("MetricGoal", goal),
        ("Results", results),
        ("Interpretation", interpretation),
        ("TestType", _known(method.validation(e))),
        ("TestingDataDescription", _known(patients.numbers(e), patients.cohort(e))),
        ("ValidationProcessAndJustification", _known(method.tuning(e), extra)),
    ]


def _usefulness(e: Evidence) -> list[Part]:
    names = (*figures.DISCRIMINATION, *figures.OVERALL)
    return _metric(
        e,
        "Tell patients with the event from the others, better than the simple rules on the same "
        "rows",
        _figures(e, names),
        _known(figures.verdict(e), figures.against_best(e)),
        method.comparators(e),
    )


def _fairness(e: Evidence) -> list[Part]:
    block = e.block("subgroups")
    value = NOT_STATED if block is None else json.dumps(block, allow_nan=False)
    said = _known(patients.subgroups(e), _stated(e, "fairness_approach"))
    return _metric(e, "No subgroup served worse", [_result("subgroups", value)], said)


def _safety(e: Evidence) -> list[Part]:
    said = _known(figures.calibration(e), method.instability(e))
    return _metric(
        e, "Risks that mean what they say", _figures(e, figures.CALIBRATION), said,
        method.interval_made(e),
    )  # fmt: skip


def _figures(e: Evidence, names: tuple[str, ...]) -> list[Part]:
    model = e.evaluation["model"]
    found = [
        _result(figures.SHORT[name], json.dumps({at: model[name].get(at) for at in _LEVELS}))
        for name in names
        if name in model
    ]
    return found or [_result("none", NOT_STATED)]


def _result(label: str, value: str) -> Part:
    return ("MetricResult", [("Label", label), ("ValueJson", value)])


def _bibliography() -> str:
    lists = [items_of(name) for name in ("tripod_ai", "probast_ai", "hti1")]
    return " ".join(f"{one.source}." for one in lists)
