# SPDX-License-Identifier: Apache-2.0
"""The shipped background: what it holds, how it is read, how damage is refused."""

import contextlib
import importlib
import json
import lzma
import struct
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parentage.errors import UnreadableError
from parentage.evidence.background import token_lists
from parentage.evidence.background.tokenizers import FACTS, LISTS, load_tokenizers
from parentage.evidence.tokenizer.rule import fit, judge

ROOT = Path(__file__).parents[3]


def script(name):
    """A build script of the repository."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    return importlib.import_module(f"background.{name}")


def shipped(name):
    return resources.files("parentage.evidence.background") / name


def test_every_tokenizer_names_where_it_is_from():
    background = load_tokenizers()
    assert len(background.entries) == len(background.vocabularies) >= 35
    for entry in background.entries:
        for file in entry.files:
            assert len(file["sha256"]) == 64
            assert file["repository"]
            assert file["licence"]


def test_vocabularies_are_sound():
    for v in load_tokenizers().vocabularies:
        assert (np.diff(v.ids) > 0).all()
        assert len(np.unique(v.hashes)) == v.size
        places = np.sort(v.order[v.order >= 0])
        assert np.array_equal(places, np.arange(len(places)))


def test_it_is_well_under_the_size_allowed():
    assert len(shipped(LISTS).read_bytes()) + len(shipped(FACTS).read_bytes()) < 11e6


def test_cuts_follow_from_the_pairs():
    background = load_tokenizers()
    independent = [p.shares for p in background.pairs if p.label == "independent"]
    for name, cut in fit(independent).items():
        assert cut.link == pytest.approx(background.cuts[name].link, abs=1e-6)
        assert cut.clear == pytest.approx(background.cuts[name].clear, abs=1e-6)
    for pair in background.pairs:
        link = judge(pair.shares, background.cuts)
        if pair.label == "independent":
            assert link == "clear"
        if pair.label == "related":
            assert link == "linked"


def test_rates_are_those_of_the_judged_pairs():
    background = load_tokenizers()
    independent = [p for p in background.pairs if p.label == "independent"]
    wrong = sum(p.link == "linked" for p in independent)
    rate = background.rates["false_link"]
    assert (rate["events"], rate["trials"]) == (wrong, len(independent))
    missed = [p for p in background.pairs if p.label == "related"]
    rate = background.rates["missed"]
    assert (rate["events"], rate["trials"]) == (
        sum(p.link == "clear" for p in missed),
        len(missed),
    )


def test_pack_and_unpack(trained):
    made = [trained(seed) for seed in (1, 2)]
    raw = token_lists.pack(made)
    found = token_lists.unpack(
        token_lists.decompress(token_lists.compress(raw), LISTS), LISTS
    )
    for before, after in zip(made, found, strict=True):
        assert (after.name, after.algorithm, after.learned) == (
            before.name,
            before.algorithm,
            before.learned,
        )
        assert np.array_equal(after.hashes, before.shortened(48))
        assert np.array_equal(after.ids, before.ids)
        assert np.array_equal(after.order, before.order)
        assert np.array_equal(after.scripts, before.scripts)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_damage_ends_in_one_error_or_in_vocabularies(trained, data):
    raw = bytearray(token_lists.pack([trained(1, 600)]))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))
    for damaged in (bytes(raw), bytes(raw[:cut])):
        with contextlib.suppress(UnreadableError):
            found = token_lists.unpack(damaged, LISTS)
            assert sum(v.size for v in found) <= len(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not xz",
        lzma.compress(b"x" * 100)[:-8],
        lzma.compress(bytes(2**27 + 1), preset=0),
    ],
)
def test_damaged_compression_is_refused(raw):
    with pytest.raises(UnreadableError, match="damaged"):
        token_lists.decompress(raw, LISTS)


@pytest.mark.parametrize(
    ("bits", "distinct"), [(48, 2**40), (0, 2**40), (-8, 2**40), (48, -1), (7, 1)]
)
def test_a_head_that_promises_too_much_is_refused(bits, distinct):
    promised = {"bits": bits, "distinct": distinct, "vocabularies": []}
    head = json.dumps(promised).encode()
    raw = token_lists.MAGIC + struct.pack("<I", len(head)) + head
    with pytest.raises(UnreadableError, match="damaged"):
        token_lists.unpack(raw, LISTS)


@pytest.mark.slow
def test_rebuilt_from_the_files_it_is_the_same(data):
    build = script("build_tokenizers")
    known, failed = build.read(data / "tokenizers")
    assert failed == []
    facts, lists = build.build(known, build.provenance(data))
    stored = token_lists.decompress(shipped(LISTS).read_bytes(), LISTS)
    assert lists == stored
    committed = json.loads(shipped(FACTS).read_text(encoding="utf-8"))
    facts = json.loads(json.dumps(facts))
    for one in (facts, committed):
        for entry in one["tokenizers"]:
            # Where a file was found is not written in the file.
            entry["files"] = [file["sha256"] for file in entry["files"]]
    assert facts == committed


@pytest.mark.slow
def test_published_numbers_are_reproduced(data):
    numbers = script("published_numbers")
    rows = [*numbers.glm_rows(data), *numbers.fingerprint_rows(data)]
    assert len(rows) == 38
    assert [row for row in rows if not row.agrees] == []
    assert all(row.agrees for row in numbers.solar_rows(data))


@pytest.mark.slow
def test_a_published_table_of_pairs_is_reproduced_where_tokens_are_counted_alike(data):
    found = script("published_numbers").pair_table(data, step=12)
    assert found.like > 100
    for column in ("inter", "jaccard", "contain_small", "same_id"):
        assert found.equal_like[column] == found.stated_like[column] == found.like
    assert "Windows" in found.unlike["qwen2/merges.txt"]
