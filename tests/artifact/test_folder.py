# SPDX-License-Identifier: Apache-2.0
"""Which files are read, and what is said of folders that do not add up."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from parentage.artifact import folder as module
from parentage.artifact import open_checkpoint
from parentage.errors import (
    ConfigError,
    HeaderError,
    IndexFileError,
    LayoutError,
    UnreadableError,
    UnsafePathError,
)

INDEX = "model.safetensors.index.json"
A, B = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


def put(folder, name, *tensors):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({t: np.full((2, 2), ord(t[0]), np.float32) for t in tensors}, path)
    return path


def index(folder, weight_map, name=INDEX):
    (folder / name).write_text(json.dumps({"weight_map": weight_map}))


@pytest.fixture
def sharded(tmp_path):
    put(tmp_path, A, "a", "b")
    put(tmp_path, B, "c")
    index(tmp_path, {"a": A, "b": A, "c": B})
    return tmp_path


def opened(path):
    with open_checkpoint(path) as model:
        problems = {(p.code, p.severity): p.message for p in model.problems}
        return sorted(model.entries), problems


def test_names_that_libraries_use(tmp_path):
    for name in (
        "model.safetensors",
        "diffusion_pytorch_model.safetensors",
        "adapter_model.safetensors",
        "anything.safetensors",
    ):
        folder = tmp_path / name.split(".")[0]
        put(folder, name, "a")
        assert opened(folder) == (["a"], {})
        assert opened(folder / name) == (["a"], {})


def test_every_file_without_an_index(tmp_path):
    put(tmp_path, "one.safetensors", "a")
    put(tmp_path, "two.safetensors", "b")
    assert opened(tmp_path) == (["a", "b"], {})


def test_numbered_shards_without_an_index(tmp_path):
    put(tmp_path, A, "a")
    names, problems = opened(tmp_path)
    assert names == ["a"]
    assert problems[("missing-shard", "error")] == "1 of 2 shards of model are here"
    put(tmp_path, B, "b")
    assert opened(tmp_path) == (["a", "b"], {})


def test_one_shard_named_directly(sharded):
    names, problems = opened(sharded / A)
    assert names == ["a", "b"]
    assert "one shard of 2 was named" in problems[("one-shard", "warning")]


def test_shards_and_index(sharded):
    assert opened(sharded) == (["a", "b", "c"], {})


def test_shards_in_subfolders_and_dots(tmp_path):
    put(tmp_path, "sub/x.safetensors", "a")
    put(tmp_path, "y.safetensors", "b", "c")
    weight_map = {"a": "sub/x.safetensors", "b": "./y.safetensors"}
    index(tmp_path, weight_map | {"c": "y.safetensors"}, "x.safetensors.index.json")
    assert opened(tmp_path) == (["a", "b", "c"], {})


def test_unread_files_are_named(sharded):
    put(sharded, "consolidated.safetensors", "a", "z")
    names, problems = opened(sharded)
    assert names == ["a", "b", "c"]
    assert problems == {
        ("unread-file", "warning"): (
            "consolidated.safetensors holds weights that were not read"
        )
    }


def test_many_unread_files_are_summed_up(sharded):
    for i in range(20):
        put(sharded, f"x{i}.safetensors", "q")
    with open_checkpoint(sharded) as model:
        assert len(model.problems) == 9
        assert "12 more files" in model.problems[-1].message


def test_one_file_beside_an_index_of_others(sharded):
    put(sharded, "model.safetensors", "m")
    names, problems = opened(sharded)
    assert names == ["m"]
    assert {code for code, _ in problems} == {"unread-index", "unread-file"}


def test_one_file_that_is_a_shard_of_its_index(tmp_path):
    put(tmp_path, "model.safetensors", "a")
    put(tmp_path, "more.safetensors", "b")
    index(tmp_path, {"a": "model.safetensors", "b": "more.safetensors"})
    assert opened(tmp_path) == (["a", "b"], {})


def test_two_indexes(sharded):
    index(sharded, {"a": A}, "model.fp16.safetensors.index.json")
    names, problems = opened(sharded)
    assert names == ["a", "b", "c"]
    assert "fp16" in problems[("unread-index", "warning")]


def test_index_against_shards(sharded):
    index(sharded, {"a": B, "c": B, "ghost": A})
    names, problems = opened(sharded)
    assert names == ["a", "b", "c"]
    assert problems == {
        ("index-missing-tensor", "error"): "ghost is in the index but in no shard",
        ("index-wrong-shard", "warning"): (
            "a is not in the shard that the index names"
        ),
        ("index-unlisted-tensor", "warning"): "b is in a shard but not in the index",
    }


def test_many_missing_tensors_are_summed_up(sharded):
    weight_map = {"a": A, "b": A, "c": B} | {f"g{i:02}": A for i in range(30)}
    index(sharded, weight_map)
    with open_checkpoint(sharded) as model:
        assert len(model.problems) == 17
        assert model.problems[-1].message.startswith("14 more tensors: in the index")


def test_the_same_tensor_in_two_shards(sharded):
    put(sharded, B, "a", "c")
    with pytest.raises(LayoutError) as caught:
        open_checkpoint(sharded)
    text = str(caught.value)
    assert f"{B}:a: is stored here and in {A} (1 such tensors)" in text
    assert "each tensor in one file" in text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["not JSON", "line 1, column 1"]),
        (b'{"weight_map":\n {"a" "b"}}', ["not JSON", "line 2, column 7", "byte 21"]),
        (b"[]", ["holds a JSON list", "a JSON object"]),
        (b"{}", ["weight_map is malformed", "file names by tensor"]),
        (b'{"weight_map":[]}', ["weight_map is malformed"]),
        (b'{"weight_map":{"a":1}}', ["weight_map is malformed"]),
        (b'{"weight_map":{"a":["x"]}}', ["weight_map is malformed"]),
        (b'{"weight_map":{}}', ["weight_map is empty"]),
        (b'{"weight_map":{"a":"x","a":"y"}}', ["duplicate key 'a'"]),
        (b'{"weight_map":' + b"[" * 200_000, ["nested deeper than 64"]),
        (b'{"weight_map":{"a":"no.safetensors"}}', ["absent shard 'no.safetensors'"]),
        (b'{"weight_map":{"a":"' + b"x" * 5000 + b'"}}', ["absent shard", "xx…'"]),
        (b'{"weight_map":{"a":""}}', ["'.'", "not safetensors"]),
        (b'{"weight_map":{"a":"w.bin"}}', ["'w.bin', which is not safetensors"]),
        (b'{"weight_map":{"a":"\\udc80"}}', ["surrogate"]),
        (b"\xff", ["not UTF-8"]),
    ],
)
def test_malformed_index(tmp_path, content, words):
    (tmp_path / "w.bin").write_bytes(b"")
    (tmp_path / INDEX).write_bytes(content)
    with pytest.raises(IndexFileError) as caught:
        open_checkpoint(tmp_path)
    for word in [INDEX, *words]:
        assert word in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("shard", "words"),
    [
        ("../secret.safetensors", ["'../secret.safetensors'", "leads out"]),
        ("sub/../../secret.safetensors", ["leads out"]),
        ("/etc/secret.safetensors", ["leads out", "plain file names"]),
        ("nul\0.safetensors", ["nul\\x00", "leads out"]),
        ("link.safetensors", ["link.safetensors", "leads out", "not opened"]),
        ("out/secret.safetensors", ["leads out", "not opened"]),
    ],
)
def test_index_that_leads_out_of_the_folder(tmp_path, shard, words):
    root = tmp_path / "model"
    root.mkdir()
    put(tmp_path, "secret.safetensors", "s")
    (root / "link.safetensors").symlink_to("../secret.safetensors")
    (root / "out").symlink_to("..")
    index(root, {"a": shard})
    with pytest.raises(UnsafePathError) as caught:
        open_checkpoint(root)
    for word in words:
        assert word in str(caught.value)


def test_links_out_of_the_folder_without_an_index(tmp_path):
    root = tmp_path / "model"
    root.mkdir()
    secret = put(tmp_path, "secret.safetensors", "s")
    (root / "model.safetensors").symlink_to(secret)
    for path in (root, root / "model.safetensors"):
        with pytest.raises(UnsafePathError, match="leads out of the model's folder"):
            open_checkpoint(path)
    (root / "model.safetensors").unlink()
    put(root, "model.safetensors", "a")
    (tmp_path / "config.json").write_text("{}")
    (root / "config.json").symlink_to("../config.json")
    with pytest.raises(UnsafePathError, match=r"config\.json"):
        open_checkpoint(root)


def test_a_linked_folder_is_fine(sharded, tmp_path_factory):
    link = tmp_path_factory.mktemp("links") / "model"
    link.symlink_to(sharded)
    assert opened(link) == (["a", "b", "c"], {})


def test_oversized_texts_are_not_read(sharded, monkeypatch):
    monkeypatch.setattr(module, "MAX_INDEX", 10)
    with pytest.raises(IndexFileError, match="expected at most 10 bytes"):
        open_checkpoint(sharded)
    path = sharded / "config.json"
    path.touch()
    os.truncate(path, 10_000_001)
    with pytest.raises(ConfigError, match="has 10000001 bytes; expected at most"):
        open_checkpoint(sharded / A)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["not JSON", "line 1, column 1"]),
        (b'{\n "a": 1,\n "b" 2}', ["line 3, column 6", "byte 16"]),
        (b"[1]", ["holds a JSON list"]),
        (b'{"a":' + b"[" * 200_000, ["nested deeper than 64"]),
        (b'"\xe9"', ["not UTF-8"]),
    ],
)
def test_malformed_config(tmp_path, content, words):
    put(tmp_path, "model.safetensors", "a")
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        open_checkpoint(tmp_path)
    for word in ["config.json", *words]:
        assert word in str(caught.value)


def test_config(tmp_path):
    put(tmp_path, "model.safetensors", "a")
    with open_checkpoint(tmp_path) as model:
        assert model.config == {}
    text = '\ufeff{"vocab_size": 5, "limit": Infinity, "한": "글"}'
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    with open_checkpoint(tmp_path / "model.safetensors") as model:
        assert model.config == {"vocab_size": 5, "limit": float("inf"), "한": "글"}


def test_nothing_to_read(tmp_path):
    with pytest.raises(UnreadableError, match="found nothing"):
        open_checkpoint(tmp_path)
    (tmp_path / "model.h5").touch()
    with pytest.raises(UnreadableError, match=r"found model.h5.*Convert them"):
        open_checkpoint(tmp_path)
    with pytest.raises(UnreadableError, match=r"none: does not exist"):
        open_checkpoint(tmp_path / "none")
    with pytest.raises(UnreadableError, match="does not exist"):
        open_checkpoint("a\0b")


def test_weights_in_subfolders_are_pointed_at(tmp_path):
    put(tmp_path, "unet/diffusion_pytorch_model.safetensors", "a")
    with pytest.raises(UnreadableError, match="subfolders with weights, such as unet"):
        open_checkpoint(tmp_path)


def test_any_file_may_be_named(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("a text that is no model at all")
    with pytest.raises(HeaderError, match=r"notes\.txt"):
        open_checkpoint(path)


def test_long_and_odd_shard_names(tmp_path):
    name = "가\x1b" + "x" * 200 + ".safetensors"
    put(tmp_path, name, "a")
    with open_checkpoint(tmp_path) as model:
        assert model.entries["a"].file == name
        part = model.read("a", (4,), ((0, 4),))
    assert part.tolist() == [97.0] * 4


def test_forbidden_folder(tmp_path, monkeypatch):
    def forbidden(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", forbidden)
    with pytest.raises(UnreadableError, match="Permission denied"):
        open_checkpoint(tmp_path)
