# SPDX-License-Identifier: Apache-2.0
"""Descriptions of descent on synthetic models whose making is known."""

from __future__ import annotations

import json

import ml_dtypes
import numpy as np
import pytest

from parentage.errors import UsageError
from parentage.report.descent_explain_html import render_explanation
from parentage.report.descent_text import details, headline
from parentage.report.document import Report
from parentage.report.html import render_html
from parentage.report.language import Language
from parentage.run.audit import audit
from parentage.run.explain import explain
from parentage.testing.synthetic import Shape, random_model

MODULES = ("embedding", "text_decoder", "head")


def bf16(model):
    return {n: a.astype(ml_dtypes.bfloat16) for n, a in model.items()}


def floats(model):
    return {n: a.astype(np.float32) for n, a in model.items()}


def tuned(model, seed, size=0.1):
    """As a fine-tune: every matrix moves, in some directions more than in others."""
    rng = np.random.default_rng(seed)
    found = {}
    for name, array in model.items():
        change = rng.standard_normal(array.shape)
        if array.ndim > 1:
            rank = min(array.shape)
            left = rng.standard_normal((array.shape[0], rank))
            right = rng.standard_normal((rank, array.shape[1]))
            change = left / np.arange(1, rank + 1) @ right
        scale = size * np.linalg.norm(array) / np.linalg.norm(change)
        found[name] = (array + scale * change).astype(np.float32)
    return floats(bf16(found))


@pytest.fixture(scope="module")
def family(parent):
    base = floats(bf16(parent))
    return base, tuned(base, 1), tuned(base, 2)


@pytest.fixture
def descents(save):
    def measure(candidate, references, **options):
        paths = [save(n, bf16(m)) for n, m in references.items()]
        report = audit(save("c", candidate), paths, **options)
        return {d.module: d for d in report.descents}, report

    return measure


def test_nothing_is_described_without_dependence(descents, parent, stranger):
    found, report = descents(bf16(stranger), {"r": floats(parent)})
    assert found == {}
    assert {m.finding for m in report.modules} == {"no-dependence-found"}


def test_copies_and_fine_tunes(descents, family):
    base, first, second = family
    found, _ = descents(bf16(base), {"base": base})
    assert {d.kind for d in found.values()} == {"identical"}
    found, _ = descents(bf16(first), {"base": base, "second": second})
    assert {d.kind for d in found.values()} == {"trained"}
    assert {d.nearest for d in found.values()} == {"base"}
    assert {d.extent for d in found.values()} == {"light"}
    assert {d.direction for d in found.values()} == {"undecided"}
    assert found["text_decoder"].changes[0].relative == pytest.approx(0.1, abs=0.01)


def test_linear_merge_gives_its_weights_and_layers(descents, family):
    base, first, second = family
    merged = {n: 0.3 * first[n] + 0.7 * second[n] for n in base}
    found, report = descents(
        bf16(merged), {"base": base, "first": first, "second": second}
    )
    truth = {"base": 0.0, "first": 0.3, "second": 0.7}
    for module in MODULES:
        assert found[module].kind == "merge"
        mixture = found[module].mixture
        assert mixture.method == "linear"
        weights = {p.reference: p for p in mixture.parents}
        for name, weight in truth.items():
            assert weights[name].weight == pytest.approx(weight, abs=0.01)
            assert weights[name].low <= weights[name].weight <= weights[name].high
    rows = dict(found["text_decoder"].mixture.layers)
    assert set(rows) == {None, 0, 1, 2, 3}
    assert found["text_decoder"].direction == "from-reference"
    again = Report.model_validate_json(report.to_json())
    assert again.descents == report.descents
    assert "0.700 second" in render_html(report)


def test_merge_with_an_unlisted_parent_is_said(descents, family, stranger):
    base, first, second = family
    merged = {n: 0.5 * first[n] + 0.5 * second[n] for n in base}
    found, _ = descents(bf16(merged), {"base": base, "first": first})
    assert found["text_decoder"].kind == "merge-with-remainder"
    assert found["text_decoder"].remainder.share == pytest.approx(0.5, abs=0.05)
    far = {n: 0.5 * first[n] + 0.5 * stranger[n].astype(np.float32) for n in base}
    found, _ = descents(bf16(far), {"first": first})
    assert found["text_decoder"].kind == "merge-with-remainder"
    assert found["text_decoder"].remainder.sign == "share-of-whole"


def test_passthrough_merge_names_its_layers(descents, family):
    base, first, second = family
    merged = {n: second[n] if ".2." in n or ".3." in n else first[n] for n in base}
    found, _ = descents(bf16(merged), {"first": first, "second": second})
    decoder = found["text_decoder"]
    assert decoder.kind == "passthrough"
    sources = {s.layer: s.references for s in decoder.sources if s.layer is not None}
    assert sources == {
        0: ("first",), 1: ("first",), 2: ("second",), 3: ("second",)
    }  # fmt: skip


def test_adapter_has_its_rank(descents, family):
    base, _, _ = family
    rng = np.random.default_rng(0)
    child = {
        n: a
        + 0.02
        * rng.standard_normal((a.shape[0], 4))
        @ rng.standard_normal((4, a.shape[1]))
        if a.ndim > 1 and "layers" in n
        else a
        for n, a in base.items()
    }
    found, _ = descents(bf16(child), {"base": base})
    assert found["text_decoder"].kind == "low-rank"
    assert found["text_decoder"].ranks.rank == 4
    assert found["embedding"].kind == "identical"


def test_rounded_copy_names_its_parent_among_siblings(descents, family):
    base, first, second = family
    copied = {}
    for name, array in first.items():
        copied[name] = array
        if array.ndim > 1 and "layers" in name:
            parts = array.reshape(array.shape[0], -1, 32)
            scale = np.abs(parts).max(-1, keepdims=True) / 7
            copied[name] = (np.rint(parts / scale) * scale).reshape(array.shape)
    found, _ = descents(bf16(copied), {"base": base, "first": first, "second": second})
    decoder = found["text_decoder"]
    assert decoder.kind == "quantised"
    assert decoder.nearest == "first"
    assert (decoder.quantised.scheme, decoder.quantised.group) == ("int4", 32)
    assert decoder.quantised.candidates[0].same == 1.0
    assert decoder.direction_reason == "rounding-cannot-be-undone"


def test_small_budgets_read_parts_and_agree(descents, family):
    base, first, second = family
    merged = {n: 0.3 * first[n] + 0.7 * second[n] for n in base}
    found, report = descents(
        bf16(merged),
        {"base": base, "first": first, "second": second},
        descent_budget=60_000,
    )
    weights = {p.reference: p.weight for p in found["text_decoder"].mixture.parents}
    assert weights["second"] == pytest.approx(0.7, abs=0.02)
    full = descents(bf16(merged), {"base": base, "first": first, "second": second})[1]
    saved = full.candidate.bytes_read - report.candidate.bytes_read
    assert saved > 0
    none, _ = descents(
        bf16(merged), {"base": base, "first": first, "second": second}, descent_budget=0
    )
    assert none == {}


def test_descriptions_have_sentences_in_both_languages(descents, family):

    base, first, second = family
    merged = {n: 0.5 * first[n] + 0.5 * second[n] for n in base}
    found, _ = descents(bf16(merged), {"first": first, "second": second})
    for item in found.values():
        assert "0.500 first" in headline(item)
        korean = headline(item, Language("ko"))
        assert "first 0.500" in korean
        assert korean != headline(item)
        assert details(item)


def test_explanation_shows_one_module(save, family):
    base, first, _ = family
    reference = save("r", bf16(base))
    document = explain(save("c", bf16(first)), [reference], "text_decoder", layer=2)
    (view,) = document.views
    assert (view.layer, view.reference_layer) == (2, 2)
    matching = np.array(view.matching)
    assert np.diag(matching).min() > 0.9
    assert np.abs(matching - np.diag(np.diag(matching))).max() < 0.9
    assert sum(view.counts) > 0
    page = render_explanation(document)
    assert "<script" not in page
    assert page.count("<svg") >= 4
    assert json.loads(document.to_json())["schema"] == "parentage.explanation/1"


def test_explanation_of_an_unknown_module_or_layer_is_refused(save, family):
    base, first, _ = family
    paths = save("c", bf16(first)), [save("r", bf16(base))]
    with pytest.raises(UsageError, match="no module"):
        explain(*paths, "vision_encoder")
    with pytest.raises(UsageError, match="layer 99"):
        explain(*paths, "text_decoder", layer=99)


def test_wide_adapter_of_rank_64_is_seen_in_parts_of_its_matrices(save):
    wide = Shape(
        hidden_size=512, intermediate_size=768, num_hidden_layers=4, vocab_size=192
    )
    base = floats(bf16(random_model(wide, 3, "F32")))
    rng = np.random.default_rng(64)
    child = {
        n: a
        + 0.003
        * rng.standard_normal((a.shape[0], 64))
        @ rng.standard_normal((64, a.shape[1]))
        if a.ndim > 1 and "layers" in n
        else a
        for n, a in base.items()
    }
    report = audit(
        save("c", bf16(child), wide.config()),
        [save("r", bf16(base), wide.config())],
        descent_budget=8_000_000,
    )
    (decoder,) = [d for d in report.descents if d.module == "text_decoder"]
    assert report.candidate.bytes_read < report.candidate.bytes_stored * 2
    assert decoder.kind == "low-rank"
    assert decoder.ranks.rank == 64
    assert decoder.ranks.full > 128


def relabelled(model, seed):
    """The same function: neurons in another order, half of them with flipped signs."""
    rng = np.random.default_rng(seed)
    found = dict(model)
    for name in [n for n in model if n.endswith("up_proj.weight")]:
        order = rng.permutation(len(model[name]))
        signs = rng.choice(np.float32([-1, 1]), len(order))
        gate, down = (name.replace("up_proj", p) for p in ("gate_proj", "down_proj"))
        found[name] = (model[name] * signs[:, None])[order]
        found[gate] = model[gate][order]
        found[down] = (model[down] * signs)[:, order]
    return found


def off_diagonal(table):
    square = np.array(table)
    return np.abs(square - np.diag(np.diag(square))).max()


def test_explanation_shows_neurons_before_and_after_alignment(save, family):
    base, first, _ = family
    reference = save("r", bf16(base))
    path = save("c", bf16(relabelled(first, 5)))
    document = explain(path, [reference], "text_decoder", layer=2)
    (view,) = document.aligned
    assert (view.layer, view.reference_layer, view.role) == (2, 2, "up_proj")
    assert view.matched == view.units == 128
    assert view.in_place < 10
    before, after = np.array(view.before), np.array(view.after)
    assert np.abs(before).mean() < 0.2
    assert np.abs(np.diag(after)).min() > 0.9
    assert off_diagonal(after) < 0.9
    assert {-1, 1} == set(np.sign(np.diag(after)))
    assert view.effect > 0.9
    for code in ("en", "ko"):
        page = render_explanation(document, Language(code))
        assert f"{view.matched}" in page
        assert page.count('id="h-a1"') == 1


def test_explanation_of_strangers_shows_no_alignment_of_their_rest(
    save, family, stranger
):
    base, _, _ = family
    paths = save("c", bf16(stranger)), [save("r", bf16(base))]
    (view,) = explain(*paths, "text_decoder").aligned
    assert view.effect < 0.3
    assert np.abs(np.diag(view.after)).mean() < 0.5


def moved(model, seed, size):
    """Every element moves on its own."""
    rng = np.random.default_rng(seed)
    return floats(
        bf16(
            {
                n: a + size * a.std() * rng.standard_normal(a.shape)
                if a.ndim > 1
                else a
                for n, a in model.items()
            }
        )
    )


def test_a_small_share_beside_an_unlisted_parent_is_left_open(descents, family):
    base, _, _ = family
    first, large = moved(base, 6, 0.1), moved(base, 7, 0.3)
    merged = {n: 0.85 * large[n] + 0.15 * first[n] for n in base}
    found, _ = descents(bf16(merged), {"base": base, "first": first})
    decoder = found["text_decoder"]
    (share,) = decoder.open_shares
    assert (decoder.kind, share.reference) == ("trained", "first")
    assert share.weight == pytest.approx(0.15, abs=0.03)
    assert share.low <= share.weight <= share.high
    said = " ".join(details(decoder))
    assert "not listed" in said
    assert "similar training" in said
    assert "not listed" not in " ".join(details(decoder, Language("ko")))
    alone, _ = descents(bf16(large), {"base": base, "first": first})
    assert alone["text_decoder"].kind == "trained"
    assert alone["text_decoder"].open_shares == ()
