# SPDX-License-Identifier: Apache-2.0
"""Where other tools fell: each of these made one of them say something false."""

import json
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from parentage.run.audit import audit
from parentage.run.demo import EXPECTED, run_demo
from parentage.testing.synthetic import descendant

ZOO = Path(__file__).resolve().parents[2] / "zoo"


@pytest.fixture(scope="module")
def demo():
    return run_demo(ZOO)


def words(report):
    return {m.name: m.finding for m in report.modules}


def test_every_bundled_finding_agrees_with_the_manifest(demo):
    manifest = json.loads((ZOO / "manifest.json").read_text())
    expected = sum(len(c["truth"]) for c in manifest["comparisons"])
    assert len(demo.rows) == expected
    assert [row for row in demo.rows if not row.agrees] == []
    assert {row.finding for row in demo.rows} == set(EXPECTED.values())


def test_equal_configs_are_no_evidence(demo):
    """Two mixtures of experts with every hyper-parameter alike."""
    report = demo.reports["moe-b", "moe-a"]
    configs = [
        json.loads((ZOO / "models" / name / "config.json").read_text())
        for name in ("moe-a", "moe-b")
    ]
    assert configs[0] == configs[1]
    assert report.finding == "no-dependence-found"


def test_norm_cosine_of_innocents_is_high_and_ignored(demo):
    report = demo.reports["decoder-b", "decoder-a"]
    (norms,) = report.norm_cosines
    assert norms.cosine > 0.95
    assert abs(norms.shuffled - norms.cosine) < 0.01
    assert abs(norms.pearson) < 0.1
    assert report.finding == "no-dependence-found"


def test_a_copied_vision_tower_is_named_alone_with_its_share(demo):
    for name, word in (("vlm-frozen", "identical"), ("vlm-tuned", "reused")):
        report = demo.reports[name, "vlm-donor"]
        found = words(report)
        assert found.pop("vision_encoder") == word
        assert set(found.values()) == {"no-dependence-found"}
        module = next(m for m in report.modules if m.name == "vision_encoder")
        assert module.share_numerator == module.parameters == 213_440
        assert module.share_denominator == report.candidate.parameters == 484_480


def test_float8_is_read(save, parent):
    cast = {
        n: a.astype(ml_dtypes.float8_e4m3fn) if a.ndim > 1 else a
        for n, a in descendant(parent, 0.9, 3).items()
    }
    report = audit(save("c", cast), [save("r", parent)])
    assert set(words(report).values()) == {"reused"}


def test_packed_integers_are_never_compared_as_weights(save, parent, shape):
    """Codes of 4-bit weights: equal integers would say nothing about weights."""
    packed = {}
    for name, array in parent.items():
        if "_proj" in name:
            stem = name.removesuffix(".weight")
            rows, columns = array.shape
            packed[f"{stem}.qweight"] = np.zeros((columns // 8, rows), dtype=np.int64)
            packed[f"{stem}.scales"] = np.ones((columns // 32, rows), np.float16)
        else:
            packed[name] = array
    config = {**shape.config(), "quantization_config": {"quant_method": "gptq"}}
    report = audit(save("c", packed, config), [save("r", packed, config)])
    decoder = next(m for m in report.modules if m.name == "text_decoder")
    blocks = {p.block for p in decoder.outcomes[0].parts}
    assert not blocks & {"attention", "mlp"}


def test_new_weights_under_an_old_path_give_a_new_answer(save, parent, stranger):
    reference = save("r", parent)
    assert words(audit(save("c", parent), [reference]))["text_decoder"] == "identical"
    again = audit(save("c", stranger), [reference])
    assert words(again)["text_decoder"] == "no-dependence-found"
