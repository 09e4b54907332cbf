# SPDX-License-Identifier: Apache-2.0
"""Models that are computed: order of reading, statistics, sizes, and audits of them."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import deserialize

from parentage.run.audit import audit
from parentage.testing.hub import Fault, HubServer
from parentage.testing.virtual.catalogue import family, published
from parentage.testing.virtual.files import virtual_repository
from parentage.testing.virtual.shapes import SHAPES, Shape, Vision
from parentage.testing.virtual.values import normals

from .conftest import use
from .test_same import plain

SMALL = {
    "hidden_size": 512,
    "num_hidden_layers": 4,
    "moe_intermediate_size": 256,
    "intermediate_size": 1024,
    "q_lora_rank": 128,
    "kv_lora_rank": 64,
}
REFERENCE = replace(
    SHAPES["deepseek-v3"],
    num_attention_heads=8,
    n_routed_experts=16,
    vocab_size=2048,
    **SMALL,
)
CANDIDATE = replace(
    SHAPES["a.x-k1"],
    num_attention_heads=4,
    n_routed_experts=12,
    vocab_size=3072,
    **SMALL,
)
ENCODER = Vision(depth=4, embed_dim=160, mlp=640, heads=4)
MODELS = family(REFERENCE, CANDIDATE, vision=ENCODER)
BUDGETS = {"budget": 6_000_000, "undo_budget": 0, "descent_budget": 1_000_000}


@settings(deadline=None)
@given(st.lists(st.integers(0, 20_000), min_size=2, max_size=6))
def test_a_value_is_the_same_whatever_was_read_before(places):
    whole = normals(7, 0, 20_000)
    for begin, end in pairwise(places):
        if begin <= end:
            assert np.array_equal(normals(7, begin, end), whole[begin:end])


def test_values_are_normal_and_rows_are_independent():
    a, b = normals(1, 0, 1 << 18), normals(2, 0, 1 << 18)
    assert abs(a.mean()) < 0.01
    assert abs(a.std() - 1) < 0.01
    assert abs(np.mean(a**4) - 3) < 0.1
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.01
    assert abs(np.corrcoef(a[:-1], a[1:])[0, 1]) < 0.01


@pytest.mark.parametrize("name", ["kv_b_proj", "o_proj", "mlp.experts.3.up_proj"])
def test_derived_tensors_are_cut_from_the_parents(name):
    name = f"model.layers.3.{'' if 'mlp' in name else 'self_attn.'}{name}.weight"
    child, parent = MODELS["decoder"], MODELS["reference"]
    shape = child.tensors[name].shape
    whole = parent.tensors[name].shape
    mine = child.values(name, 0, math.prod(shape)).reshape(shape)
    theirs = parent.values(name, 0, math.prod(whole)).reshape(whole)
    part = theirs[: shape[0], : shape[1]]
    assert abs(np.corrcoef(mine.ravel(), part.ravel())[0, 1] - 0.5) < 0.03
    assert abs(mine.std() - 0.02) < 0.001


def test_a_shape_without_a_kind_of_attention_is_none():
    sizes = {item.name: getattr(REFERENCE, item.name) for item in fields(Shape)}
    with pytest.raises(TypeError, match="attention"):
        Shape(**sizes)


def test_files_are_those_that_the_format_s_library_reads():
    made = virtual_repository(MODELS["independent"], shard=4_000_000)
    names = [name for name in made.files if name.endswith(".safetensors")]
    assert len(names) > 3
    blob = made.files[names[1]]
    pieces = [blob.read(n, min(n + 1000, blob.size)) for n in range(0, blob.size, 1000)]
    whole = b"".join(pieces)
    assert whole == blob.read(0, blob.size)
    assert len(deserialize(whole)) == len(blob.tensors)


def test_sizes_are_the_published_ones():
    sizes = {name: model.parameters / 1e9 for name, model in published().items()}
    assert sizes == {
        "deepseek-v3": pytest.approx(671.03, abs=0.01),
        "a.x-k1": pytest.approx(519, abs=0.1),
        "solar-open-100b": pytest.approx(102.6, abs=0.1),
    }


@pytest.fixture(scope="module")
def server():
    made = [virtual_repository(m, shard=8_000_000) for m in MODELS.values()]
    with HubServer(made) as running:
        yield running


@pytest.mark.parametrize(
    ("candidate", "reference", "derived"),
    [
        ("decoder", "reference", {"text_decoder"}),
        ("vision", "reference-vision", {"vision_encoder"}),
        ("independent", "reference", set()),
    ],
)
def test_the_derived_module_is_found_and_the_rest_cleared(
    candidate, reference, derived, server, monkeypatch, tmp_path
):
    use(monkeypatch, server.endpoint, tmp_path)
    server.reset()
    report = audit(f"virtual/{candidate}", [f"virtual/{reference}"], **BUDGETS)
    found = {m.name: m.finding for m in report.modules}
    assert {name for name, word in found.items() if word == "reused"} == derived
    rest = {word for name, word in found.items() if name not in derived}
    assert rest == {"no-dependence-found"}
    for module in report.modules:
        if module.finding == "no-dependence-found":
            assert module.power.correlation < 0.5
    sizes = {name: math.prod(t.shape) for name, t in MODELS[candidate].tensors.items()}
    embedding = [s for n, s in sizes.items() if n.endswith("embed_tokens.weight")]
    shares = {m.name: (m.share_numerator, m.share_denominator) for m in report.modules}
    assert shares["embedding"] == (sum(embedding), sum(sizes.values()))
    assert sum(top for top, _ in shares.values()) == sum(sizes.values())
    most = sum(BUDGETS.values())
    assert server.sent[f"virtual/{candidate}"] <= most
    assert server.sent[f"virtual/{reference}"] <= most


@pytest.mark.parametrize("undo", [1_500_000, 6_000_000])
def test_the_search_for_relabellings_keeps_to_its_budget(
    undo, server, monkeypatch, tmp_path
):
    """Where nothing is found by number, it runs; how much it adds is counted."""
    use(monkeypatch, server.endpoint, tmp_path)
    names = "virtual/independent", "virtual/reference"
    sent = []
    for further in (0, undo):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / str(further)))
        server.reset()
        report = audit(names[0], [names[1]], **{**BUDGETS, "undo_budget": further})
        sent.append([server.sent[name] for name in names])
    methods = {e.method for m in report.modules for e in m.evidence}
    assert "aligned-units" in methods
    for before, after in zip(*sent, strict=True):
        assert undo / 4 < after - before <= undo


def test_a_tenth_of_the_requests_failing_changes_nothing(server, monkeypatch, tmp_path):
    use(monkeypatch, server.endpoint, tmp_path)
    monkeypatch.setenv("PARENTAGE_HTTP_ATTEMPTS", "8")
    server.reset()
    undisturbed = audit("virtual/decoder", ["virtual/reference"], **BUDGETS)
    faults = [
        Fault("status", share=0.05, seed=1),
        Fault("truncate", share=0.05, seed=2),
    ]
    server.reset(faults)
    disturbed = audit("virtual/decoder", ["virtual/reference"], **BUDGETS)
    assert plain(disturbed) == plain(undisturbed)
    assert sum(fault.done for fault in faults) > 0.07 * len(server.requests)
