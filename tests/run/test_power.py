# SPDX-License-Identifier: Apache-2.0
"""A faint descendant of a large model, from few bytes; and the stated power holds."""

import pytest

from parentage.run.audit import DEFAULT_BUDGET, audit
from parentage.testing.synthetic import (
    Shape,
    descendant,
    random_model,
    write_model,
)

LARGE = Shape(
    hidden_size=768,
    intermediate_size=2048,
    num_hidden_layers=12,
    num_attention_heads=12,
    num_key_value_heads=4,
    vocab_size=16000,
)


@pytest.mark.slow
def test_correlation_of_a_twentieth_is_found_in_a_hundred_million_parameters(tmp_path):
    parent = random_model(LARGE, 1)
    child = descendant(parent, 0.05, 2)
    reference = write_model(tmp_path / "r", parent, LARGE.config())
    candidate = write_model(tmp_path / "c", child, LARGE.config())
    report = audit(candidate, [reference], undo_budget=0, descent_budget=0)
    assert report.candidate.parameters >= 100_000_000
    for model in (report.candidate, *report.references):
        assert model.bytes_read <= DEFAULT_BUDGET < model.bytes_stored / 3
    decoder = next(m for m in report.modules if m.name == "text_decoder")
    assert decoder.finding == "reused"
    assert decoder.effect == pytest.approx(0.05, abs=0.01)
    assert decoder.power.correlation < 0.05


def test_models_at_the_stated_correlation_are_found(tmp_path):
    """The power statement of a cleared model, tried on descendants of that strength."""
    shape = Shape(hidden_size=64, intermediate_size=192, num_hidden_layers=4)
    parent = random_model(shape, 1, "F32")
    reference = write_model(tmp_path / "r", parent, shape.config())
    stranger = random_model(shape, 2, "F32")
    cleared = audit(write_model(tmp_path / "s", stranger, shape.config()), [reference])
    power = next(m for m in cleared.modules if m.name == "text_decoder").power
    found = 0
    for seed in range(20):
        child = descendant(parent, power.correlation, 100 + seed, only="_proj")
        folder = write_model(tmp_path / f"c{seed}", child, shape.config())
        report = audit(folder, [reference])
        decoder = next(m for m in report.modules if m.name == "text_decoder")
        found += decoder.log10_p_adjusted <= -6
    assert found >= 18
