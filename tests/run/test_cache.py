# SPDX-License-Identifier: Apache-2.0
"""Results are used again only for the values they were made from."""

import dataclasses
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parentage.artifact.store import Store
from parentage.evidence.base import Evidence, Subject
from parentage.evidence.similarity import Tally
from parentage.run import cache as module
from parentage.run.audit import audit
from parentage.run.cache import Cache
from parentage.run.codec import Unknown, decode, digest, encode

ZOO = Path(__file__).parents[2] / "zoo" / "models"


@pytest.fixture(name="store")
def store_fixture(tmp_path):
    return Store(tmp_path / "cache")


class Counted(Cache):
    """A cache that counts what it made and what it had."""

    def __init__(self, store):
        self.kept, self.made = [], []
        super().__init__(store, self._count)

    def _count(self, name, kept):
        (self.kept if kept else self.made).append(name)


@pytest.mark.parametrize(
    ("candidate", "references", "sequential"),
    [
        ("decoder-a-finetuned", ["decoder-a"], False),
        ("vlm-tuned", ["vlm-donor", "decoder-a"], True),
        ("moe-a", ["moe-b", "decoder-a"], False),
    ],
)
def test_the_same_report_with_and_without(
    text, store, candidate, references, sequential
):
    """Byte for byte apart from times: computed, computed and kept, and known."""
    paths = ZOO / candidate, [ZOO / r for r in references]
    plain = text(audit(*paths, sequential=sequential))
    first = Counted(store)
    assert text(audit(*paths, cache=first, sequential=sequential)) == plain
    again = Counted(Store(store.root))
    assert text(audit(*paths, cache=again, sequential=sequential)) == plain
    assert again.made == []
    assert sorted(again.kept) == sorted(first.made + first.kept)


def test_new_weights_under_an_old_path_get_no_old_verdict(text, store, tmp_path):
    """Same path, name, size and times: only the bytes differ."""
    path = tmp_path / "model"
    shutil.copytree(ZOO / "decoder-a-finetuned", path)
    reference = [ZOO / "decoder-a"]
    old = audit(path, reference, cache=Cache(store))
    assert old.finding == "reused"
    times = (path / "model.safetensors").stat()
    shutil.copyfile(ZOO / "decoder-b" / "model.safetensors", path / "model.safetensors")
    os.utime(path / "model.safetensors", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert (path / "model.safetensors").stat().st_size == times.st_size
    new = audit(path, reference, cache=Cache(store))
    assert new.finding == "no-dependence-found"
    assert text(new) == text(audit(path, reference))


def test_one_changed_value_anywhere_is_noticed(text, store, tmp_path):
    """Every tensor that is read: one of its last values is changed."""
    path = tmp_path / "model"
    shutil.copytree(ZOO / "vlm-frozen", path)
    reference = [ZOO / "vlm-donor"]
    short = {"undo_budget": 0, "descent_budget": 0}
    audit(path, reference, cache=Cache(store), **short)
    file = path / "model.safetensors"
    whole = file.read_bytes()
    size = int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8 : 8 + size])
    names = sorted(n for n in header if n != "__metadata__")
    for name in names[:: len(names) // 3]:
        data = bytearray(whole)
        end = 8 + size + header[name]["data_offsets"][1]
        data[end - 2 : end] = bytes([data[end - 2] ^ 0x40, data[end - 1]])
        file.write_bytes(bytes(data))
        found = audit(path, reference, cache=Cache(store), **short)
        assert text(found) == text(audit(path, reference, **short)), name


def test_the_same_weights_elsewhere_are_known(store, tmp_path):
    shutil.copytree(ZOO / "decoder-b", tmp_path / "decoder-b")
    audit(ZOO / "decoder-b", [ZOO / "decoder-a"], cache=Cache(store))
    again = Counted(store)
    audit(tmp_path / "decoder-b", [ZOO / "decoder-a"], cache=again)
    assert again.made == []


def test_other_options_and_other_code_make_new_results(store, monkeypatch):
    paths = ZOO / "decoder-b", [ZOO / "decoder-a"]
    audit(*paths, cache=Cache(store), undo_budget=0)
    for options in ({"seed": 1}, {"budget": 300_000}):
        other = Counted(store)
        audit(*paths, cache=other, undo_budget=0, **options)
        assert "modules" in other.made
    monkeypatch.setattr(module, "code", lambda: "another version")
    other = Counted(store)
    audit(*paths, cache=other, undo_budget=0)
    assert "modules" in other.made


def test_damaged_entries_are_made_again(text, store):
    paths = ZOO / "decoder-a-finetuned", [ZOO / "decoder-a"]
    plain = text(audit(*paths, cache=Cache(store)))
    rng = np.random.default_rng(3)
    for entry in store.entries():
        data = bytearray(entry.path.read_bytes())
        data[int(rng.integers(len(data)))] ^= 0x10
        entry.path.write_bytes(bytes(data))
    damaged = Counted(Store(store.root))
    assert text(audit(*paths, cache=damaged)) == plain
    assert damaged.kept == []


def test_what_was_held_is_not_read_twice(text, store, tmp_path):
    """A model of known shape and new weights: no byte more is read than without."""
    audit(ZOO / "decoder-a-finetuned", [ZOO / "decoder-a"], cache=Cache(store))
    paths = ZOO / "decoder-a-continued", [ZOO / "decoder-a"]
    with_cache = audit(*paths, cache=Cache(store))
    assert text(with_cache) == text(audit(*paths))


simple = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(
    simple,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text() | st.integers() | st.none(), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(values)
def test_values_come_back_as_they_were(value):
    back = decode(encode(value))
    assert repr(back) == repr(value)
    assert encode(back) == encode(value)
    assert digest(back) == digest(value)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "u1", "b1", ">i4"])
def test_arrays_and_their_numbers_come_back_to_the_last_bit(dtype):
    array = np.arange(12).astype(dtype).reshape(3, 4)
    back = decode(encode({"a": (array, array[1, 2], array[:0])}))["a"]
    assert back[0].dtype == array.dtype
    np.testing.assert_array_equal(back[0], array)
    assert (type(back[1]), back[1]) == (type(array[1, 2]), array[1, 2])
    assert back[2].shape == (0, 4)


def test_dataclasses_come_back_and_others_do_not():
    item = Evidence("x", "exact", Subject("m"), "s", 1.5, 3, details={"k": (1, 2)})
    assert decode(encode([item, Tally(elements=3)])) == [item, Tally(elements=3)]

    @dataclasses.dataclass
    class Stranger:
        a: int

    with pytest.raises(Unknown):
        encode(Stranger(1))
    with pytest.raises(Unknown):
        encode(np.array(["text"], dtype=object))
    for data in (
        b'{"\\u0000":"class","name":"Popen","fields":{"args":"true"}}',
        b'{"\\u0000":"class","name":"Subject","fields":{"nothing":1}}',
        b'{"\\u0000":"array","dtype":"O","shape":[1],"data":""}',
        b'{"a": 1}',
        b"not JSON",
        b"[" * 100_000,
    ):
        with pytest.raises(Unknown):
            decode(data)


@given(values, values)
def test_digests_tell_different_values_apart(a, b):
    assert (digest(a) == digest(b)) == (_tuples_only(a) == _tuples_only(b))


def _tuples_only(value):
    """The value with tuples as lists, which digests do not tell apart."""
    if isinstance(value, (list, tuple)):
        return [_tuples_only(v) for v in value]
    if isinstance(value, dict):
        return {"": [[repr(k), _tuples_only(v)] for k, v in value.items()]}
    return repr(value)
