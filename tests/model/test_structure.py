# SPDX-License-Identifier: Apache-2.0
"""Names that no family knows: structure says what it can, the rest is listed."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from parentage.model import Model, describe


def _part(model: Model, name: str) -> Any:
    found = model.module(name)
    assert found is not None
    return found


def _reverse_words(name: Any) -> Any:
    return re.sub("[a-z]+", lambda m: "x" + m.group()[::-1], name)


def _count(module: Any, role: Any) -> Any:
    return sum(t.role == role for t in module.tensors)


def test_repeated_blocks_are_found_under_unknown_names(
    load_recorded: Any, check_description: Any
) -> None:
    recorded = load_recorded("llama")
    entries = {_reverse_words(n): e for n, e in recorded.entries.items()}
    model = describe("x", entries, {})
    check_description(model, entries)
    decoder = _part(model, "text_decoder")
    assert decoder.family == "structure"
    assert decoder.layers == 3
    assert _count(decoder, "mlp_rows") == 6
    assert _count(decoder, "mlp_columns") == 3
    assert _count(decoder, "residual_vector") == 7
    assert _part(model, "embedding").parameters == 97 * 48
    assert _part(model, "head").parameters == 97 * 48
    assert model.unrecognised == ()
    assert any("no known family" in note for note in model.notes)


def test_layer_numbers_inside_words_are_found(
    load_recorded: Any, check_description: Any
) -> None:
    recorded = load_recorded("llama")
    entries = {
        re.sub(r"model\.layers\.(\d+)\.", r"blk\1_", n).replace(".", "_"): e
        for n, e in recorded.entries.items()
    }
    model = describe("x", entries, {})
    check_description(model, entries)
    assert _part(model, "text_decoder").layers == 3


def test_names_without_meaning_are_placed_by_shape(
    load_recorded: Any, check_description: Any
) -> None:
    recorded = load_recorded("llama")
    names = list(recorded.entries)
    random.Random(0).shuffle(names)
    entries = {f"t{i:04d}": recorded.entries[n] for i, n in enumerate(names)}
    model = describe("x", entries, recorded.config)
    check_description(model, entries)
    decoder = _part(model, "text_decoder")
    assert decoder.layers == 0
    assert _count(decoder, "mlp_rows") == 6
    assert {t.layer for t in decoder.tensors} == {None}


def test_a_vision_tower_is_told_by_its_patches(
    load_recorded: Any, check_description: Any
) -> None:
    recorded = load_recorded("llava")
    entries = {_reverse_words(n): e for n, e in recorded.entries.items()}
    model = describe("x", entries, {})
    check_description(model, entries)
    assert _part(model, "vision_encoder").layers == 3
    assert _part(model, "text_decoder").layers == 2


def test_square_matrices_keep_unnamed_axes(load_recorded: Any) -> None:
    recorded = load_recorded("llama")
    entries = {_reverse_words(n): e for n, e in recorded.entries.items()}
    model = describe("x", entries, {})
    for tensor in _part(model, "text_decoder").tensors:
        if tensor.shape == (48, 48):
            assert tensor.axes == ("other", "other")


def test_what_is_not_a_transformer_is_listed(
    make_entry: Any, check_description: Any
) -> None:
    entries = {
        "conv1.weight_x": make_entry(16, 3, 3, 3),
        "lstm.w_ih": make_entry(64, 16),
        "final.b": make_entry(7),
    }
    model = describe("x", entries, {})
    check_description(model, entries)
    assert [m.name for m in model.modules] == ["unrecognised"]
    assert {s.name for s in model.unrecognised} == set(entries)
    assert model.modules[0].parameters == 16 * 27 + 64 * 16 + 7


def test_unknown_tensors_of_known_layers_join_them(
    load_recorded: Any, make_entry: Any, check_description: Any
) -> None:
    recorded = load_recorded("llama")
    entries = dict(recorded.entries)
    entries["model.layers.1.mlp.extra.weight"] = make_entry(5, 48)
    entries["model.layers.1.extra_norm.weight"] = make_entry(48)
    model = describe("x", entries, recorded.config)
    check_description(model, entries)
    assert model.unrecognised == ()
    found = {t.view.tensor: (t.role, t.layer) for m in model.modules for t in m.tensors}
    assert found["model.layers.1.mlp.extra.weight"] == ("residual_rows", 1)
    assert found["model.layers.1.extra_norm.weight"] == ("residual_vector", 1)
    assert any("2 tensors" in note for note in model.notes)


def test_buffers_are_not_weights(
    load_recorded: Any, make_entry: Any, check_description: Any
) -> None:
    recorded = load_recorded("gpt2")
    entries = dict(recorded.entries)
    entries["transformer.h.0.attn.bias"] = make_entry(1, 1, 40, 40, dtype="U8")
    entries["transformer.h.0.attn.masked_bias"] = make_entry(dtype="F32")
    entries["x.rotary_emb.inv_freq"] = make_entry(4)
    entries["x.position_ids"] = make_entry(1, 40, dtype="I64")
    model = describe("gpt2", entries, recorded.config)
    check_description(model, entries)
    assert len(model.buffers) == 4
    assert model.parameters == recorded.parameters


def test_a_bias_is_no_mask(load_recorded: Any, make_entry: Any) -> None:
    recorded = load_recorded("gpt2")
    entries = dict(recorded.entries)
    entries["transformer.h.0.attn.bias"] = make_entry(48)
    assert describe("gpt2", entries, recorded.config).buffers == ()


@pytest.mark.parametrize(
    ("ending", "shape", "dtype"),
    [
        ("weight_scale_inv", (1, 1), "F32"),
        ("qweight", (6, 48), "I32"),
        ("qzeros", (1, 6), "I32"),
        ("weight.absmax", (36,), "F32"),
    ],
)
def test_parts_of_quantised_weights_stay_with_their_module(
    load_recorded: Any,
    make_entry: Any,
    check_description: Any,
    ending: Any,
    shape: Any,
    dtype: Any,
) -> None:
    recorded = load_recorded("llama")
    entries = dict(recorded.entries)
    name = f"model.layers.1.self_attn.q_proj.{ending}"
    entries[name] = make_entry(*shape, dtype=dtype)
    model = describe("x", entries, recorded.config)
    check_description(model, entries)
    (tensor,) = (t for m in model.modules for t in m.tensors if t.view.tensor == name)
    assert (tensor.role, tensor.module) == ("other", "text_decoder")
    assert (tensor.layer, tensor.block) == (1, "attention")


def test_packed_integers_are_no_weights_of_a_role(
    load_recorded: Any, make_entry: Any
) -> None:
    recorded = load_recorded("llama")
    entries = dict(recorded.entries)
    name = "model.layers.1.mlp.up_proj.weight"
    entries[name] = make_entry(80, 24, dtype="U8")
    model = describe("x", entries, recorded.config)
    (tensor,) = (t for m in model.modules for t in m.tensors if t.view.tensor == name)
    assert (tensor.role, tensor.block) == ("other", "mlp")


def test_a_shape_that_no_role_fits_is_kept_whole(
    load_recorded: Any, make_entry: Any
) -> None:
    recorded = load_recorded("llama")
    entries = dict(recorded.entries)
    name = "model.layers.1.mlp.up_proj.weight"
    entries[name] = make_entry(2, 5, 3, 7)
    model = describe("x", entries, recorded.config)
    (tensor,) = (t for m in model.modules for t in m.tensors if t.view.tensor == name)
    assert (tensor.role, tensor.shape) == ("other", (2, 5, 3, 7))


def test_two_decoders_are_two_modules(
    load_recorded: Any, check_description: Any
) -> None:
    recorded = load_recorded("llama_base")
    entries = {
        f"{front}.{n}": e
        for front in ("first", "second")
        for n, e in recorded.entries.items()
    }
    model = describe("x", entries, recorded.config)
    check_description(model, entries)
    assert {"text_decoder", "text_decoder_2", "embedding", "embedding_2"} == {
        m.name for m in model.modules
    }


def test_no_tensors_is_a_model_without_modules() -> None:
    model = describe("x", {}, {})
    assert (model.modules, model.parameters) == ((), 0)


def test_many_names_do_not_make_many_modules(make_entry: Any) -> None:
    entries = {f"{chr(97 + i % 26)}{i}.norm.weight": make_entry(8) for i in range(2000)}
    assert len(describe("x", entries, {}).modules) == 1
