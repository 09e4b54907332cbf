# SPDX-License-Identifier: Apache-2.0
"""Every recorded family resolves, in every disguise that changes no weight."""

from __future__ import annotations

import importlib.util
import json
import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parentage.model import Model, describe
from parentage.model.families import load_families

# Stored parameters without a symmetry that is used.
PLAIN = ("logit_scale", "logit_bias", "kv_a_proj_with_mqa.bias")

MODULES = {
    "vit": {"vision_encoder", "head"},
    "vit_base": {"vision_encoder"},
    "clip_vision": {"vision_encoder"},
    "siglip_vision": {"vision_encoder"},
    "clip": {"vision_encoder", "text_encoder", "embedding"},
    "siglip": {"vision_encoder", "text_encoder", "embedding"},
    "whisper": {"audio_encoder", "text_decoder", "embedding"},
    "qwen2_audio": {"audio_encoder", "text_decoder", "embedding", "projector", "head"},
    "gemma3": {"vision_encoder", "text_decoder", "embedding", "projector"},
    "llava": {"vision_encoder", "text_decoder", "embedding", "projector", "head"},
    "qwen2_vl": {"vision_encoder", "text_decoder", "embedding", "projector", "head"},
    "qwen2_5_vl": {"vision_encoder", "text_decoder", "embedding", "projector", "head"},
    "hyperclovax_vision_v2": {
        "vision_encoder",
        "text_decoder",
        "embedding",
        "projector",
        "projector_2",
        "head",
    },
}
TIED = {"llama_tied", "llama_base", "gemma", "gemma2", "gemma3_text", "gpt2"}


def _part(model: Model, name: str) -> Any:
    found = model.module(name)
    assert found is not None
    return found


def _roles(model: Any) -> Any:
    """What a description says of each stored weight, names aside."""
    return sorted(
        (
            t.module,
            t.layer is None,
            t.layer or 0,
            t.block,
            t.role,
            t.expert or 0,
            t.shape,
        )
        for m in model.modules
        for t in m.tensors
    )


def test_every_parameter_has_a_role(recorded: Any, check_description: Any) -> None:
    model = recorded.describe()
    check_description(model, recorded.entries)
    assert model.unrecognised == ()
    assert model.module("unrecognised") is None
    assert model.parameters == recorded.parameters + recorded.buffers
    for module in model.modules:
        for tensor in module.tensors:
            if tensor.role in {"other", "q_rows", "residual_rows"}:
                assert tensor.view.tensor.endswith(PLAIN)
    assert model.notes == ()


def test_modules_are_the_expected_ones(recorded: Any) -> None:
    default = {"text_decoder", "embedding"}
    if recorded.name not in TIED:
        default.add("head")
    found = {m.name for m in recorded.describe().modules}
    assert found == MODULES.get(recorded.name, default)


def test_the_family_is_named_by_its_file(recorded: Any) -> None:
    files = {f.name for f in load_families()}
    module = recorded.describe().module("text_decoder")
    base = re.sub("_(stacked|full_query|text|tied|base)$", "", recorded.name)
    if module is not None and base in files:
        assert module.family == base


def test_unknown_model_type_changes_no_role(recorded: Any) -> None:
    def strip(table: Any) -> Any:
        return {
            k: strip(v) if isinstance(v, dict) else v
            for k, v in table.items()
            if k not in {"model_type", "architectures"}
        }

    blind = describe("blind", recorded.entries, strip(recorded.config))
    assert _roles(blind) == _roles(recorded.describe())


def test_order_of_entries_changes_nothing(recorded: Any) -> None:
    names = list(recorded.entries)
    random.Random(1).shuffle(names)
    entries = {n: recorded.entries[n] for n in names}
    other = describe(recorded.name, entries, recorded.config)
    assert other == recorded.describe()


def test_without_config_everything_is_still_placed(
    recorded: Any, check_description: Any
) -> None:
    model = describe("bare", recorded.entries, {})
    check_description(model, recorded.entries)
    assert model.unrecognised == ()
    assert {m.name for m in model.modules} == {
        m.name for m in recorded.describe().modules
    }


@pytest.mark.parametrize("front", ["model.", "base_model.model.", "module.", ""])
@pytest.mark.parametrize("name", ["llama", "gpt2", "deepseek_v3", "clip", "whisper"])
def test_prefixes_do_not_matter(load_recorded: Any, name: Any, front: Any) -> None:
    recorded = load_recorded(name)
    entries = {
        front + n.removeprefix("model.").removeprefix("transformer."): e
        for n, e in recorded.entries.items()
    }
    model = describe(name, entries, recorded.config)
    assert _roles(model) == _roles(recorded.describe())


@pytest.mark.parametrize("front", ["model.language_model.", "language_model.model."])
def test_multimodal_prefixes_do_not_matter(load_recorded: Any, front: Any) -> None:
    recorded = load_recorded("llava")
    entries = {
        n.replace("language_model.model.", front).replace(
            "vision_tower.", "model.vision_tower.vision_model."
        ): e
        for n, e in recorded.entries.items()
    }
    model = describe("llava", entries, recorded.config)
    assert _roles(model) == _roles(recorded.describe())


def test_transposed_storage_is_seen(load_recorded: Any) -> None:
    recorded = load_recorded("llama")
    entries = {
        n: replace(e, shape=e.shape[::-1]) if ".layers." in n else e
        for n, e in recorded.entries.items()
    }
    model = describe("llama", entries, recorded.config)
    assert _roles(model) == _roles(recorded.describe())
    down = next(
        t for t in _part(model, "text_decoder").tensors if t.role == "down_proj"
    )
    assert down.view.order == (0, 1)


def test_stacked_and_listed_experts_are_the_same(load_recorded: Any) -> None:
    for name in ("qwen3_moe", "deepseek_v3", "solar_open", "exaone_moe", "mixtral"):
        listed = load_recorded(name).describe()
        stacked = load_recorded(f"{name}_stacked").describe()
        assert _roles(listed) == _roles(stacked)


def test_fused_projections_match_split_ones(
    load_recorded: Any, make_entry: Any
) -> None:
    phi3 = load_recorded("phi3")
    split = {}
    for name, entry in phi3.entries.items():
        if "qkv_proj" in name:
            for word, rows in (("q", 48), ("k", 16), ("v", 16)):
                split[name.replace("qkv", word)] = make_entry(rows, 48, dtype="F32")
        elif "gate_up" in name:
            for word in ("gate", "up"):
                split[name.replace("gate_up", word)] = make_entry(80, 48, dtype="F32")
        else:
            split[name] = entry
    configs: list[dict[str, Any]] = [phi3.config, {}]
    for config in configs:
        fused = describe("phi3", phi3.entries, config)
        assert _roles(fused) == _roles(describe("split", split, config))


def test_latent_attention_needs_no_config(load_recorded: Any) -> None:
    recorded = load_recorded("deepseek_v3")
    bare = describe("bare", recorded.entries, {})
    assert _roles(bare) == _roles(recorded.describe())
    attention = _part(bare, "text_decoder").attention
    assert (attention.heads, attention.head_dim, attention.rotary_dims) == (6, 14, 4)


def test_flags_follow_the_family(load_recorded: Any) -> None:
    whisper = load_recorded("whisper").describe()
    assert not _part(whisper, "audio_encoder").symmetric_residual
    assert _part(whisper, "text_decoder").symmetric_residual
    assert not _part(load_recorded("gpt_oss").describe(), "text_decoder").signed_glu
    neox = _part(load_recorded("gpt_neox").describe(), "text_decoder").attention
    assert neox.rotary_dims == 2


def test_interleaved_heads_are_taken_apart(load_recorded: Any) -> None:
    model = load_recorded("gpt_neox").describe()
    key = next(t for t in model.modules[1].tensors if t.role == "k_proj")
    assert key.view.grid == (6, 24, 48)
    assert key.view.select == ((0, 6), (8, 16), (0, 48))


def test_tensors_come_in_reading_order(recorded: Any) -> None:
    for module in recorded.describe().modules:
        layers = [t.layer for t in module.tensors if t.layer is not None]
        assert layers == sorted(layers)


def _recorder() -> Any:
    file = Path(__file__).parent / "record_fixtures.py"
    spec = importlib.util.spec_from_file_location("record_fixtures", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_recipe_is_recorded(recorded: Any) -> None:
    recipes = _recorder().recipes()
    folder = Path(__file__).parent / "fixtures"
    assert {f.stem for f in folder.glob("*.json")} == set(recipes)
    data = json.loads((folder / f"{recorded.name}.json").read_text(encoding="utf-8"))
    assert data["recipe"] == recipes[recorded.name]


@pytest.mark.full
@pytest.mark.filterwarnings("ignore")
def test_fixtures_are_what_the_library_saves(recorded: Any, tmp_path: Any) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    recorder = _recorder()
    again = recorder.record(recorder.recipes()[recorded.name], tmp_path)
    file = Path(__file__).parent / "fixtures" / f"{recorded.name}.json"
    stored = json.loads(file.read_text(encoding="utf-8"))
    for key in ("tensors", "parameters", "buffers"):
        assert json.loads(json.dumps(again[key])) == stored[key]


def _arrays(recipe: dict[str, Any], folder: Path) -> dict[tuple[Any, ...], Any]:
    """Canonical arrays of a model that the library builds from a fixed seed."""
    from safetensors.numpy import load_file

    recorded = _recorder().record(recipe, folder)
    stored = load_file(folder / "model.safetensors")
    model = describe("x", {n: _Shape(a.shape) for n, a in stored.items()}, {})
    assert recorded["parameters"] <= model.parameters
    found = {}
    for module in model.modules:
        for t in module.tensors:
            cut = tuple(slice(*r) for r in t.view.select)
            array = stored[t.view.tensor].reshape(t.view.grid)[cut]
            dropped = tuple(a for a in range(array.ndim) if a not in t.view.order)
            order = (*dropped, *t.view.order)
            place = (t.module, t.layer, t.block, t.role, t.expert)
            found[place] = array.transpose(order).reshape(t.shape)
    return found


class _Shape:
    def __init__(self, shape: tuple[int, ...]) -> None:
        self.dtype = "F32"
        self.shape = shape


@pytest.mark.full
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["qwen3_moe", "mixtral", "deepseek_v3", "solar_open"])
def test_listed_and_stacked_experts_hold_the_same_numbers(
    name: str, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    recipe = _recorder().recipes()[name]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    listed = _arrays(recipe, tmp_path / "a")
    stacked = _arrays(recipe | {"stacked": True}, tmp_path / "b")
    assert set(listed) == set(stacked)
    for place, array in listed.items():
        assert (array == stacked[place]).all(), place
