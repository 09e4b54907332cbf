# SPDX-License-Identifier: Apache-2.0
"""Small real models found in public, with what their histories say of them."""

import itertools
import os
from pathlib import Path

import pytest

from parentage.run.audit import audit
from parentage.run.inspect import inspect_model

DATA = os.environ.get("PARENTAGE_DATA")
pytestmark = pytest.mark.skipif(
    not DATA, reason="PARENTAGE_DATA does not name a folder of real public files"
)
WEIGHTS = Path(DATA or ".") / "weights"


def files(folder):
    return sorted((WEIGHTS / folder).glob("*.safetensors"))


def test_every_real_file_is_described_to_the_last_parameter():
    found = sorted(WEIGHTS.rglob("*.safetensors"))
    assert found
    for file in found:
        model = inspect_model(file)
        assert sum(m.parameters for m in model.modules) == model.parameters


def test_two_saves_of_one_run_are_related():
    early, late = (
        next(f for f in files("dllm-remask-policy") if word in f.name)
        for word in ("checkpoint-1000__", "checkpoints__checkpoint-2000__")
    )
    assert audit(late, [early]).finding == "reused"


def test_independent_small_networks_are_never_said_to_agree():
    pairs = list(itertools.combinations(files("elyasb14-mnist-mlp"), 2))
    assert len(pairs) > 50
    for a, b in pairs:
        assert audit(a, [b]).finding == "not-testable"
