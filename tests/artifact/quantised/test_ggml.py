# SPDX-License-Identifier: Apache-2.0
"""Blocks of ggml: every decoder against the format's own library."""

from __future__ import annotations

import numpy as np
import pytest

from parentage.artifact import DTYPES, QUANTISED
from parentage.artifact.format.gguf import read_gguf_header
from parentage.artifact.quantised.ggml import (
    DECODERS,
    Blocks,
    block_types,
)
from parentage.artifact.source.local import LocalFile

gguf = pytest.importorskip("gguf")
NUMBERS = {kind.name: number for number, kind in block_types().items()}


def test_the_table_of_formats_is_the_library_s():
    for kind in gguf.GGMLQuantizationType:
        known = block_types()[kind.value]
        assert known.name == kind.name
        assert (known.elements, known.size) == gguf.GGML_QUANT_SIZES[kind]
        if known.elements > 1 and known.name not in {"MXFP4", "NVFP4"}:
            assert DTYPES[known.name].bits == 8 * known.size / known.elements
            assert (QUANTISED[known.name].numpy is None) == (known.name not in DECODERS)


def test_every_format_that_the_library_decodes_is_decoded():
    known = {kind.name for kind in gguf.quants._type_traits}
    assert set(DECODERS) == known - {"BF16"}


@pytest.mark.parametrize("name", DECODERS)
def test_random_blocks(name):
    kind = block_types()[NUMBERS[name]]
    rng = np.random.default_rng(NUMBERS[name])
    raw = rng.integers(0, 256, (500, kind.size), dtype=np.uint8)
    # Every byte of a block takes every value.
    raw = np.concatenate(
        [
            raw,
            np.roll(np.arange(256, dtype=np.uint8), 3)[:, None]
            * np.ones(kind.size, np.uint8),
        ]
    )
    with np.errstate(all="ignore"):
        expected = gguf.quants.dequantize(raw, gguf.GGMLQuantizationType[name])
        found = DECODERS[name](raw)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "name", ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "TQ1_0", "TQ2_0", "MXFP4"]
)
def test_blocks_that_the_library_wrote(name):
    values = np.random.default_rng(0).standard_normal((40, 512)).astype(np.float32)
    kind = gguf.GGMLQuantizationType[name]
    packed = gguf.quants.quantize(values, kind)
    size = block_types()[kind.value].size
    found = DECODERS[name](packed.reshape(-1, size)).reshape(values.shape)
    np.testing.assert_array_equal(found, gguf.quants.dequantize(packed, kind))
    assert np.corrcoef(found.ravel(), values.ravel())[0, 1] > 0.65


@pytest.mark.parametrize("name", DECODERS)
def test_rectangles_touch_only_their_blocks(tmp_path, name):
    kind = block_types()[NUMBERS[name]]
    rng = np.random.default_rng(1)
    rows, blocks = 7, 5
    raw = rng.integers(0, 256, (rows * blocks, kind.size), dtype=np.uint8)
    (tmp_path / "x").write_bytes(b"head" + raw.tobytes())
    shape = (rows, blocks * kind.elements)
    with np.errstate(all="ignore"):
        everything = DECODERS[name](raw).reshape(shape)
    with LocalFile(tmp_path / "x") as file:
        matrix = Blocks(file, 4, shape, kind)
        for _ in range(20):
            r = sorted(rng.integers(0, rows + 1, 2).tolist())
            c = sorted(rng.integers(0, shape[1] + 1, 2).tolist())
            before = file.bytes_read
            found = matrix.read(shape, (tuple(r), tuple(c)))
            np.testing.assert_array_equal(found, everything[slice(*r), slice(*c)])
            covered = -(-c[1] // kind.elements) - c[0] // kind.elements
            covered *= c[0] < c[1]
            assert file.bytes_read - before == (r[1] - r[0]) * covered * kind.size


def test_header_of_every_format(tmp_path):
    path = tmp_path / "m.gguf"
    writer = gguf.GGUFWriter(str(path), "llama")
    for kind in gguf.GGMLQuantizationType:
        _, size = gguf.GGML_QUANT_SIZES[kind]
        raw = np.zeros((2, size), np.uint8)
        writer.add_tensor(f"t.{kind.name}", raw, raw_dtype=kind, raw_shape=raw.shape)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with LocalFile(path) as file:
        for tensor in read_gguf_header(file).tensors:
            kind = block_types()[tensor.type]
            assert tensor.name == f"t.{kind.name}"
            assert tensor.shape[0] == 2
