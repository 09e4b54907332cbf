# SPDX-License-Identifier: Apache-2.0
"""Tensors of GGUF files: undone conversions, shards, claims, damage."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parentage.artifact import open_checkpoint
from parentage.errors import DtypeError, LayoutError, TruncatedError, UnreadableError
from parentage.model import describe

gguf = pytest.importorskip("gguf")


@pytest.fixture(scope="module")
def small(tmp_path_factory, encoders):
    return encoders.gguf(tmp_path_factory.mktemp("g") / "m.gguf", "decoder-a", "F32")


def test_the_weights_are_those_before_the_conversion(small, encoders, read_whole):
    expected = encoders.weights("decoder-a")
    with open_checkpoint(small) as model:
        assert len(model.entries) == len(expected)
        for name, array in expected.items():
            found = read_whole(model, encoders.gguf_name(name))
            np.testing.assert_array_equal(found, array)


def test_rectangles_of_reordered_rows(small, check_rectangles):
    with open_checkpoint(small) as model:
        for name in (
            "blk.0.attn_q.weight",
            "blk.3.attn_k.weight",
            "blk.1.attn_norm.weight",
            "blk.5.ffn_down.weight",
        ):
            check_rectangles(model, name)


def test_description(small, encoders):
    with open_checkpoint(small) as model:
        found = describe("x", model.entries, model.config)
    with open_checkpoint(encoders.ZOO / "decoder-a") as model:
        plain = describe("x", model.entries, model.config)
    assert not found.unrecognised
    assert found.parameters == plain.parameters
    for ours, theirs in zip(found.modules, plain.modules, strict=True):
        assert ours.attention == theirs.attention
        assert [(t.role, t.layer, t.block, t.shape) for t in ours.tensors] == [
            (t.role, t.layer, t.block, t.shape) for t in theirs.tensors
        ]


def test_claims_are_repeated_not_believed(small):
    with open_checkpoint(small) as model:
        (claim,) = (p for p in model.problems if p.code == "claimed-base")
    assert claim.severity == "info"
    assert "somebody's base" in claim.message


def test_gains_and_heads_by_layer(tmp_path, read_whole):
    path = tmp_path / "gemma.gguf"
    gains = np.linspace(-0.5, 0.5, 8, dtype=np.float32)
    write(
        path,
        "gemma2",
        {
            "blk.0.attn_norm.weight": gains + 1,
            "blk.0.ffn_up.weight": np.eye(8, dtype=np.float32),
        },
    )
    with open_checkpoint(path) as model:
        np.testing.assert_allclose(
            read_whole(model, "blk.0.attn_norm.weight"), gains, atol=1e-7
        )
        assert read_whole(model, "blk.0.ffn_up.weight").trace() == 8


def write(path, architecture, tensors, keys=()):
    writer = gguf.GGUFWriter(str(path), architecture)
    for add, *values in keys:
        getattr(writer, add)(*values)
    for name, array in tensors.items():
        writer.add_tensor(name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize("architecture", ["deci", "qwen2"])
def test_rows_of_layers_with_their_own_heads(tmp_path, read_whole, architecture):
    """Heads may differ by layer; other architectures keep their rows."""
    rng = np.random.default_rng(0)
    q = [rng.standard_normal((16, 4)).astype(np.float32) for _ in range(2)]
    stored = {}
    for layer, heads in enumerate((2, 4)):
        split = q[layer].reshape(heads, 2, 8 // heads, 4).swapaxes(1, 2)
        stored[f"blk.{layer}.attn_q.weight"] = np.ascontiguousarray(
            split.reshape(16, 4)
        )
    path = write(
        tmp_path / "m.gguf", architecture, stored, [("add_head_count", [2, 4])]
    )
    with open_checkpoint(path) as model:
        for layer in range(2):
            name = f"blk.{layer}.attn_q.weight"
            expected = q[layer] if architecture == "deci" else stored[name]
            np.testing.assert_array_equal(read_whole(model, name), expected)


def test_shards(tmp_path, read_whole):
    rng = np.random.default_rng(0)
    arrays = {
        f"blk.{n}.ffn_up.weight": rng.standard_normal((4, 32)).astype("f4")
        for n in range(3)
    }
    for number, (name, array) in enumerate(arrays.items(), 1):
        write(tmp_path / f"m-{number:05d}-of-00003.gguf", "llama", {name: array})
    for path in (tmp_path, tmp_path / "m-00001-of-00003.gguf"):
        with open_checkpoint(path) as model:
            assert not model.problems
            for name, array in arrays.items():
                np.testing.assert_array_equal(read_whole(model, name), array)
    (tmp_path / "m-00002-of-00003.gguf").unlink()
    for path in (tmp_path, tmp_path / "m-00001-of-00003.gguf"):
        with open_checkpoint(path) as model:
            assert {p.code for p in model.problems} == {"missing-shard"}


def test_several_models_in_a_folder(tmp_path):
    write(tmp_path / "a.Q4.gguf", "llama", {"a": np.zeros((2, 2), "f4")})
    write(tmp_path / "mmproj-a.gguf", "clip", {"b": np.zeros((2, 2), "f4")})
    with open_checkpoint(tmp_path) as model:
        assert list(model.entries) == ["a"]
        assert [p.code for p in model.problems] == ["unread-file"]
    write(tmp_path / "a.Q8.gguf", "llama", {"a": np.zeros((2, 2), "f4")})
    with pytest.raises(UnreadableError, match="holds 2 GGUF models"):
        open_checkpoint(tmp_path)


def raw(shape=(32,), kind=2, offset=0, data=18, count=1, magic=b"GGUF", order="<"):
    dims = struct.pack(f"{order}I{len(shape)}Q", len(shape), *shape)
    info = b"".join(
        struct.pack(order + "Q", 1)
        + b"%c" % (97 + n)
        + dims
        + struct.pack(order + "IQ", kind, offset)
        for n in range(count)
    )
    head = magic + struct.pack(order + "IQQ", 3, count, 0) + info
    return head + bytes(-len(head) % 32) + bytes(data)


DAMAGED = {
    "empty": (b"", TruncatedError),
    "format unknown": (raw(kind=4), DtypeError),
    "format huge": (raw(kind=2**31), DtypeError),
    "row is no block": (raw(shape=(33,)), LayoutError),
    "no axes": (raw(shape=()), LayoutError),
    "data missing": (raw(data=17), TruncatedError),
    "large shape": (raw(shape=(2**20, 2**30)), TruncatedError),
    "overlap": (raw(shape=(32, 9), count=2, data=18 * 9), LayoutError),
    "big-endian": (raw(order=">"), DtypeError),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged(tmp_path, refused, name):
    content, kind = DAMAGED[name]
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    with refused() as caught:
        open_checkpoint(path)
    assert isinstance(caught[0], kind)


def test_listed_but_not_decoded(tmp_path, read_whole):
    path = tmp_path / "m.gguf"
    path.write_bytes(raw(shape=(256,), kind=15, data=292))
    with open_checkpoint(path) as model:
        assert model.entries["a"].dtype == "Q8_K"
        with pytest.raises(DtypeError, match="Q8_K are not decoded"):
            read_whole(model, "a")


SOUND = raw(shape=(32, 3), kind=2, data=64) + bytes(32)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(SOUND) - 1), st.binary(min_size=1, max_size=8)),
        max_size=4,
    ),
    cut=st.integers(0, len(SOUND)) | st.none(),
)
def test_mutations(tmp_path, survives, changes, cut):
    content = bytearray(SOUND)
    for at, patch in changes:
        content[at : at + len(patch)] = patch
    (tmp_path / "m.gguf").write_bytes(bytes(content[:cut]))
    assert survives(tmp_path / "m.gguf")
