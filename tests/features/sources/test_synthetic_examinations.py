"""Examinations beside the synthetic records support the grades and leave the rest as it was."""

import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.grading import beside_the_hand
from features.matrix import feature_matrix
from features.predictors import default_predictors
from features.questions import QUESTIONS, labels
from features.sources.synthetic import FRESH_QUESTIONS, frames, site_names, synthesize
from features.sources.synthetic.blocks import Block, blocks
from features.sources.synthetic.parameters import product_rows
from features.sources.synthetic.people import Mix
from features.tables import Cohort, Manifest, cohort_of

# Of the generator before examinations were added: 20 courses of seed 11.
BEFORE = {
    "courses": "ba847198eab96073", "measurements": "bc360c411b24fc4c",
    "treatments": "3dedaa23b8e18213", "late_events": "30ee816481ebabc2",
    "grades": "26953521b7d05ae0", "truth": "ca8e4a89bb23b9b8",
}  # fmt: skip


@pytest.fixture(scope="module")
def block() -> Block:
    mix = Mix(tuple(range(len(product_rows()))), tuple(range(len(site_names()))))
    return next(blocks(20, 11, mix, [QUESTIONS[name] for name in FRESH_QUESTIONS]))


@pytest.mark.parametrize("table", BEFORE)
def test_what_was_there_before_is_the_same_bit_for_bit(block: Block, table: str) -> None:
    digest = hashlib.sha256()
    for name, column in sorted(getattr(block, table).items()):
        digest.update(name.encode())
        digest.update("\n".join(map(str, np.asarray(column).tolist())).encode())
    assert digest.hexdigest()[:16] == BEFORE[table]


def cohort_of_block(block: Block) -> Cohort:
    manifest = Manifest("block", "synthetic", "instant", "censored", "ASTCT")
    tables = {name: frames.frame(one) for name, one in frames.columns_of(block).items()}
    return cohort_of(manifest, **tables)


@pytest.mark.parametrize("name", FRESH_QUESTIONS)
def test_no_predictor_of_a_default_question_sees_them(block: Block, name: str) -> None:
    nothing = {column: cells[:0] for column, cells in block.examinations.items()}
    after, before = (cohort_of_block(one) for one in (block, replace(block, examinations=nothing)))
    assert len(after.measurements) > len(before.measurements)
    asked = QUESTIONS[name]
    rows = labels(after, asked)
    pd.testing.assert_frame_equal(rows, labels(before, asked))
    predictors = default_predictors(asked)
    pd.testing.assert_frame_equal(
        feature_matrix(after, rows, predictors), feature_matrix(before, rows, predictors)
    )


def test_few_gradings_are_unsupported_and_few_of_icans_contradicted() -> None:
    found = beside_the_hand(synthesize(150, seed=3).cohort)
    phone = found["day"].gt(9)  # ICANS by phone, after discharge, stays open
    open_ = found["kind"].eq("unsupported")
    assert open_[found["toxicity"].eq("CRS")].mean() < 0.08
    assert open_[found["toxicity"].eq("ICANS") & ~phone].mean() < 0.03
    icans = found[found["toxicity"].eq("ICANS")]
    assert icans["kind"].isin(["findings_lower", "findings_higher"]).mean() < 0.01
    assert found.loc[found["day"].eq(0), "kind"].eq("agrees").all()
