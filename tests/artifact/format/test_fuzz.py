# SPDX-License-Identifier: Apache-2.0
"""Damaged files end in an error of ours: no crash, no hang, no memory blow-up.

``PARENTAGE_FUZZ_SECONDS=60 pytest -m fuzz tests/artifact`` runs the long version.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import time

import numpy as np
import pytest
from safetensors.numpy import save_file

from parentage.artifact import SAFETENSORS as DTYPES
from parentage.artifact import open_checkpoint
from parentage.errors import ParentageError

SLOWEST = 2.0
MOST_GROWTH = 300 * 2**20
ODD_NUMBERS = (0, 1, -1, 7, 2**31, 2**32, 2**53, 2**62, 2**63 - 1, 2**63, 2**64, 10**30)
ODD_VALUES = (
    *ODD_NUMBERS,
    None,
    True,
    1.5,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "F32",
    "F4",
    "__metadata__",
    "\ud800",
    "\0",
    "x" * 5000,
    [],
    {},
    [[[[[[]]]]]],
    {"a": {"a": {"a": {"a": 1}}}},
    [1] * 100,
    [2**62, 2**62],
)
PIECES = (
    b"[" * 3000,
    b'{"a":' * 3000,
    b'"',
    b"\\",
    b'\\"' * 2000,
    b"1" * 6000,
    b"NaN",
    b"1e999",
    b'"__metadata__":{"a":"b"},',
    b'"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},',
    b"\xff\xfe",
    b"\xed\xa0\x80",
    "𝕏".encode(),
    b"\0" * 100,
    b"[]," * 3000,
)


def seed_file(rng):
    """A valid header (as an object) and its data."""
    header, data, kinds = {}, b"", sorted(DTYPES)
    if rng.random() < 0.5:
        header["__metadata__"] = {"format": "pt", "한": "글"}
    for i in range(rng.randrange(6)):
        dtype = rng.choice(kinds)
        shape = [rng.choice((0, 1, 2, 3, 8)) for _ in range(rng.randrange(4))]
        bits = int(np.prod(shape, dtype=int)) * DTYPES[dtype].bits
        if bits % 8:
            continue
        end = len(data) + bits // 8
        header[f"model.layers.{i}.w"] = {
            "dtype": dtype,
            "shape": shape,
            "data_offsets": [len(data), end],
        }
        data += rng.randbytes(bits // 8)
    return header, data


def edit(rng, node, depth=0):
    """Change one thing somewhere in a JSON value."""
    if depth > 4 or not isinstance(node, dict | list) or rng.random() < 0.15:
        return rng.choice(ODD_VALUES)
    if isinstance(node, list):
        node = list(node)
        if not node or rng.random() < 0.2:
            return [*node, rng.choice(ODD_VALUES)]
        at = rng.randrange(len(node))
        if rng.random() < 0.2:
            del node[at]
        elif type(node[at]) is int and rng.random() < 0.6:
            node[at] += rng.choice((-8, -1, 1, 8, 2**31, 2**62))
        else:
            node[at] = edit(rng, node[at], depth + 1)
        return node
    node = dict(node)
    keys = list(node)
    if not keys or rng.random() < 0.1:
        node[rng.choice(("extra", "", "\x1b[0m", "__metadata__"))] = rng.choice(
            ODD_VALUES
        )
        return node
    key = rng.choice(keys)
    if rng.random() < 0.15:
        del node[key]
    elif rng.random() < 0.15:
        node[key] = node[rng.choice(keys)]
    elif rng.random() < 0.1:
        node[key + rng.choice(("x", "\udc80", "\n"))] = node.pop(key)
    else:
        node[key] = edit(rng, node[key], depth + 1)
    return node


def damage(rng, content):
    """Change bytes without knowing what they mean."""
    content = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(content) + 1)
        way = rng.randrange(6)
        if way == 0 and content:
            content[at % len(content)] ^= 1 << rng.randrange(8)
        elif way == 1:
            del content[at:]
        elif way == 2:
            content[at:at] = rng.choice(PIECES)
        elif way == 3:
            start = rng.randrange(len(content) + 1)
            content[at:at] = content[start : start + rng.randrange(200)]
        elif way == 4:
            del content[at : at + rng.randrange(40)]
        else:
            number = rng.choice(ODD_NUMBERS) % 2**64
            content[:8] = number.to_bytes(8, "little")
    return bytes(content)


def make(rng):
    header, data = seed_file(rng)
    way = rng.random()
    if way < 0.55:
        for _ in range(rng.choice((0, 1, 1, 1, 2, 4))):
            header = edit(rng, header)
    text = json.dumps(header, ensure_ascii=rng.random() < 0.5)
    raw = text.encode("utf-8", "surrogatepass")
    if 0.5 < way < 0.75:
        raw = damage(rng, raw)
    content = len(raw).to_bytes(8, "little") + raw + data
    if way > 0.7:
        content = damage(rng, content)
    return content


def make_text(rng, value):
    """A damaged index or config."""
    if rng.random() < 0.7:
        value = edit(rng, value)
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5)
    raw = text.encode("utf-8", "surrogatepass")
    return damage(rng, raw) if rng.random() < 0.5 else raw


def overwrite(path, content):
    """Write in place: truncating to nothing first is slow on some file systems."""
    with path.open("r+b" if path.exists() else "wb") as out:
        out.write(content)
        out.truncate()


def try_one(path, content, rng):
    """Open and read everything; whether it opened."""
    overwrite(path, content)
    try:
        with open_checkpoint(path.parent) as model:
            for entry in list(model.entries.values())[:20]:
                size = entry.size
                grid = rng.choice([entry.shape, (size,)])
                select = tuple(sorted(rng.choices(range(n + 1), k=2)) for n in grid)
                try:
                    model.read_float32(
                        entry.name, grid, tuple((a, b) for a, b in select)
                    )
                except ParentageError as error:
                    check_text(error)
            model.digest().encode()
            json.dumps([p.to_json() for p in model.problems]).encode()
            json.dumps(model.metadata, ensure_ascii=False).encode()
    except ParentageError as error:
        check_text(error)
        return False
    return True


def check_text(error):
    text = str(error)
    assert text.isprintable()
    assert len(text.encode()) < 3000
    assert error.file


def peak_memory():
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


def fuzz(folder, seconds, seed):
    rng = random.Random(seed)
    single, text_folder = folder / "single", folder / "texts"
    single.mkdir()
    text_folder.mkdir()
    weight_map = {}
    for i, name in enumerate(("one.safetensors", "two.safetensors")):
        save_file({f"t{i}": np.zeros((2, 3))}, text_folder / name)
        weight_map[f"t{i}"] = name
    index = {"metadata": {"total_size": 96}, "weight_map": weight_map}
    config = {"model_type": "llama", "hidden_size": 3, "rope": {"theta": 1e4}}
    before, start = peak_memory(), time.monotonic()
    runs = opened = 0
    slowest = 0.0
    while time.monotonic() - start < seconds:
        way = rng.random()
        if way < 0.8:
            path, content = single / "model.safetensors", make(rng)
        elif way < 0.95:
            path = text_folder / "model.safetensors.index.json"
            content = make_text(rng, index)
        else:
            path, content = single / "config.json", make_text(rng, config)
        began = time.monotonic()
        try:
            opened += try_one(path, content, rng)
        except Exception:
            (folder / "crash").write_bytes(content)
            print(f"seed {seed}, run {runs}: {content[:4000]!r}")  # noqa: T201
            raise
        slowest = max(slowest, time.monotonic() - began)
        assert slowest < SLOWEST, content[:4000]
        if path.name == "config.json":
            path.unlink()
        runs += 1
    growth = peak_memory() - before
    assert growth < MOST_GROWTH
    print(  # noqa: T201
        f"{runs} files in {seconds:g} s, {opened} of them readable, slowest "
        f"{slowest:.3f} s, memory grew by {growth / 2**20:.1f} MB"
    )
    assert 0 < opened < runs


def test_two_seconds_of_damage(tmp_path):
    fuzz(tmp_path, 2.0, 20240101)


@pytest.mark.fuzz
def test_a_minute_of_damage(tmp_path, request):
    seconds = os.environ.get("PARENTAGE_FUZZ_SECONDS")
    if seconds is None and "fuzz" not in (request.config.getoption("-m") or ""):
        pytest.skip("runs with -m fuzz, or with PARENTAGE_FUZZ_SECONDS set")
    fuzz(tmp_path, float(seconds or 60), time.time_ns())
