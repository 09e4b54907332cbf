# SPDX-License-Identifier: Apache-2.0
"""Every number against sets and dictionaries of the tokens themselves."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau

from parentage.evidence.tokenizer.compare import compare_all, compare_tokenizers
from parentage.evidence.tokenizer.vocabulary import SORTED_RUN, vocabulary
from parentage.model.tokenizer.description import Kind, Tokenizer


def make(tokens, *, scores=None, merges=None, algorithm="bpe", kinds=None, ranks=None):
    if ranks is None and algorithm == "bpe":
        ranks = np.arange(len(tokens), dtype=np.int32)
    return Tokenizer(
        source="made up",
        format="tokenizer.json",
        algorithm=algorithm,
        tokens=tuple(tokens),
        kinds=np.array(kinds or [Kind.NORMAL] * len(tokens), dtype=np.uint8),
        scores=None if scores is None else np.array(scores, dtype=np.float32),
        merges=merges,
        ranks=ranks,
        added=(),
        special={},
        normalizer=None,
        pattern=None,
        chat_template=None,
        notes=(),
    )


TOKENS = st.lists(st.binary(min_size=1, max_size=3), min_size=1, max_size=60)


@given(TOKENS, TOKENS)
@settings(deadline=None)
def test_counts_are_those_of_dictionaries(a, b):
    found = compare_tokenizers(make(a), make(b))
    ids_a = {t: i for i, t in reversed(list(enumerate(a)))}
    ids_b = {t: i for i, t in reversed(list(enumerate(b)))}
    shared = ids_a.keys() & ids_b.keys()
    offsets = [ids_b[t] - ids_a[t] for t in shared]
    assert (found.size_a, found.size_b, found.shared) == (
        len(ids_a),
        len(ids_b),
        len(shared),
    )
    assert found.union == len(ids_a.keys() | ids_b.keys())
    assert found.equal_ids == offsets.count(0)
    assert found.at_offset == max(map(offsets.count, offsets), default=0)
    assert not offsets or offsets.count(found.offset) == found.at_offset
    assert sum(s.shared for s in found.scripts) == len(shared)
    assert sum(s.a for s in found.scripts) == len(ids_a)
    assert found.only_a.tokens == len(ids_a) - len(shared)
    json.dumps(found.to_dict())


def test_order_is_kendalls_tau_and_agreement_of_neighbours(trained):
    a, b = trained(1), trained(2)
    found = compare_tokenizers(a, b)
    place = dict(zip(b.hashes.tolist(), b.order.tolist(), strict=True))
    rows = np.argsort(a.order)
    rows = rows[a.order[rows] >= 0]
    seq = [place.get(h, -1) for h in a.hashes[rows].tolist()]
    seq = [p for p in seq if p >= 0]
    assert found.order.n == len(seq) > 300
    assert found.order.tau == pytest.approx(kendalltau(range(len(seq)), seq)[0])
    assert found.order.ascents == sum(x < y for x, y in itertools.pairwise(seq))


def test_comparison_is_symmetric(trained):
    one = compare_tokenizers(trained(1), trained(2))
    other = compare_tokenizers(trained(2), trained(1))
    assert one.shared == other.shared
    assert one.order.tau == pytest.approx(other.order.tau)
    assert one.profile_a == other.profile_b
    assert one.merges.common == other.merges.common
    assert one.tail == other.tail


def test_all_pairs_are_the_pairs_one_by_one(trained):
    three = [trained(seed) for seed in (1, 2, 3)]
    for i, j, found in compare_all(three):
        alone = compare_tokenizers(three[i], three[j])
        assert found == replace(alone, only_a=None, only_b=None)


def test_hashes_cut_short_find_the_same_tokens(trained):
    a, b = trained(1), trained(2)
    short = replace(b, bits=48, hashes=b.shortened(48))
    full, cut = compare_tokenizers(a, b), compare_tokenizers(a, short)
    assert (cut.shared, cut.order) == (full.shared, full.order)


def test_a_longer_training_run_extends_a_shorter_one(trained):
    found = compare_tokenizers(trained(1, 2000), trained(1, 1500))
    assert found.contained_b == found.order.agreement == found.equal_id_share == 1.0
    assert found.merges.prefix == found.merges.b == found.merges.common
    assert found.only_a.largest[-1].at_end
    assert found.only_a.largest[-1].count == 500
    assert found.only_b.tokens == 0


def test_tokens_put_in_front_move_all_ids():
    tokens = [bytes([65 + i % 26, 65 + i // 26]) for i in range(300)]
    rng = np.random.default_rng(0)
    tokens = [tokens[i] for i in rng.permutation(300)]
    new = [b"(%d)" % i for i in range(7)]
    found = compare_tokenizers(make([*new, *tokens]), make(tokens))
    assert (found.offset, found.at_offset, found.equal_ids) == (-7, 300, 0)
    assert [(b.first, b.last, b.at_end) for b in found.only_a.largest] == [
        (0, 6, False)
    ]


def test_sorted_lists_have_no_order_of_learning():
    words = sorted({bytes([97 + i % 26, 97 + i // 26 % 26, 120]) for i in range(600)})
    rng = np.random.default_rng(0)
    learned = [b"q%d" % i for i in rng.permutation(400)]
    first = vocabulary(make([*learned[:200], *words]))
    second = vocabulary(make([*learned[200:], *words]))
    assert int((first.order >= 0).sum()) <= 200 + 2
    assert compare_tokenizers(first, second).order.n == 0
    assert SORTED_RUN <= 16


def test_single_characters_and_bytes_have_no_place():
    kinds = [Kind.BYTE, Kind.NORMAL, Kind.NORMAL, Kind.CONTROL]
    made = vocabulary(make([b"ab", "한".encode(), b"cd", b"<s>"], kinds=kinds))
    assert made.order.tolist() == [-1, -1, 0]
    assert dict(made.specials) == {"<s>": 3}


def test_unigram_scores_are_correlated_and_give_the_order():
    tokens = [b"aa", b"bb", b"cc", b"dd"]
    a = make(tokens, scores=[-1, -2, -3, -4], algorithm="unigram")
    b = make(tokens, scores=[-8, -6, -4, -2], algorithm="unigram")
    found = compare_tokenizers(a, b)
    assert found.score_correlation == pytest.approx(-1.0)
    assert found.order.tau == -1.0
    assert found.order_basis == "learned"
    assert compare_tokenizers(a, make(tokens)).score_correlation is None


def test_without_a_learned_order_ids_stand_in():
    found = compare_tokenizers(
        make([b"xa", b"aa", b"qb"], algorithm="wordpiece"), make([b"xa", b"qb", b"zz"])
    )
    assert found.order_basis == "ids"
