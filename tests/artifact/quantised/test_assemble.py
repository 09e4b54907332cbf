# SPDX-License-Identifier: Apache-2.0
"""Weights that are stored in parts: against their libraries and plain decoders."""

from __future__ import annotations

import json
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from parentage.artifact import open_checkpoint
from parentage.errors import LayoutError
from parentage.model import describe

FIXTURES = ("bitsandbytes", "compressed_tensors", "transformers_mxfp4")


FORMATS = {
    "F8_E4M3": ml_dtypes.float8_e4m3fn,
    "F32": np.float32,
    "F16": np.float16,
    "U8": np.uint8,
    "I8": np.int8,
    "I32": np.int32,
    "I64": np.int64,
}


def load(path):
    """A safetensors file, with the formats that its own library leaves to torch."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    found = {}
    for name, entry in json.loads(raw[8 : 8 + length]).items():
        begin, end = (8 + length + n for n in entry["data_offsets"])
        array = np.frombuffer(raw[begin:end], FORMATS[entry["dtype"]])
        found[name] = array.reshape(entry["shape"])
    return found


def recorded(fixture):
    path = Path(__file__).parents[1] / "fixtures" / f"{fixture}.safetensors"
    stored = load(path)
    expected = {
        name.removeprefix("expected."): value
        for name, value in stored.items()
        if name.startswith("expected.")
    }
    parts = {n: v for n, v in stored.items() if not n.startswith("expected.")}
    return parts, expected


CASES = [(f, name) for f in FIXTURES for name in recorded(f)[1]]


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    models = {}
    for fixture in FIXTURES:
        parts, _ = recorded(fixture)
        save_file(parts, folder / f"{fixture}.safetensors")
        models[fixture] = open_checkpoint(folder / f"{fixture}.safetensors")
    yield models
    for model in models.values():
        model.close()


@pytest.mark.parametrize(("fixture", "name"), CASES)
def test_values_are_those_of_the_library(opened, read_whole, fixture, name):
    model = opened[fixture]
    expected = recorded(fixture)[1][name]
    found = read_whole(model, name)
    found = found[:: -(-len(found) // len(expected))]
    assert found.shape == expected.shape
    # Some products are rounded in another order, and one library goes through BF16.
    close = {"nvfp4.weight": 2**-7, "int8.weight": 1e-6}.get(name, 2e-7)
    np.testing.assert_allclose(found, expected, rtol=close)


@pytest.mark.parametrize(("fixture", "name"), CASES)
def test_rectangles(opened, check_rectangles, fixture, name):
    check_rectangles(opened[fixture], name)


@pytest.mark.parametrize("fixture", FIXTURES)
def test_every_part_is_taken(opened, fixture):
    model = opened[fixture]
    parts, expected = recorded(fixture)
    assert set(model.entries) == set(expected)
    assert not model.problems
    stored = sum(v.nbytes for v in parts.values())
    assert sum(e.nbytes for e in model.entries.values()) == stored


def put(path, parts, config=None):
    path.mkdir(exist_ok=True)
    save_file(
        {f"x.{k}": np.ascontiguousarray(v) for k, v in parts.items()},
        path / "model.safetensors",
    )
    if config:
        (path / "config.json").write_text(json.dumps(config))
    return path


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("v2", [True, False])
@pytest.mark.parametrize("by_activity", [True, False])
def test_gptq(
    tmp_path, encoders, read_whole, check_rectangles, bits, symmetric, v2, by_activity
):
    rng = np.random.default_rng(bits)
    array = rng.standard_normal((64, 128)).astype(np.float32)
    order = rng.permutation(128) if by_activity else None
    parts, expected = encoders.gptq_parts(
        array, bits, order=order, symmetric=symmetric, v2=v2
    )
    config = {"quantization_config": {"checkpoint_format": "gptq_v2" if v2 else "gptq"}}
    put(tmp_path, parts, config)
    with open_checkpoint(tmp_path) as model:
        assert [e.dtype for e in model.entries.values()] == [f"GPTQ{bits}"]
        np.testing.assert_allclose(read_whole(model, "x.weight"), expected, rtol=1e-6)
        check_rectangles(model, "x.weight")
    assert np.corrcoef(expected.ravel(), array.ravel())[0, 1] > 0.7


def test_gptq_without_order(tmp_path, encoders, read_whole):
    array = np.random.default_rng(0).standard_normal((64, 96)).astype(np.float32)
    parts, expected = encoders.gptq_parts(array)
    del parts["g_idx"]
    with open_checkpoint(put(tmp_path, parts)) as model:
        np.testing.assert_allclose(read_whole(model, "x.weight"), expected, rtol=1e-6)


def test_awq(tmp_path, encoders, read_whole, check_rectangles):
    array = np.random.default_rng(0).standard_normal((64, 96)).astype(np.float32)
    parts, expected = encoders.awq_parts(array)
    with open_checkpoint(put(tmp_path, parts)) as model:
        np.testing.assert_allclose(read_whole(model, "x.weight"), expected, rtol=1e-6)
        check_rectangles(model, "x.weight")


def test_blocks_of_eight_bit_floats(tmp_path, encoders, read_whole, check_rectangles):
    array = np.random.default_rng(0).standard_normal((200, 300)).astype(np.float32)
    parts = encoders.fp8_parts(array)
    scale = np.kron(parts["weight_scale_inv"], np.ones((128, 128)))[:200, :300]
    expected = parts["weight"].astype(np.float32) * scale
    with open_checkpoint(put(tmp_path, parts)) as model:
        np.testing.assert_allclose(read_whole(model, "x.weight"), expected, rtol=1e-6)
        check_rectangles(model, "x.weight")


def test_stacked_experts_in_eight_bits(tmp_path, read_whole, check_rectangles):
    rng = np.random.default_rng(0)
    codes = rng.standard_normal((3, 130, 256)).astype(ml_dtypes.float8_e4m3fn)
    scale = rng.random((3, 2, 2)).astype(np.float32)
    save_file(
        {"mlp.experts.down_proj": codes, "mlp.experts.down_proj_scale_inv": scale},
        tmp_path / "model.safetensors",
    )
    spread = np.stack([np.kron(s, np.ones((128, 128)))[:130] for s in scale])
    with open_checkpoint(tmp_path) as model:
        found = read_whole(model, "mlp.experts.down_proj")
        np.testing.assert_allclose(found, codes.astype(np.float32) * spread, rtol=1e-6)
        check_rectangles(model, "mlp.experts.down_proj")


def test_modelopt_nvfp4(tmp_path, encoders, read_whole, check_rectangles):
    array = np.random.default_rng(0).standard_normal((32, 64)).astype(np.float32)
    parts = encoders.nvfp4_parts(array)
    table = [0, 0.5, 1, 1.5, 2, 3, 4, 6]
    expected = np.zeros((32, 64))
    for row in range(32):
        for column in range(64):
            code = int(parts["weight"][row, column // 2]) >> (4 * (column % 2)) & 15
            scale = float(parts["weight_scale"][row, column // 16])
            value = table[code & 7] * (-1 if code & 8 else 1)
            expected[row, column] = value * scale * float(parts["weight_scale_2"])
    with open_checkpoint(put(tmp_path, parts)) as model:
        np.testing.assert_allclose(read_whole(model, "x.weight"), expected, rtol=1e-6)
        check_rectangles(model, "x.weight")
    assert np.abs(expected - array).max() < 0.5


def test_odd_rows_of_four_bits(tmp_path, encoders, read_whole, check_rectangles):
    array = np.random.default_rng(0).standard_normal((64, 7)).astype(np.float32)
    parts = encoders.nf4_parts(array)
    with open_checkpoint(put(tmp_path, parts)) as model:
        found = read_whole(model, "x.weight")
        assert np.abs(found - array).max() < 0.5
        check_rectangles(model, "x.weight")


def test_only_the_blocks_are_read(tmp_path, encoders):
    array = np.random.default_rng(0).standard_normal((512, 512)).astype(np.float32)
    for number, (parts, most) in enumerate(
        [
            (encoders.gptq_parts(array)[0], 64 * 64 // 2 + 2 * 64 * 2 + 2 * 32 + 256),
            (encoders.awq_parts(array)[0], 64 * 64 // 2 + 2 * 64 * 2 + 2 * 32),
            (encoders.nf4_parts(array), 64 * 64 // 2 + 64 * 4 + 64),
            (encoders.fp8_parts(array), 64 * 64 + 4),
            (encoders.nvfp4_parts(array), 64 * 64 // 2 + 64 * 4 + 4),
            (encoders.int4_parts(array), 64 * 64 // 2 + 64 * 2 * 2),
        ]
    ):
        path = put(tmp_path / str(number), parts)
        with open_checkpoint(path) as model:
            before = model.bytes_read
            model.read_float32("x.weight", (512, 512), ((64, 128), (128, 192)))
            assert model.bytes_read - before <= most


def test_nothing_is_unrecognised(tmp_path, encoders):
    for name, write in encoders.FORMATS.items():
        (tmp_path / name).mkdir()
        path = write(tmp_path / name, "decoder-a")
        with open_checkpoint(path) as model:
            found = describe("x", model.entries, model.config)
            assert {p.code for p in model.problems} <= {"claimed-base"}
        assert not found.unrecognised
        assert found.parameters == 707808
        assert not any(t.role == "other" for m in found.modules for t in m.tensors)


def test_parts_alone_stay_as_they_are(tmp_path, encoders):
    array = np.random.default_rng(0).standard_normal((64, 96)).astype(np.float32)
    parts = encoders.gptq_parts(array)[0]
    del parts["scales"]
    with open_checkpoint(put(tmp_path, parts)) as model:
        assert set(model.entries) == {f"x.{k}" for k in parts}
        assert [p.code for p in model.problems] == ["incomplete-weight"]


DAMAGED = {
    "gptq groups": ("gptq", lambda p: p | {"qzeros": p["qzeros"][:2]}),
    "gptq outputs": ("gptq", lambda p: p | {"qweight": p["qweight"][:, :60]}),
    "gptq scales": ("gptq", lambda p: p | {"scales": p["scales"].astype(np.int8)}),
    "gptq bits": ("gptq", lambda p: p | {"qzeros": p["qzeros"][:, :2]}),
    "gptq order": ("gptq", lambda p: p | {"g_idx": p["g_idx"][:5]}),
    "gptq axes": ("gptq", lambda p: p | {"qweight": p["qweight"].ravel()}),
    "gptq group number": ("gptq", lambda p: p | {"g_idx": p["g_idx"] + 2**20}),
    "gptq negative group": ("gptq", lambda p: p | {"g_idx": p["g_idx"] - 1}),
    "awq groups": (
        "awq",
        lambda p: {
            k: np.concatenate([v, v[:2]]) if k != "qweight" else v for k, v in p.items()
        },
    ),
    "nf4 state": ("nf4", lambda p: p | {STATE: p[STATE][:-3]}),
    "nf4 shape": ("nf4", lambda p: state(p, shape=[64, 97])),
    "nf4 huge": ("nf4", lambda p: state(p, shape=[2**40, 2**40])),
    "nf4 no shape": ("nf4", lambda p: state(p, shape=None)),
    "nf4 block": ("nf4", lambda p: state(p, blocksize=0)),
    "nf4 block text": ("nf4", lambda p: state(p, blocksize="64")),
    "nf4 scales": ("nf4", lambda p: p | {"weight.absmax": p["weight.absmax"][1:]}),
    "nf4 table": ("nf4", lambda p: p | {"weight.quant_map": np.ones(3, np.float32)}),
    "nf4 bytes": ("nf4", lambda p: p | {"weight.absmax": np.ones(96, np.uint8)}),
    "nf4 long state": ("nf4", lambda p: p | {STATE: np.full(2**17, 32, np.uint8)}),
    "int8 scales": ("int8", lambda p: p | {"SCB": p["SCB"][1:]}),
    "fp8 scales": ("fp8", lambda p: p | {"weight_scale_inv": np.ones((7, 9), "f4")}),
    "fp8 axes": ("fp8", lambda p: p | {"weight_scale_inv": np.ones((1, 1, 2), "f4")}),
    "nvfp4 scales": ("nvfp4", lambda p: p | {"weight_scale": p["weight_scale"][1:]}),
    "nvfp4 whole": ("nvfp4", lambda p: p | {"weight_scale_2": np.ones(2, "f4")}),
    "int4 shape": ("int4", lambda p: p | {"weight_shape": np.array([64, 9999])}),
    "int4 no shape": ("int4", lambda p: p | {"weight_shape": np.array([64])}),
    "int4 scales": ("int4", lambda p: p | {"weight_scale": p["weight_scale"][1:]}),
    "int4 order": ("int4", lambda p: p | {"weight_g_idx": np.zeros(3, np.int32)}),
}
STATE = "weight.quant_state.bitsandbytes__nf4"


def state(parts, **changes):
    found = json.loads(bytes(parts[STATE])) | changes
    return parts | {STATE: np.frombuffer(json.dumps(found).encode(), np.uint8)}


@pytest.fixture(scope="module")
def sound(encoders):
    array = np.random.default_rng(0).standard_normal((64, 96)).astype(np.float32)
    return {
        "gptq": encoders.gptq_parts(array)[0],
        "awq": encoders.awq_parts(array)[0],
        "nf4": encoders.nf4_parts(array),
        "int8": encoders.int8_parts(array),
        "fp8": encoders.fp8_parts(array),
        "nvfp4": encoders.nvfp4_parts(array),
        "int4": encoders.int4_parts(array),
    }


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged(tmp_path, sound, refused, read_whole, name):
    scheme, change = DAMAGED[name]
    put(tmp_path, change(sound[scheme]))
    with refused() as caught, open_checkpoint(tmp_path) as model:
        read_whole(model, "x.weight")
    assert isinstance(caught[0], LayoutError)


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_mutations(tmp_path, sound, survives, data):
    """Any part may be cut, reshaped, of another format, or missing."""
    parts = dict(sound[data.draw(st.sampled_from(sorted(sound)))])
    for _ in range(data.draw(st.integers(1, 2))):
        if not parts:
            break
        name = data.draw(st.sampled_from(sorted(parts)))
        kind = data.draw(st.integers(0, 4))
        value = parts[name]
        if kind == 0:
            del parts[name]
        elif kind == 1:
            parts[name] = value[: data.draw(st.integers(0, 9))] if value.ndim else value
        elif kind == 2:
            parts[name] = value.reshape(-1)
        elif kind == 3:
            dtype = data.draw(st.sampled_from(["i4", "u1", "f4", "i8", "f2", "i1"]))
            with np.errstate(all="ignore"):
                parts[name] = value.astype(np.float32).astype(dtype)
        else:
            raw = bytearray(np.ascontiguousarray(value).tobytes())
            at = data.draw(st.integers(0, max(0, len(raw) - 1)))
            raw[at : at + 4] = data.draw(st.binary(min_size=4, max_size=4))
            parts[name] = np.frombuffer(bytes(raw)[: value.nbytes], value.dtype)
            parts[name] = parts[name].reshape(value.shape)
    assert survives(put(tmp_path, parts))
