# SPDX-License-Identifier: Apache-2.0
"""The bundled models are what the manifest says (needs no torch)."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from itertools import pairwise
from pathlib import Path

import pytest

ZOO = Path(__file__).resolve().parents[2] / "zoo"
MANIFEST = json.loads((ZOO / "manifest.json").read_text(encoding="utf-8"))
MODELS = {model["id"]: model for model in MANIFEST["models"]}
COMPARISONS = MANIFEST["comparisons"]
DECODER = {"text_decoder", "embedding", "head"}
VISION = "vision_tower."

each_model = pytest.mark.parametrize("name", MODELS)
each_comparison = pytest.mark.parametrize(
    "row",
    COMPARISONS,
    ids=[f"{c['candidate']}-vs-{c['reference']}" for c in COMPARISONS],
)


def tensors(name: str) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    """Format, shape and raw bytes of every tensor of a bundled model."""
    data = (ZOO / MODELS[name]["path"] / "model.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    body = data[8 + length :]
    return {
        key: (
            entry["dtype"],
            tuple(entry["shape"]),
            body[slice(*entry["data_offsets"])],
        )
        for key, entry in header.items()
    }


def encoder(name: str) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    return {k: v for k, v in tensors(name).items() if k.startswith(VISION)}


def parents(name: str, module: str) -> set[str]:
    """A model and its ancestors, for one module."""
    rows = [p for p in MODELS[name]["parentage"] if p["module"] == module]
    return {name}.union(*(parents(p["parent"], module) for p in rows))


def test_schema_and_size() -> None:
    assert MANIFEST["schema"] == "parentage.zoo/1"
    assert len(MODELS) == len(MANIFEST["models"]) == 11
    files = [f for f in ZOO.rglob("*") if f.is_file() and "__pycache__" not in f.parts]
    assert sum(f.stat().st_size for f in files) < 16_000_000


@each_model
def test_files_and_digest(name: str) -> None:
    folder = ZOO / MODELS[name]["path"]
    assert folder == ZOO / "models" / name
    present = {file.name for file in folder.iterdir()}
    assert present == {"config.json", "model.safetensors", "tokenizer.json"}
    weights = (folder / "model.safetensors").read_bytes()
    assert hashlib.sha256(weights).hexdigest() == MODELS[name]["sha256"]


@each_model
def test_parameter_count_and_format(name: str) -> None:
    stored = tensors(name).values()
    assert {dtype for dtype, _, _ in stored} == {"BF16"}
    assert sum(math.prod(s) for _, s, _ in stored) == MODELS[name]["parameters"]


@each_model
def test_it_was_really_trained(name: str) -> None:
    curve = MODELS[name]["loss"]
    steps = [step for step, _ in curve]
    assert len(curve) >= 25
    assert 0.95 * MODELS[name]["steps"] < steps[-1] <= MODELS[name]["steps"]
    assert all(a < b for a, b in pairwise(steps))
    assert curve[-1][1] < 0.8 * curve[0][1]


@each_model
def test_nothing_is_left_at_its_constant_initialisation(name: str) -> None:
    stored = tensors(name).items()
    constant = [
        key
        for key, (_, _, raw) in stored
        if len(set(struct.iter_unpack("<H", raw))) == 1
    ]
    assert constant == []


def test_one_tokenizer() -> None:
    digests = {
        (ZOO / m["path"] / "tokenizer.json").read_bytes() for m in MODELS.values()
    }
    assert len(digests) == 1


def test_frozen_encoder_is_byte_identical() -> None:
    assert encoder("vlm-donor")
    assert encoder("vlm-frozen") == encoder("vlm-donor")


@pytest.mark.parametrize("name", ["vlm-tuned", "vlm-cured"])
def test_no_encoder_tensor_is_equal(name: str) -> None:
    ours, theirs = encoder(name), encoder("vlm-donor")
    assert ours.keys() == theirs.keys()
    assert [key for key in ours if ours[key] == theirs[key]] == []


@pytest.mark.parametrize(
    "row", [c for c in COMPARISONS if "identical" not in c["truth"].values()]
)
def test_nothing_else_is_byte_identical(row: dict[str, str]) -> None:
    ours, theirs = tensors(row["candidate"]), tensors(row["reference"])
    assert [
        key for key in ours.keys() & theirs.keys() if ours[key] == theirs[key]
    ] == []


@each_comparison
def test_comparison_follows_from_parentage(row: dict[str, dict[str, object]]) -> None:
    candidate, reference = str(row["candidate"]), str(row["reference"])
    vision = {"vision_encoder", "projector"} if "vlm" in candidate else set()
    assert set(row["truth"]) == DECODER | vision
    assert str(row["why"]).endswith(".")
    for module, word in row["truth"].items():
        shared = parents(candidate, module) & parents(reference, module)
        assert (word == "independent") == (not shared)
        assert word in {"independent", "reused", "identical"}


def test_the_pairs_that_matter_are_there() -> None:
    truth = {(c["candidate"], c["reference"]): c for c in COMPARISONS}
    assert len(truth) == len(COMPARISONS)
    for pair in (
        ("decoder-b", "decoder-a"),
        ("moe-b", "moe-a"),
        ("vlm-cured", "vlm-donor"),
        ("decoder-half", "decoder-b"),
        ("decoder-a-finetuned", "decoder-b"),
    ):
        assert set(truth[pair]["truth"].values()) == {"independent"}
    for pair in (
        ("decoder-a-finetuned", "decoder-a"),
        ("decoder-a-continued", "decoder-a"),
    ):
        assert set(truth[pair]["truth"].values()) == {"reused"}
    half = truth["decoder-half", "decoder-a"]
    assert half["layers"] == {"text_decoder": [0, 1, 2]}
    assert half["truth"] == {
        "text_decoder": "reused",
        "embedding": "independent",
        "head": "independent",
    }
    for name, word in (("vlm-frozen", "identical"), ("vlm-tuned", "reused")):
        found = dict(truth[name, "vlm-donor"]["truth"])
        assert found.pop("vision_encoder") == word
        assert set(found.values()) == {"independent"}


@pytest.mark.parametrize("pair", [("decoder-b", "decoder-a"), ("moe-b", "moe-a")])
def test_innocent_pairs_set_the_norm_cosine_trap(pair: tuple[str, str]) -> None:
    (row,) = [c for c in COMPARISONS if (c["candidate"], c["reference"]) == pair]
    ours, theirs = (MODELS[name] for name in pair)
    assert row["norm_gain_cosine"] > 0.95
    assert ours["init_seed"] != theirs["init_seed"]
    assert ours["seed"] == theirs["seed"]
    ours, theirs = (
        m["recipe"]["parameters"] | {"init_seed": 0} for m in (ours, theirs)
    )
    assert ours == theirs
