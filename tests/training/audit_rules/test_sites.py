"""The site as an answer: sites that differ by chance, and sites that are alike."""

import numpy as np
import pytest

from tests.training.audited import N_DAYS, N_PATIENTS, Audited
from training.audit_rules.finding import Finding
from training.audit_rules.sites import site_alone_predicts_the_outcome


def found(sites: np.ndarray, made: Audited) -> Finding:
    made.rows["site"] = sites[np.repeat(np.arange(N_PATIENTS), N_DAYS)]
    return site_alone_predicts_the_outcome(made.evidence())


def test_sites_of_one_rate_are_said_to_tell_nothing_whatever_their_auroc() -> None:
    made = Audited()
    ever = made.rows["outcome"].to_numpy().reshape(N_PATIENTS, N_DAYS).any(axis=1)
    dealt = np.where(ever, np.cumsum(ever), np.cumsum(~ever)) % 4
    finding = found(np.char.add("site ", dealt.astype(str)), made)
    assert finding.severity == "note"
    assert finding.statistic is not None
    assert finding.statistic < 0.1  # everybody, left out, is ordered backwards
    assert "tells nothing" in finding.text
    assert "below 0.5 because" in finding.text


@pytest.mark.parametrize(("truth", "severity"), [(0.98, "refuse"), (0.88, "warn")])
def test_sites_that_go_with_the_outcome_are_found(truth: float, severity: str) -> None:
    made = Audited()
    ever = made.rows["outcome"].to_numpy().reshape(N_PATIENTS, N_DAYS).any(axis=1)
    told = np.random.default_rng(1).random(N_PATIENTS) < truth
    finding = found(np.where(ever == told, "east", "west"), made)
    assert finding.severity == severity
    assert "orders patients with an AUROC" in finding.text
