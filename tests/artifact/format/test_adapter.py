# SPDX-License-Identifier: Apache-2.0
"""LoRA adapters, alone and with their base."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from parentage.artifact import open_checkpoint
from parentage.errors import ConfigError, LayoutError, ParentageError
from parentage.model import describe

Q = "model.layers.0.self_attn.q_proj"
STEM = f"base_model.model.{Q}"


def put(folder, tensors, **config):
    folder.mkdir(exist_ok=True)
    save_file(
        {k: np.ascontiguousarray(v) for k, v in tensors.items()},
        folder / "adapter_model.safetensors",
    )
    if config:
        (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    down = rng.standard_normal((4, 96)).astype(np.float32)
    rise = rng.standard_normal((96, 4)).astype(np.float32)
    return {f"{STEM}.lora_A.weight": down, f"{STEM}.lora_B.weight": rise}


@pytest.mark.parametrize(
    ("config", "scale"),
    [
        ({"r": 4, "lora_alpha": 8}, 2.0),
        ({"r": 4, "lora_alpha": 8, "use_rslora": True}, 4.0),
        ({"r": 4, "lora_alpha": 8, "alpha_pattern": {"q_proj": 2}}, 0.5),
        ({"r": 4, "lora_alpha": 8, "alpha_pattern": {"k_proj": 2}}, 2.0),
        ({"r": 9, "lora_alpha": 8, "rank_pattern": {"q_proj": 4}}, 2.0),
    ],
)
def test_alone(tmp_path, pair, read_whole, check_rectangles, config, scale):
    down, rise = pair.values()
    with open_checkpoint(put(tmp_path / "a", pair, **config)) as model:
        assert [(e.name, e.dtype) for e in model.entries.values()] == [
            (f"{Q}.weight", "LORA")
        ]
        found = read_whole(model, f"{Q}.weight")
        np.testing.assert_allclose(found, rise @ down * scale, rtol=1e-5, atol=1e-5)
        before = model.bytes_read
        model.read_float32(f"{Q}.weight", (96, 96), ((3, 5), (7, 10)))
        assert model.bytes_read - before == 4 * (2 * 4 + 3 * 4)
        assert not describe("x", model.entries, model.config).unrecognised


def test_turned_and_embedding(tmp_path, pair, read_whole):
    down, rise = pair.values()
    table = {
        "base_model.model.model.embed_tokens.lora_embedding_A": rise.T[:, :50].copy(),
        "base_model.model.model.embed_tokens.lora_embedding_B": down.T[:20].copy(),
        "base_model.model.lm_head.modules_to_save.weight": np.ones((3, 2), np.float32),
    }
    folder = put(tmp_path / "a", pair | table, lora_alpha=4, fan_in_fan_out=True)
    with open_checkpoint(folder) as model:
        found = read_whole(model, f"{Q}.weight")
        np.testing.assert_allclose(found, (rise @ down).T, rtol=1e-5, atol=1e-5)
        found = read_whole(model, "model.embed_tokens.weight")
        expected = (down.T[:20] @ rise.T[:, :50]).T
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
        assert read_whole(model, "lm_head.weight").tolist() == [[1, 1]] * 3


def test_merged(tmp_path, encoders, pair, read_whole):
    down, rise = pair.values()
    base = encoders.ZOO / "decoder-a"
    folder = put(tmp_path / "a", pair, r=4, lora_alpha=4, base_model_name_or_path="x")
    with open_checkpoint(f"{base}+{folder}") as model, open_checkpoint(base) as plain:
        assert model.entries.keys() == plain.entries.keys()
        found = read_whole(model, f"{Q}.weight")
        own = read_whole(plain, f"{Q}.weight")
        np.testing.assert_allclose(found, own + rise @ down, rtol=1e-5, atol=1e-5)
        other = Q.replace("q_proj", "k_proj") + ".weight"
        np.testing.assert_array_equal(
            read_whole(model, other), read_whole(plain, other)
        )
        assert model.config == plain.config
        assert [p.code for p in model.problems] == ["claimed-base"]
        assert len(model.full_digest()) == 2


def test_merged_with_a_quantised_base(tmp_path, encoders, pair, read_whole):
    down, rise = pair.values()
    base = encoders.FORMATS["NF4"](tmp_path / "base", "decoder-a")
    folder = put(tmp_path / "a", pair, r=4, lora_alpha=4)
    with open_checkpoint(f"{base}+{folder}") as model, open_checkpoint(base) as plain:
        found = read_whole(model, f"{Q}.weight") - read_whole(plain, f"{Q}.weight")
        np.testing.assert_allclose(found, rise @ down, rtol=1e-4, atol=1e-4)


@pytest.mark.full
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_as_peft_merges(tmp_path, encoders, read_whole):
    peft = pytest.importorskip("peft")
    import torch
    import transformers

    folder = encoders.ZOO / "decoder-a"
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32
    )
    config = peft.LoraConfig(
        r=4,
        lora_alpha=12,
        target_modules=["q_proj", "down_proj"],
        use_rslora=True,
        alpha_pattern={"down_proj": 5},
        modules_to_save=["lm_head"],
    )
    tuned = peft.get_peft_model(model, config)
    torch.manual_seed(0)
    for name, value in tuned.named_parameters():
        if "lora_B" in name or "modules_to_save" in name:
            torch.nn.init.normal_(value)
    tuned.save_pretrained(tmp_path / "a")
    whole = tuned.merge_and_unload().state_dict()
    with open_checkpoint(f"{folder}+{tmp_path / 'a'}") as found:
        for name in found.entries:
            np.testing.assert_allclose(
                read_whole(found, name), whole[name].numpy(), rtol=1e-4, atol=1e-4
            )


def test_a_plus_in_a_name(tmp_path, pair):
    folder = put(tmp_path / "a+b", pair)
    with open_checkpoint(folder) as model:
        assert [p.code for p in model.problems] == ["adapter-scale"]
    with pytest.raises(ParentageError, match="does not exist"):
        open_checkpoint(f"{folder}+{tmp_path / 'none'}")


DAMAGED = {
    "no partner": (lambda p: dict(list(p.items())[:1]), {}),
    "ranks differ": (
        lambda p: p | {f"{STEM}.lora_B.weight": np.ones((96, 3), "f4")},
        {},
    ),
    "axes": (lambda p: p | {f"{STEM}.lora_A.weight": np.ones((4, 96, 1), "f4")}, {}),
    "integers": (lambda p: p | {f"{STEM}.lora_A.weight": np.ones((4, 96), "i4")}, {}),
    "normalised": (lambda p: p, {"use_dora": True}),
    "magnitude": (
        lambda p: p | {f"{STEM}.lora_magnitude_vector": np.ones(96, "f4")},
        {},
    ),
    "alpha is text": (lambda p: p, {"lora_alpha": "8"}),
    "alpha is huge": (lambda p: p, {"lora_alpha": 1e300}),
    "alpha is no number": (lambda p: p, {"lora_alpha": float("nan")}),
    "alpha of a layer": (lambda p: p, {"alpha_pattern": {"q_proj": []}}),
    "rank 0": (
        lambda p: {
            f"{STEM}.lora_A.weight": np.ones((0, 96), "f4"),
            f"{STEM}.lora_B.weight": np.ones((96, 0), "f4"),
        },
        {"lora_alpha": 8},
    ),
    "twice": (lambda p: p | {f"{Q}.weight": np.ones((2, 2), "f4")}, {}),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged(tmp_path, pair, refused, name):
    change, config = DAMAGED[name]
    folder = put(tmp_path / "a", change(pair), **config)
    with refused() as caught:
        open_checkpoint(folder)
    assert isinstance(caught[0], ConfigError | LayoutError)


def test_other_base(tmp_path, encoders, pair, refused):
    adapter = put(tmp_path / "a", pair)
    for other in ("moe-a", "vlm-tuned"):
        with refused():
            open_checkpoint(f"{encoders.ZOO / other}+{adapter}")
    with refused() as caught:
        open_checkpoint(f"{encoders.ZOO / 'decoder-a'}+{encoders.ZOO / 'decoder-b'}")
    assert "is no part of a LoRA adapter" in str(caught[0])


def test_the_adapter_of_a_test_is_what_it_says(tmp_path, encoders):
    folder = encoders.adapter(tmp_path / "a", "decoder-a", "decoder-a-finetuned")
    stored = load_file(folder / "adapter_model.safetensors")
    assert len(stored) == 2 * 7 * 6
