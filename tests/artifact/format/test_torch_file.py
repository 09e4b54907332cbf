# SPDX-License-Identifier: Apache-2.0
"""PyTorch files are read without running what they say."""

from __future__ import annotations

import builtins
import os
import pickle
import struct
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from parentage.artifact import open_checkpoint
from parentage.errors import HeaderError, ParentageError, UnsafePathError

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.mark.parametrize("name", ["zip", "legacy", "nested"])
def test_values_are_those_of_torch(read_whole, check_rectangles, name):
    expected = load_file(FIXTURES / "torch_expected.safetensors")
    front = "nested." if name == "nested" else ""
    with open_checkpoint(FIXTURES / f"torch_{name}.pt") as model:
        assert len(model.entries) == {"zip": 11, "legacy": 10, "nested": 4}[name]
        for key in model.entries:
            np.testing.assert_array_equal(read_whole(model, key), expected[front + key])
            check_rectangles(model, key) if model.entries[key].shape else None


@pytest.mark.full
@pytest.mark.parametrize("zipped", [True, False])
def test_a_bundled_model_saved_by_torch(tmp_path, encoders, read_whole, zipped):
    import torch

    arrays = encoders.weights("decoder-a")
    state = {k: torch.from_numpy(v) for k, v in arrays.items()}
    state["tied.weight"] = state["lm_head.weight"]
    path = tmp_path / "pytorch_model.bin"
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    with open_checkpoint(tmp_path) as model:
        assert [p.code for p in model.problems] == ["tied"]
        assert set(model.entries) == set(arrays)
        for key, array in arrays.items():
            np.testing.assert_array_equal(read_whole(model, key), array)


def test_shards_with_an_index(tmp_path, encoders, read_whole):
    import json

    p = encoders.Pickled
    for number, key in enumerate("ab"):
        storage = p.storage("FloatStorage", "0", 4)
        program = p.program(p.dict({key: p.tensor(storage, (2, 2), (2, 1))}))
        raw = np.full(4, number, np.float32).tobytes()
        encoders.torch_archive(tmp_path / f"m-{number}.bin", program, {"0": raw})
    index = {"weight_map": {"a": "m-0.bin", "b": "m-1.bin"}}
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    (tmp_path / "optimizer.pt").write_bytes(b"cos\nsystem\n")
    with open_checkpoint(tmp_path) as model:
        assert not model.problems
        assert read_whole(model, "b").tolist() == [[1, 1], [1, 1]]
    index["weight_map"]["b"] = "m-1.safetensors"
    (tmp_path / "m-1.safetensors").touch()
    (tmp_path / "m-1.safetensors").rename(tmp_path / "m-1.txt")
    index["weight_map"]["b"] = "m-1.txt"
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    with pytest.raises(ParentageError, match="which is not PyTorch"):
        open_checkpoint(tmp_path)


def test_only_the_rectangle_is_read(tmp_path, encoders):
    p = encoders.Pickled
    storage = p.storage("FloatStorage", "0", 10**6)
    turned = p.tensor(storage, (1000, 1000), (1, 1000))
    plain = p.tensor(storage, (1000, 1000), (1000, 1))
    program = p.program(p.dict({"a": turned, "b": plain}))
    raw = np.arange(10**6, dtype=np.float32)
    path = encoders.torch_archive(tmp_path / "m.pt", program, {"0": raw.tobytes()})
    with open_checkpoint(path) as model:
        for name, table in (
            ("a", raw.reshape(1000, 1000).T),
            ("b", raw.reshape(1000, 1000)),
        ):
            before = model.bytes_read
            found = model.read_float32(name, (1000, 1000), ((5, 9), (20, 50)))
            np.testing.assert_array_equal(found, table[5:9, 20:50])
            assert model.bytes_read - before == 4 * 4 * 30


# What follows is hostile. Each program would create the canary if it were run.


class Call:
    def __init__(self, function, *given):
        self.function, self.given = function, given

    def __reduce__(self):
        return self.function, self.given


def programs(canary):
    command = f"touch {canary}"
    text = f"open({str(canary)!r}, 'w')"
    name = b"cbuiltins\neval\n"
    line = command.encode()
    quoted = b"X" + struct.pack("<I", len(text)) + text.encode()
    return {
        "os.system": pickle.dumps(Call(os.system, command), 2),
        "eval": pickle.dumps(Call(builtins.eval, text), 2),
        "exec, protocol 4": pickle.dumps(Call(builtins.exec, text), 4),
        "eval, protocol 0": pickle.dumps(Call(builtins.eval, text), 0),
        "eval, protocol 5": pickle.dumps(Call(builtins.eval, text), 5),
        "subprocess": pickle.dumps(Call(subprocess.call, ["touch", str(canary)]), 2),
        "nested": pickle.dumps({"a": [({"b": Call(builtins.eval, text)},)]}, 4),
        "a call that makes a call": pickle.dumps(
            Call(getattr, Call(builtins.__import__, "os"), "system"), 4
        ),
        "remembered name": b"\x80\x02" + name + b"q\x010h\x01" + quoted + b"\x85R.",
        "remembered twice": b"\x80\x02"
        + name
        + b"r\xff\xff\xff\xff0j\xff\xff\xff\xff"
        + quoted
        + b"\x85R.",
        "INST": b"(S'" + line + b"'\nios\nsystem\n.",
        "INST without text": b"(" + quoted + b"ibuiltins\neval\n.",
        "OBJ": b"(" + name + quoted + b"o.",
        "OBJ of a name that is known": b"(ccollections\nOrderedDict\no.",
        "NEWOBJ": b"\x80\x02ccollections\nOrderedDict\n)\x81.",
        "NEWOBJ_EX": b"\x80\x04ccollections\nOrderedDict\n)}\x92.",
        "BUILD on a tuple": b"\x80\x02)}b.",
        "BUILD with slots": b"\x80\x02}N}\x86b.",
        "STACK_GLOBAL": b"\x80\x04\x8c\x02os\x8c\x06system\x93" + quoted + b"\x85R.",
        "STACK_GLOBAL of a number": b"\x80\x04K\x01K\x02\x93.",
        "name in pieces": b"\x80\x04\x8c\x05torch\x8c\x0c_utils.os.ab\x93.",
        "EXT1": b"\x80\x02\x82\x01" + quoted + b"\x85R.",
        "EXT2": b"\x80\x02\x83\x01\x00.",
        "EXT4": b"\x80\x02\x84\x01\x00\x00\x00.",
        "PERSID": b"Pstorage\n.",
        "torch.load inside": b"\x80\x02ctorch\nload\n" + quoted + b"\x85R.",
        "rebuild from type": b"\x80\x02ctorch._tensor\n_rebuild_from_type_v2\n)R.",
        "numpy": b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n)R.",
        "call of a tensor": b"\x80\x02)" + quoted + b"\x85R.",
        "call of a format": b"\x80\x02ctorch\nfloat32\n)R.",
        "list in itself": b"\x80\x02]q\x00h\x00a.",
        "dict in itself": b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s.",
        "tuples of tuples as a key": b"\x80\x02}"
        + b")"
        + b"q\x01h\x01\x86" * 60
        + b"K\x01s.",
        "deep lists": b"\x80\x02" + b"](" * 40000 + b"e" * 40000 + b".",
        "huge place to remember": b"\x80\x02Nr\xff\xff\xff\xff0j\xfe\xff\xff\xff.",
        "huge place in digits": b"\x80\x02Np" + b"9" * 4000 + b"\n0.",
        "text of 2^40": b"\x80\x04\x8d" + struct.pack("<Q", 2**40) + b"x.",
        "bytes of 2^40": b"\x80\x04\x8e" + struct.pack("<Q", 2**40) + b"x.",
        "array of 2^40": b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b"x.",
        "text of 2^31": b"\x80\x02X" + struct.pack("<I", 2**31) + b"x.",
        "integer of 2^31 bytes": b"\x80\x02\x8b" + struct.pack("<I", 2**31) + b"x.",
        "integer of many digits": b"L" + b"9" * 100_000 + b"L\n.",
        "long line": b"c" + b"a" * 100_000 + b"\n.",
        "line without end": b"c" + b"a" * 3000,
        "no end": b"\x80\x02}",
        "empty": b"",
        "nothing on the stack": b"\x80\x02.",
        "no mark": b"\x80\x02Nt.",
        "mark as a value": b"\x80\x02(.",
        "protocol 99": b"\x80\x63N.",
        "unknown instruction": b"\x80\x02\xff.",
        "text that is none": b"\x80\x02X\x02\x00\x00\x00\xc3\x28.",
        "a list": b"\x80\x02](K\x01K\x02e.",
        "a number": b"\x80\x02K\x01.",
    }


NAMES = list(programs(Path("canary")))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("legacy", [False, True])
def test_nothing_is_run(tmp_path, encoders, refused, name, legacy):
    canary = tmp_path / "canary"
    program = programs(canary)[name]
    path = tmp_path / "pytorch_model.bin"
    if legacy:
        path.write_bytes(program)
    else:
        encoders.torch_archive(path, program, {"0": bytes(16)})
    with refused() as caught:
        open_checkpoint(path)
    assert not canary.exists()
    assert caught[0].file == "pytorch_model.bin"


def test_the_canary_would_have_been_made(tmp_path):
    """The programs above do what they are said to: one is run here on purpose."""
    canary = tmp_path / "canary"
    pickle.loads(programs(canary)["eval"]).close()
    assert canary.exists()


def test_the_message_says_what_and_where(tmp_path, encoders):
    path = tmp_path / "m.pt"
    encoders.torch_archive(path, programs(tmp_path / "c")["os.system"], {})
    with pytest.raises(HeaderError) as caught:
        open_checkpoint(path)
    place = path.read_bytes().index(b"cposix")
    text = str(caught.value)
    assert f"m.pt:byte {place}: asks for posix.system (GLOBAL)" in text
    assert "Nothing was run" in text


def tensors(encoders, **changes):
    """A program with one tensor, and some of its numbers changed."""
    p = encoders.Pickled
    found = {
        "kind": "FloatStorage",
        "key": "0",
        "count": 4,
        "shape": (2, 2),
        "strides": (2, 1),
        "offset": 0,
    } | changes
    storage = p.storage(found["kind"], found["key"], found["count"])
    tensor = p.tensor(storage, found["shape"], found["strides"], found["offset"])
    return p.program(p.dict({"a": tensor}))


BAD_TENSORS = {
    "storage that is not there": {"key": "7"},
    "storage out of the folder": {"key": "../0"},
    "storage too long": {"count": 5},
    "storage of 2^40": {"count": 2**40},
    "shape too large": {"shape": (3, 2)},
    "shape of 2^40": {"shape": (2**40, 2**40), "strides": (2**40, 1)},
    "strides too large": {"strides": (100, 1)},
    "strides of nothing": {"shape": (2**40, 2), "strides": (0, 1)},
    "offset too large": {"offset": 1},
    "offset of 2^61": {"offset": 2**61},
    "more axes than strides": {"strides": (1,)},
    "other format": {"kind": "DoubleStorage"},
    "unknown format": {"kind": "QInt8Storage"},
}


@pytest.mark.parametrize("name", BAD_TENSORS)
def test_bad_tensors(tmp_path, encoders, refused, name):
    program = tensors(encoders, **BAD_TENSORS[name])
    path = encoders.torch_archive(tmp_path / "m.pt", program, {"0": bytes(16)})
    with refused():
        open_checkpoint(path)


def archives(encoders, path):
    """Archives that torch never writes."""
    good = tensors(encoders)

    def build(more=(), change=lambda raw: raw, **options):
        encoders.torch_archive(path, good, {"0": bytes(16)}, more=more, **options)
        path.write_bytes(change(path.read_bytes()))

    def compressed():
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("m/data.pkl", good)
            archive.writestr("m/data/0", bytes(2**26))

    def listed(offset, value):
        """Change a number in the list's item of the storage."""

        def change(raw):
            raw = bytearray(raw)
            at = raw.rindex(b"model/data/0") - 46 + offset
            raw[at : at + len(value)] = value
            return bytes(raw)

        return lambda: build(change=change)

    def end(offset, value):
        def change(raw):
            at = raw.rindex(b"PK\x05\x06") + offset
            return raw[:at] + value + raw[at + len(value) :]

        return lambda: build(change=change)

    four = struct.Struct("<I").pack
    return {
        "path upwards": lambda: build([("../../evil", b"x")]),
        "path upwards with backslashes": lambda: build([("..\\evil", b"x")]),
        "absolute path": lambda: build([("/etc/evil", b"x")]),
        "drive": lambda: build([("C:evil", b"x")]),
        "compressed bomb": compressed,
        "two pickles": lambda: build([("other/data.pkl", good)]),
        "no pickle": lambda: path.write_bytes(b"PK\x05\x06" + bytes(18)),
        "size grows": listed(24, four(2**30)),
        "both sizes grow": listed(20, four(2**30) + four(2**30)),
        "encrypted": listed(8, b"\x01\x00"),
        "overlap": listed(42, four(0)),
        "outside": listed(42, four(2**31)),
        "64 bit sizes without any": listed(20, b"\xff" * 8),
        "list moved": end(16, four(3)),
        "list outside": end(16, four(2**31)),
        "list too long": end(12, four(2**31)),
        "many entries": end(8, b"\xfe\xff\xfe\xff"),
        "several disks": end(4, b"\x01\x00"),
        "64 bit list without any": end(8, b"\xff\xff\xff\xff"),
        "cut": lambda: build(change=lambda raw: raw[:-30]),
        "begins only": lambda: path.write_bytes(b"PK\x03\x04" + bytes(50)),
        "big-endian": lambda: build(
            change=lambda raw: raw.replace(b"little", b"biggie")
        ),
    }


ARCHIVES = [
    "path upwards",
    "path upwards with backslashes",
    "absolute path",
    "drive",
    "compressed bomb",
    "two pickles",
    "no pickle",
    "size grows",
    "both sizes grow",
    "encrypted",
    "overlap",
    "outside",
    "64 bit sizes without any",
    "list moved",
    "list outside",
    "list too long",
    "many entries",
    "several disks",
    "64 bit list without any",
    "cut",
    "begins only",
    "big-endian",
]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ARCHIVES)
def test_bad_archives(tmp_path, encoders, refused, name):
    path = tmp_path / "m.pt"
    made = archives(encoders, path)
    assert list(made) == ARCHIVES
    made[name]()
    with refused() as caught:
        open_checkpoint(path)
    if "path" in name or name == "drive":
        assert isinstance(caught[0], UnsafePathError)
    assert list(tmp_path.iterdir()) == [path]


def test_more_instructions_than_any_model_needs(
    tmp_path, encoders, monkeypatch, refused
):
    from parentage.artifact.format import pickle_machine

    monkeypatch.setattr(pickle_machine, "MAX_STEPS", 1000)
    path = encoders.torch_archive(tmp_path / "m.pt", b"\x80\x02" + b"]" * 5000, {})
    with refused() as caught:
        open_checkpoint(path)
    assert "runs too long" in str(caught[0])


@pytest.fixture(scope="module")
def sound(encoders, tmp_path_factory):
    folder = tmp_path_factory.mktemp("t")
    zipped = encoders.torch_archive(
        folder / "m.pt", tensors(encoders), {"0": bytes(16)}
    )
    return zipped.read_bytes(), (FIXTURES / "torch_legacy.pt").read_bytes()


@settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_mutations(tmp_path, sound, survives, data):
    content = bytearray(data.draw(st.sampled_from(sound)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + 1] = data.draw(st.binary(max_size=4))
    path = tmp_path / "m.pt"
    path.write_bytes(bytes(content[: data.draw(st.none() | st.integers(0, 4000))]))
    assert survives(path)
