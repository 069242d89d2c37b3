"""The CHAI card validates against the Coalition's schema, which lies outside of the project."""

import json
from xml.etree import ElementTree as ET

import pytest

from tests.real_data import real_file
from tests.training.cards.made_blocks import SUBGROUPS
from tests.training.cards.made_evidence import COHORT, an_evaluation, evidence
from training.cards.chai import NAMESPACE, NOT_STATED, chai_xml
from training.cards.statements import ASKED

XSD = "{http://www.w3.org/2001/XMLSchema}"
SCHEMA = "interop/model_card/chai_applied_model_card_0.2.xsd"


def texts(xml, name):
    return [one.text for one in ET.fromstring(xml).iter(f"{{{NAMESPACE}}}{name}")]  # noqa: S314 - ours


class Schema:
    """Just enough of XML Schema for this schema: sequences of elements, counts, and strings."""

    def __init__(self, path):
        root = ET.parse(path).getroot()  # noqa: S314 - a file of our own machine
        self.types = {one.get("name"): one for one in root.findall(f"{XSD}complexType")}
        self.top = root.find(f"{XSD}element")

    def faults(self, root):
        if root.tag != f"{{{NAMESPACE}}}{self.top.get('name')}":
            return [f"root is {root.tag}"]
        return self._of(root, self.top.find(f"{XSD}complexType"))

    def _of(self, node, kind):
        sequence = kind.find(f"{XSD}sequence")
        many = sequence.get("maxOccurs") == "unbounded"
        children, found, at = list(node), [], 0
        while True:
            start = at
            for one in sequence.findall(f"{XSD}element"):
                at, faults = self._some(children, at, one, optional=many)
                found += faults
            if not many or at in (start, len(children)):
                break
        return found + [f"{node.tag}: {left.tag} is not expected" for left in children[at:]]

    def _some(self, children, at, declared, *, optional):
        name, seen, faults = declared.get("name"), 0, []
        most = declared.get("maxOccurs", "1")
        end = len(children) if most == "unbounded" else min(len(children), at + int(most))
        while at < end and children[at].tag == f"{{{NAMESPACE}}}{name}":
            faults += self._inside(children[at], declared)
            at, seen = at + 1, seen + 1
        if seen < int(declared.get("minOccurs", "1")) and not optional:
            faults.append(f"{name} lacks")
        return at, faults

    def _inside(self, node, declared):
        kind = declared.get("type", "")
        if kind == "xs:string":
            return [f"{node.tag} holds elements"] if len(node) else []
        return self._of(node, self.types[kind.removeprefix("mc:")])


@pytest.fixture(scope="module")
def schema():
    return Schema(real_file(SCHEMA))


def parsed(e):
    return ET.fromstring(chai_xml(e))  # noqa: S314 - ours


@pytest.mark.parametrize(
    "e",
    [
        evidence(),
        evidence(said={key: f"said of {key}" for key in ASKED}),
        evidence(an_evaluation(model={}, comparators={}, differences={}, verdict=None)),
        evidence(an_evaluation(subgroups=SUBGROUPS), settings=None, audit=None),
    ],
)
def test_the_card_validates(e, schema):
    assert schema.faults(parsed(e)) == []


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        ("BasicInfo", "BasicInfo lacks"),
        ("Bibliography", "Bibliography lacks"),
        ("KeyMetrics", "KeyMetrics lacks"),
    ],
)
def test_the_validation_sees_what_lacks(part, fault, schema):
    root = parsed(evidence())
    root.remove(root.find(f"{{{NAMESPACE}}}{part}"))
    assert fault in schema.faults(root)


def test_the_validation_sees_a_wrong_order(schema):
    root = parsed(evidence())
    first = root[0]
    root.remove(first)
    root.append(first)
    assert schema.faults(root)


def test_what_nobody_said_is_not_stated():
    xml = chai_xml(evidence())
    assert texts(xml, "FundingSource") == [f"{NOT_STATED}: {ASKED['funding']}"]
    said = chai_xml(evidence(said={"funding": "A public grant."}))
    assert texts(said, "FundingSource") == ["A public grant."]


def test_metrics_are_the_figures_of_the_evaluation_as_json():
    evaluation = an_evaluation()
    values = [json.loads(v) for v in texts(chai_xml(evidence(evaluation)), "ValueJson")
              if v != NOT_STATED]  # fmt: skip
    model = [{at: f[at] for at in ("estimate", "low", "high")}
             for f in evaluation["model"].values()]  # fmt: skip
    assert len(values) == 9
    assert all(value in model for value in values)


def test_a_name_full_of_markup_and_control_characters_is_only_text():
    name = "a</Summary><x>&\x00\x1b ward"
    xml = chai_xml(evidence(an_evaluation(cohort=COHORT | {"name": name})))
    assert "a</Summary><x>&\ufffd\ufffd ward" in texts(xml, "Summary")[0]
