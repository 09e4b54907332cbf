# SPDX-License-Identifier: Apache-2.0
"""Reading agrees with the safetensors package and with numpy, byte for byte."""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ml_dtypes  # noqa: F401  (before safetensors, which looks its formats up)
import numpy as np
import pytest
import safetensors
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import save_file

from parentage.artifact import SAFETENSORS as DTYPES
from parentage.artifact import open_checkpoint, to_float32
from parentage.errors import (
    DescriptionError,
    DtypeError,
    HeaderError,
    LayoutError,
    TruncatedError,
)

# Since 0.8 it takes pointers, before it took bytes.
TensorSpec = getattr(safetensors, "TensorSpec", None)

NAMES = {  # the spelling of `safetensors.serialize`
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "I16": "int16",
    "U16": "uint16",
    "F16": "float16",
    "BF16": "bfloat16",
    "I32": "int32",
    "U32": "uint32",
    "F32": "float32",
    "F64": "float64",
    "I64": "int64",
    "U64": "uint64",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "C64": "complex64",
}


def save(path, arrays, metadata=None):
    """Save ``{name: (dtype, array)}`` by the reference implementation."""
    specs = {}
    for name, (dtype, array) in arrays.items():
        spec = {"dtype": NAMES[dtype], "shape": list(array.shape)}
        if TensorSpec is None:
            specs[name] = spec | {"data": array.tobytes()}
        else:
            where = {"data_ptr": array.ctypes.data, "data_len": array.nbytes}
            specs[name] = TensorSpec(**spec, **where)
    safetensors.serialize_file(specs, str(path), metadata)


def same(left, right):
    """Equal in type, shape and every bit (NaN included)."""
    assert left.dtype == right.dtype
    assert left.shape == right.shape
    assert left.tobytes() == np.ascontiguousarray(right).tobytes()


def random_array(seed, dtype, shape):
    rng = np.random.default_rng(seed)
    kind = DTYPES[dtype].numpy
    if dtype == "BOOL":
        return rng.integers(0, 2, shape).astype(bool)
    raw = rng.integers(0, 256, math.prod(shape) * kind.itemsize, dtype=np.uint8)
    return raw.view(kind).reshape(shape)


@st.composite
def rectangles(draw):
    grid = tuple(draw(st.lists(st.integers(0, 6), max_size=5)))
    select = []
    for size in grid:
        start = draw(st.integers(0, size))
        select.append((start, draw(st.integers(start, size))))
    keep = draw(st.integers(0, len(grid)))  # whole trailing axes are common
    select = select[:keep] + [(0, size) for size in grid[keep:]]
    shape = grid
    if len(grid) > 1 and draw(st.booleans()):
        cut = draw(st.integers(1, len(grid) - 1))
        shape = (math.prod(grid[:cut]), math.prod(grid[cut:]))
    return shape, grid, tuple(select)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(rectangles(), st.sampled_from(sorted(NAMES))), min_size=1, max_size=4
    ),
    st.integers(0, 2**32),
)
def test_read_equals_numpy_slicing(tmp_path_factory, wanted, seed):
    folder = tmp_path_factory.mktemp("model")
    arrays = {
        f"t{i}": (dtype, random_array(seed + i, dtype, shape))
        for i, ((shape, _, _), dtype) in enumerate(wanted)
    }
    save(folder / "model.safetensors", arrays, {"by": "test"})
    with open_checkpoint(folder) as model:
        assert set(model.entries) == set(arrays)
        assert model.metadata == {"by": "test"}
        assert not [p for p in model.problems if p.severity != "info"]
        for i, ((shape, grid, select), dtype) in enumerate(wanted):
            entry = model.entries[f"t{i}"]
            assert (entry.dtype, entry.shape) == (dtype, shape)
            before = model.bytes_read
            part = model.read(entry.name, grid, select)
            assert model.bytes_read - before == part.nbytes
            cut = tuple(slice(*bounds) for bounds in select)
            full = arrays[entry.name][1].reshape(grid)
            same(part, np.asarray(full[cut]))
            if dtype != "C64":
                values = model.read_float32(entry.name, grid, select)
                same(values, to_float32(part, dtype))


@pytest.fixture
def arrays():
    rng = np.random.default_rng(1)
    return {
        f"layers.{i}.weight": rng.standard_normal((6, 8)).astype(np.float32)
        for i in range(9)
    }


@pytest.fixture
def whole(tmp_path, arrays):
    folder = tmp_path / "whole"
    folder.mkdir()
    save_file(arrays, folder / "model.safetensors")
    return folder


@pytest.fixture
def sharded(tmp_path, arrays):
    folder = tmp_path / "sharded"
    folder.mkdir()
    names, weight_map = sorted(arrays, reverse=True), {}
    for i in range(3):
        shard = f"model-{i + 1:05}-of-00003.safetensors"
        part = names[3 * i : 3 * i + 3]
        save_file({name: arrays[name] for name in part}, folder / shard)
        weight_map |= dict.fromkeys(part, shard)
    index = {"metadata": {"total_size": 1728}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def test_agrees_with_the_safetensors_package(whole, arrays):
    path = whole / "model.safetensors"
    with safe_open(path, "numpy") as oracle, open_checkpoint(path) as model:
        assert set(oracle.keys()) == set(model.entries)
        for name in model.entries:
            same(
                model.read(name, (6, 8), ((0, 6), (0, 8))),
                oracle.get_tensor(name),
            )
            same(
                model.read(name, (6, 8), ((1, 4), (2, 3))),
                oracle.get_slice(name)[1:4, 2:3],
            )


def test_sharded_equals_whole(whole, sharded, arrays):
    with open_checkpoint(whole) as one, open_checkpoint(sharded) as many:
        assert not many.problems
        assert one.digest() == many.digest()
        empty = one.digest()
        assert len({entry.file for entry in many.entries.values()}) == 3
        for name in arrays:
            same(
                one.read(name, (6, 8), ((1, 3), (0, 8))),
                many.read(name, (6, 8), ((1, 3), (0, 8))),
            )
        assert one.digest() == many.digest() != empty


def test_digest_binds_what_was_read(whole, arrays):
    def digest(*reads):
        with open_checkpoint(whole) as model:
            for name, select in reads:
                model.read(name, (6, 8), select)
            return model.digest()

    first = ("layers.0.weight", ((0, 2), (0, 8)))
    second = ("layers.1.weight", ((0, 2), (0, 8)))
    assert digest(first, second) == digest(second, first, first)
    before = {digest(), digest(first), digest(second), digest(first, second)}
    assert len(before) == 4
    arrays["layers.0.weight"][0, 0] += 1
    save_file(arrays, whole / "model.safetensors")
    assert digest(second) in before
    assert digest(first) not in before


def test_bytes_read_is_exact(sharded, arrays):
    (sharded / "config.json").write_text('{"model_type": "llama"}')
    headers = sum(
        8 + int.from_bytes(path.read_bytes()[:8], "little")
        for path in sharded.glob("*.safetensors")
    )
    texts = sum(path.stat().st_size for path in sharded.glob("*.json"))
    with open_checkpoint(sharded) as model:
        assert model.config == {"model_type": "llama"}
        assert model.bytes_read == headers + texts
        model.read("layers.3.weight", (6, 8), ((0, 6), (3, 5)))
        assert model.bytes_read == headers + texts + 6 * 2 * 4
        model.read("layers.3.weight", (6, 8), ((2, 5), (0, 8)))
        assert model.bytes_read == headers + texts + 48 + 3 * 8 * 4


def test_full_digest(sharded):
    steps = []
    with open_checkpoint(sharded) as model:
        digests = model.full_digest(lambda *done: steps.append(done))
    sizes = [path.stat().st_size for path in sharded.glob("*.safetensors")]
    assert steps[-1] == (sum(sizes), sum(sizes))
    for name, digest in digests.items():
        assert hashlib.sha256((sharded / name).read_bytes()).hexdigest() == digest


def test_reading_from_threads(sharded, arrays):
    def work(i):
        name = f"layers.{i % 9}.weight"
        select = ((i % 5, i % 5 + 1), (i % 7, 8))
        return model.read(name, (6, 8), select), arrays[name][i % 5, i % 7 :][None]

    with open_checkpoint(sharded) as model, ThreadPoolExecutor(8) as pool:
        for got, expected in pool.map(work, range(500)):
            same(got, expected)


def test_many_tiny_runs(tmp_path):
    array = np.arange(300_000, dtype=np.uint16).reshape(100_000, 3)
    save_file({"t": array}, tmp_path / "model.safetensors")
    with open_checkpoint(tmp_path) as model:
        same(model.read("t", (100_000, 3), ((0, 100_000), (1, 2))), array[:, 1:2])


@pytest.mark.parametrize(
    ("grid", "select", "words"),
    [
        ((5, 8), ((0, 5), (0, 8)), ["40 elements", "expected 48", "[6, 8]"]),
        ((-6, -8), ((0, 0), (0, 0)), ["grid (-6, -8)"]),
        ((6, 8), ((0, 6),), ["do not fit the grid (6, 8)"]),
        ((6, 8), ((0, 7), (0, 8)), ["do not fit", "half-open range"]),
        ((6, 8), ((3, 2), (0, 8)), ["do not fit"]),
        ((6, 8), ((-1, 2), (0, 8)), ["do not fit"]),
    ],
)
def test_a_grid_that_does_not_fit(whole, grid, select, words):
    with open_checkpoint(whole) as model:
        with pytest.raises(DescriptionError) as caught:
            model.read("layers.0.weight", grid, select)
        for word in ["model.safetensors:layers.0.weight", *words]:
            assert word in str(caught.value)


def test_unknown_tensor(whole):
    with open_checkpoint(whole) as model:
        with pytest.raises(DescriptionError, match="no tensor 'none'"):
            model.read("none", (1,), ((0, 1),))
        assert model.name == "whole"


@pytest.mark.parametrize("dtype", ["F4", "F6_E2M3", "F6_E3M2"])
def test_packed_formats_are_listed_but_not_read(forge, dtype):
    size = 8 * DTYPES[dtype].bits // 8
    path = forge.json({"t": forge.tensor(0, size, dtype, [8])}, bytes(size))
    with open_checkpoint(path) as model:
        assert model.entries["t"].shape == (8,)
        with pytest.raises(DtypeError) as caught:
            model.read("t", (8,), ((0, 8),))
    assert f"model.safetensors:t: values stored as {dtype}" in str(caught.value)


def test_odd_booleans_become_true(forge):
    path = forge.json({"t": forge.tensor(0, 3, "BOOL")}, b"\0\1\xff")
    with open_checkpoint(path) as model:
        part = model.read("t", (3,), ((0, 3),))
    assert part.tolist() == [False, True, True]


def test_changes_while_open_are_noticed(whole):
    path = whole / "model.safetensors"
    model = open_checkpoint(path)
    os.utime(path, ns=(1, 1))
    with pytest.raises(LayoutError, match="changed while it was read"):
        model.close()
    model = open_checkpoint(path)
    os.truncate(path, path.stat().st_size - 1700)
    with pytest.raises(TruncatedError, match="ends at byte"):
        model.read("layers.8.weight", (6, 8), ((0, 6), (0, 8)))
    with pytest.raises(TruncatedError, match="changed while it was read"):
        model.close()
    with pytest.raises(TruncatedError, match=r"model\.safetensors"):
        open_checkpoint(path)


def test_files_are_closed_after_an_error(forge):
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        pytest.skip("no list of open files here")
    forge.raw(b"[]")
    before = len(list(folder.iterdir()))
    for _ in range(5):
        with pytest.raises(HeaderError, match="starts with"):
            open_checkpoint(forge.folder)
    assert len(list(folder.iterdir())) == before


def test_complex_numbers_are_read_but_are_no_weights(forge):
    path = forge.json({"t": forge.tensor(0, 8, "C64", [1])}, bytes(8))
    with open_checkpoint(path) as model:
        assert model.read("t", (1,), ((0, 1),)).tolist() == [0j]
        before = model.bytes_read
        with pytest.raises(DtypeError, match=r"model\.safetensors:t: .* C64"):
            model.read_float32("t", (1,), ((0, 1),))
        assert model.bytes_read == before


def test_importing_is_cheap():
    code = (
        "import sys, parentage.artifact;"
        "print({'scipy', 'pydantic', 'matplotlib', 'mmap'} & set(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert run.stdout.strip() == "set()"
