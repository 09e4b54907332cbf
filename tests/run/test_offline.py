# SPDX-License-Identifier: Apache-2.0
"""Fingerprints give the findings of audits, for every bundled pair."""

import pytest
from tests.registry.conftest import ZOO, manifest

from parentage.registry.container import from_bytes, to_bytes
from parentage.registry.search import possible_tests
from parentage.run.audit import gather, open_model
from parentage.run.batch import outline
from parentage.run.demo import EXPECTED
from parentage.run.fingerprint import fingerprint
from parentage.run.offline import gather_offline
from parentage.verdict.finding import Criteria
from parentage.verdict.judge import judge

PAIRS = [(c["candidate"], c["reference"]) for c in manifest()["comparisons"]]
TRUTH = {(c["candidate"], c["reference"]): c for c in manifest()["comparisons"]}


@pytest.fixture(scope="module")
def made():
    return {
        size: {
            row["id"]: from_bytes(to_bytes(fingerprint(ZOO / row["path"], size=size)))
            for row in manifest()["models"]
        }
        for size in (4_000_000, 300_000)
    }


def layers(finding):
    return {(p.block, own, there) for p in finding.parts for own, there in p.layers}


def numbers(evidence):
    return [
        (item.module, e.method, e.value, e.n, e.log10_p, e.effect)
        for item in evidence
        for e in item.evidence
    ]


@pytest.mark.parametrize(("candidate", "reference"), PAIRS)
def test_whole_fingerprints_give_the_numbers_of_an_audit(made, candidate, reference):
    """These models fit in whole, so every number is the same, not only the words."""
    opened = [open_model(ZOO / "models" / name) for name in (candidate, reference)]
    with opened[0].checkpoint, opened[1].checkpoint:
        direct, _ = gather(opened[0], opened[1:], budget=64_000_000, seed=0)
    held = made[4_000_000]
    ours = gather_offline(held[candidate], held[reference], label=reference)
    assert numbers(ours) == numbers(direct)
    assert judge(ours, Criteria()) == judge(direct, Criteria())


@pytest.mark.parametrize(("candidate", "reference"), PAIRS)
@pytest.mark.parametrize("size", [4_000_000, 300_000])
def test_findings_agree_with_the_truth_and_state_their_power(
    made, size, candidate, reference
):
    held = made[size]
    evidence = gather_offline(held[candidate], held[reference], label=reference)
    findings = judge(evidence, Criteria())
    truth = TRUTH[candidate, reference]
    assert {f.module: f.word for f in findings} == {
        module: EXPECTED[word] for module, word in truth["truth"].items()
    }
    for finding in findings:
        assert finding.power is not None
        assert 0 < finding.power < 1
        chosen = truth.get("layers", {}).get(finding.module)
        if chosen is not None:
            own = {x for p in finding.parts for x, _ in p.layers if x is not None}
            assert own == set(chosen)


def test_the_bound_on_tests_is_one(made):
    """A registry corrects for at least as many tests as are run."""
    held = made[300_000]
    for candidate, reference in PAIRS:
        evidence = gather_offline(held[candidate], held[reference], label=reference)
        ran = sum(item.tests() for item in evidence)
        bound = possible_tests(outline(held[candidate]), outline(held[reference]))
        assert ran <= bound


def test_a_fingerprint_of_part_of_the_experts_has_the_same_roles(made):
    """Few experts are held; the description of what is held is that of the whole."""
    held = made[300_000]["moe-a"]
    whole = {
        t.view.tensor: (t.role, t.layer, t.expert, t.shape)
        for m in held.model.modules
        for t in m.tensors
    }
    for module in held.held.modules:
        for tensor in module.tensors:
            found = (tensor.role, tensor.layer, tensor.expert, tensor.shape)
            assert whole[tensor.view.tensor] == found or tensor.view.tensor in whole


def test_other_seeds_are_not_compared(made):
    own = fingerprint(ZOO / "models/decoder-a", size=300_000, seed=5)
    evidence = gather_offline(own, made[300_000]["decoder-a"], label="x")
    assert all("different seeds" in str(item.reason) for item in evidence)
    words = {f.word for f in judge(evidence, Criteria())}
    assert words == {"not-testable"}
