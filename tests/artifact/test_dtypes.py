# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools

import ml_dtypes
import numpy as np
import pytest

from parentage.artifact import SAFETENSORS as DTYPES
from parentage.artifact import count_non_finite, rounds_to, to_float32
from parentage.errors import DtypeError

PACKED = {"F4": "float4_e2m1fn", "F6_E2M3": "float6_e2m3fn", "F6_E3M2": "float6_e3m2fn"}
SMALL = {
    name: kind.numpy if kind.numpy is not None else getattr(ml_dtypes, PACKED[name])
    for name, kind in DTYPES.items()
    if kind.bits <= 16
}


def every_value(name):
    """All finite values of a format of at most 16 bits, as float64."""
    kind, bits = SMALL[name], DTYPES[name].bits
    if name == "BOOL":
        return np.array([0.0, 1.0])
    codes = np.arange(2**bits, dtype=np.uint16 if bits == 16 else np.uint8)
    with np.errstate(invalid="ignore"):  # signalling NaN
        values = codes.view(kind).astype(np.float64)
    return values[np.isfinite(values)]


def test_every_format_is_there():
    names = (
        "BOOL U8 I8 I16 U16 F16 BF16 I32 U32 F32 F64 I64 U64 F8_E4M3 F8_E5M2 F8_E8M0 "
        "F8_E4M3FNUZ F8_E5M2FNUZ F4 F6_E2M3 F6_E3M2 C64"
    )
    assert set(DTYPES) == set(names.split())
    for name, kind in DTYPES.items():
        assert kind.name == name
        if kind.numpy is not None:
            assert kind.bits == 8 * kind.numpy.itemsize == 8 * kind.itemsize
        else:
            assert kind.itemsize == 0


@pytest.mark.parametrize("name", SMALL)
def test_the_table_agrees_with_the_values(name):
    values, kind = every_value(name), DTYPES[name]
    assert values.min() == kind.low
    assert values.max() == kind.high
    steps = values / 2.0**kind.quantum
    assert (steps == np.rint(steps)).all()


@pytest.mark.parametrize(("a", "b"), list(itertools.product(SMALL, SMALL)))
def test_rounds_to_agrees_with_casting(a, b):
    values = every_value(a)
    inside = np.isin(values, every_value(b)).all()
    assert rounds_to(a, b) == bool(inside)


def test_rounds_to_wide_formats():
    assert rounds_to("BF16", "F32")
    assert rounds_to("F32", "F64")
    assert rounds_to("F32", "C64")
    assert rounds_to("F8_E8M0", "F32")
    assert rounds_to("C64", "C64")
    assert rounds_to("I32", "F64")
    assert not rounds_to("I32", "F32")
    assert not rounds_to("I64", "F64")
    assert not rounds_to("U64", "I64")
    assert not rounds_to("F32", "BF16")
    assert not rounds_to("C64", "F64")


def test_mantissa_bits():
    bits = {name: DTYPES[name].mantissa_bits for name in DTYPES}
    assert bits["F32"] == 23
    assert bits["BF16"] == 7
    assert bits["F16"] == 10
    assert bits["F8_E4M3"] == 3
    assert bits["F8_E8M0"] == bits["I32"] == 0


@pytest.mark.parametrize(
    "name", [name for name in DTYPES if DTYPES[name].numpy is not None]
)
def test_to_float32_agrees_with_numpy(name):
    kind = DTYPES[name]
    if name == "C64":
        with pytest.raises(DtypeError, match="C64"):
            to_float32(np.zeros(1, np.complex64), name)
        return
    if kind.bits <= 16 and name != "BOOL":
        codes = np.arange(2**kind.bits, dtype=f"u{kind.itemsize}")
        stored = codes.view(kind.numpy).reshape(16, -1)
    else:
        stored = np.arange(-50, 50).astype(kind.numpy).reshape(4, -1)
    result = to_float32(stored, name)
    assert result.dtype == np.float32
    assert result.shape == stored.shape
    np.testing.assert_array_equal(result, stored.astype(np.float32))
    cut = stored[1:3, ::2]
    np.testing.assert_array_equal(to_float32(cut, name), cut.astype(np.float32))


def test_float64_beyond_float32_becomes_infinite():
    wide = np.array([1e300, -1e300, 0.5])
    assert to_float32(wide, "F64").tolist() == [np.inf, -np.inf, 0.5]


def test_float32_is_not_copied():
    array = np.ones(3, np.float32)
    assert to_float32(array, "F32") is array


@pytest.mark.parametrize("name", PACKED)
def test_packed_formats_say_what_to_do(name):
    with pytest.raises(DtypeError, match=r"not decoded.*[Dd]equantise"):
        to_float32(np.zeros(1, np.uint8), name)


@pytest.mark.parametrize("name", ["F64", "F32", "F16", "BF16", "F8_E5M2"])
def test_non_finite(name):
    values = np.array([[1.0, np.nan, np.inf], [-np.inf, 0.0, -1.0]])
    assert count_non_finite(values.astype(DTYPES[name].numpy)) == 3
    assert count_non_finite(values.astype(DTYPES[name].numpy)[:, ::2]) == 2


def test_non_finite_elsewhere():
    assert count_non_finite(np.zeros(3, np.int32)) == 0
    assert count_non_finite(np.array([np.nan, 1]).astype("c8")) == 1
    one = np.array([np.nan, 448.0]).astype(ml_dtypes.float8_e4m3fn)
    assert count_non_finite(one) == 1
