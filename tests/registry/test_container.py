# SPDX-License-Identifier: Apache-2.0
"""The file of a fingerprint: the same bytes each time, and no damage goes unnoticed."""

import json
import lzma
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parentage.errors import FingerprintError, ParentageError, UnreadableError
from parentage.model.tokenizer.read import read_tokenizer
from parentage.registry.container import (
    content_digest,
    from_bytes,
    is_fingerprint,
    read_fingerprint,
    to_bytes,
)
from parentage.registry.fingerprint import MAX_BYTES
from parentage.registry.tokenizer_record import unpack_tokenizer
from parentage.run.fingerprint import fingerprint, write_fingerprint

FIXTURE = Path(__file__).parent / "fixtures" / "version-1.fingerprint"


@pytest.fixture(scope="session")
def data(small):
    return to_bytes(small["moe-a"])


def test_reading_gives_what_was_written(small):
    for made in small.values():
        again = from_bytes(to_bytes(made))
        assert to_bytes(again) == to_bytes(made)
        assert again.identity == made.identity
        assert again.config == made.config
        assert dict(again.entries) == dict(made.entries)
        for a, b in zip(again.tiles, made.tiles, strict=True):
            assert a.key == b.key
            assert a.values.tobytes() == b.values.tobytes()


def test_equal_models_give_equal_bytes(zoo):
    one, two = (fingerprint(zoo / "models/decoder-a", size=200_000) for _ in "ab")
    assert to_bytes(one) == to_bytes(two)


@pytest.mark.parametrize("size", [60_000, 150_000, 1_000_000, MAX_BYTES])
def test_the_size_is_kept(zoo, size, tmp_path):
    made = fingerprint(zoo / "models/moe-b", size=size)
    written = write_fingerprint(made, tmp_path / "f")
    assert written <= size
    assert is_fingerprint(tmp_path / "f")
    assert read_fingerprint(tmp_path / "f").values == made.values


def test_too_few_bytes_are_refused(zoo):
    with pytest.raises(FingerprintError, match="smallest"):
        fingerprint(zoo / "models/moe-b", size=5_000)


def test_the_values_are_those_of_the_model(zoo, small):
    from safetensors.numpy import load_file

    weights = load_file(zoo / "models/decoder-a/model.safetensors")
    made = small["decoder-a"]
    checked = 0
    for module in made.held.modules:
        for tensor in module.tensors:
            if tensor.role != "up_proj":
                continue
            tile = made.tile(tensor)
            rows, columns = (
                np.concatenate([np.arange(a, b) for a, b in axis]) for axis in tile.cut
            )
            whole = weights[tensor.view.tensor]
            assert (tile.values == whole[np.ix_(rows, columns)]).all()
            checked += 1
    assert checked == 6 or checked > 2


def test_the_tokenizer_survives(zoo, small):
    made = unpack_tokenizer(small["decoder-a"].tokenizer, "x")
    real = read_tokenizer(zoo / "models/decoder-a")
    assert made.digest == real.digest
    assert made.merges == real.merges
    assert made.added == real.added
    assert made.special == real.special


def test_version_1_stays_readable():
    """Recipe: a small bundled model, 60 kB; see the page on the format."""
    made = read_fingerprint(FIXTURE)
    assert made.identity.name == "moe-a"
    assert made.scheme.seed == 0
    assert made.scheme.version == 1
    assert content_digest(to_bytes(made)) == content_digest(FIXTURE.read_bytes())
    assert made.parameters == 327_992
    assert made.tokenizer is not None
    assert {m.name for m in made.held.modules} == {"embedding", "text_decoder", "head"}
    assert (
        content_digest(FIXTURE.read_bytes())
        == (FIXTURE.parent / "version-1.sha256").read_text().strip()
    )


def test_version_1_finds_what_it_found(fingerprints):
    """Old fingerprints are judged against new ones."""
    from parentage.run.offline import gather_offline
    from parentage.verdict.finding import Criteria
    from parentage.verdict.judge import judge

    old = read_fingerprint(FIXTURE)
    new = fingerprints[300_000]
    same = judge(gather_offline(old, new["moe-a"], label="a"), Criteria())
    assert {f.word for f in same} <= {"identical", "reused"}
    other = judge(gather_offline(old, new["moe-b"], label="b"), Criteria())
    assert {f.word for f in other} == {"no-dependence-found"}


def changed(data, **parts):
    """The file with some parts of its record replaced, digest included."""
    from parentage.registry import container

    made = from_bytes(data)
    record = json.loads(container.plain_json(container.record_of(made)))
    for path, value in parts.items():
        *inner, last = path.split("__")
        place = record
        for step in inner:
            place = place[int(step)] if isinstance(place, list) else place[step]
        place[int(last) if isinstance(place, list) else last] = value
    plain = container.plain_json(record)
    values = {f"values.{n}": raw for n, raw in container._values(made.tiles).items()}
    listing = container.expanded(made.listing, "x", "x")
    return container.assemble(
        {"record": lzma.compress(plain), "listing": made.listing},
        {"record": plain, "listing": listing},
        values,
    )


@pytest.mark.parametrize(
    "parts",
    [
        {"scheme__version": 9},
        {"scheme__version": 0},
        {"scheme__version": "2"},
        {"scheme__version": True},
        {"scheme__level": 10_000},
        {"scheme__seed": -1},
        {"tiles__0__0": 10**9},
        {"tiles__0__1": [1, 1]},
        {"tiles__0__4": [[[0, 10**12]], [[0, 1]]]},
        {"tiles__0__4": [[[5, 2]], [[0, 1]]]},
        {"tiles__0__5": "F64"},
        {"tiles__0__5": "U8"},
        {"tensors__0__2": [-5]},
        {"tensors__0__1": "F99"},
        {"tensors": 7},
        {"config": []},
        {"model": None},
        {"modules": [["x", 1]]},
    ],
    ids=str,
)
def test_records_that_contradict_themselves_are_refused(data, parts):
    with pytest.raises(FingerprintError) as error:
        from_bytes(changed(data, **parts), "evil")
    assert error.value.file == "evil"
    assert error.value.expected


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damage_ends_in_one_error(data, draw):
    """Flipped, cut or doubled bytes: refused, or harmless padding of the header."""
    place = draw.draw(st.integers(0, len(data) - 1))
    kind = draw.draw(st.sampled_from(["flip", "cut", "double"]))
    if kind == "flip":
        bad = data[:place] + bytes([data[place] ^ 0x41]) + data[place + 1 :]
    elif kind == "cut":
        bad = data[:place]
    else:
        bad = data[:place] + data[place:] + data[place:]
    try:
        made = from_bytes(bad)
    except ParentageError:
        return
    assert to_bytes(made) == data


def test_a_bomb_is_not_expanded(data, monkeypatch):
    monkeypatch.setattr("parentage.registry.listing.MAX_PLAIN", 1 << 20)
    bomb = lzma.compress(b" " * (8 << 20), preset=1)
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    header = {"__metadata__": header["__metadata__"]}
    header["record"] = {
        "dtype": "U8",
        "shape": [len(bomb)],
        "data_offsets": [0, len(bomb)],
    }
    text = json.dumps(header).encode()
    with pytest.raises(FingerprintError, match="does not end within"):
        from_bytes(struct.pack("<Q", len(text)) + text + bomb)


def test_other_files_are_no_fingerprints(zoo, tmp_path):
    file = zoo / "models/moe-a/model.safetensors"
    assert not is_fingerprint(file)
    with pytest.raises(FingerprintError, match="is 'pt'"):
        read_fingerprint(file)
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(UnreadableError):
        read_fingerprint(tmp_path / "empty")
