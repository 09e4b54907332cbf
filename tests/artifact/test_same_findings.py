# SPDX-License-Identifier: Apache-2.0
"""The same weights give the same findings in every format."""

from __future__ import annotations

import pytest

from parentage.run.audit import audit

FORMATS = [
    "GGUF Q8_0",
    "GGUF Q4_0",
    "GGUF Q5_1",
    "GGUF MXFP4",
    "GGUF TQ2_0",
    "GPTQ",
    "GPTQ by activity",
    "GPTQ 3 bits",
    "AWQ",
    "NF4",
    "INT8 rows",
    "FP8 blocks",
    "NVFP4",
    "INT4 packed",
    "PyTorch",
    "PyTorch before 2020",
    "GGUF BF16",
    "ONNX",
    "ONNX with data outside",
    "base and adapter",
]


@pytest.fixture(scope="module")
def plain(encoders):
    return findings(encoders, encoders.ZOO / "decoder-a-finetuned")


def findings(encoders, path):
    """Findings of each module, against parent and stranger, and the stranger alone."""
    parent, stranger = encoders.ZOO / "decoder-a", encoders.ZOO / "decoder-b"
    both = audit(path, [parent, stranger])
    alone = audit(path, [stranger])
    return [
        [(m.name, m.finding, m.reference) for m in report.modules]
        for report in (both, alone)
    ] + [[m.effect for m in both.modules], both.coverage]


def test_every_format_is_here(encoders):
    assert list(encoders.FORMATS) == FORMATS


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_same_findings(tmp_path, encoders, plain, name):
    """A fine-tuned model is found to be one, and a stranger stays a stranger."""
    path = encoders.FORMATS[name](tmp_path, "decoder-a-finetuned")
    found = findings(encoders, path)
    assert found[:2] == plain[:2]
    assert found[3] == plain[3]
    for ours, theirs in zip(found[2], plain[2], strict=True):
        assert ours > 0.85 * theirs
    assert {word for _, word, _ in found[0]} == {"reused"}
    assert {word for _, word, _ in found[1]} == {"no-dependence-found"}
