# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parentage.evidence.tokenizer.calibration import (
    LabelledPair,
    error_rates,
    leave_families_out,
)
from parentage.evidence.tokenizer.compare import compare_tokenizers
from parentage.evidence.tokenizer.rule import (
    Cut,
    Scope,
    features,
    fit,
    judge,
    scope_of,
)

CUTS = {
    "order": Cut(0.52, 0.64, 0.76),
    "tail": Cut(0.92, 0.94, 0.96),
    "ids": Cut(0.06, 0.3, 0.53),
}


def shares(order=None, tail=None, ids=None):
    return {"order": order, "tail": tail, "ids": ids}


@pytest.mark.parametrize(
    ("given_shares", "link"),
    [
        (shares(0.5, 0.8, 0.0), "clear"),
        (shares(0.95, 0.3, 0.0), "linked"),
        (shares(0.5, 1.0, 0.0), "linked"),
        (shares(0.5, 0.5, 1.0), "linked"),
        (shares(0.7, 0.5, 0.0), "unclear"),
        (shares(0.5, 0.95, 0.0), "unclear"),
        (shares(None, 0.5, 0.0), "clear"),
        (shares(None, None, 0.0), "unclear"),
        (shares(), "unclear"),
    ],
)
def test_judgement(given_shares, link):
    assert judge(given_shares, CUTS) == link


UNIT = st.floats(0, 1)


@given(UNIT, UNIT, UNIT, st.floats(0, 1))
def test_a_larger_share_never_clears(order, tail, ids, more):
    rank = ["clear", "unclear", "linked"]
    before = judge(shares(order, tail, ids), CUTS)
    after = judge(shares(max(order, more), tail, ids), CUTS)
    assert rank.index(after) >= rank.index(before)


@given(st.lists(st.tuples(UNIT, UNIT, UNIT), min_size=1, max_size=20))
def test_no_control_is_ever_linked_unless_it_is_complete(rows):
    controls = [shares(*row) for row in rows]
    cuts = fit(controls)
    for control in controls:
        if max(control.values()) < 1:
            assert judge(control, cuts) == "clear"


def test_pairs_of_a_family_do_not_set_the_cuts_they_are_judged_by():
    usual = shares(0.5, 0.5, 0.0)
    high = shares(0.95, 0.5, 0.0)
    pairs = [
        LabelledPair(("a", "b"), "independent", usual),
        LabelledPair(("c", "d"), "independent", usual),
        LabelledPair(("e", "f"), "independent", high),
        LabelledPair(("g", "g"), "related", shares(0.9, 0.9, 0.9)),
    ]
    links = leave_families_out(pairs)
    # The outlier is out of its own fit, and so found out; it hides the related pair's
    # order, but not its ids.
    assert links == ["clear", "clear", "linked", "linked"]
    rates = error_rates(pairs, links)
    assert (rates["false_link"].events, rates["false_link"].trials) == (1, 3)
    assert (rates["missed"].events, rates["missed"].trials) == (0, 1)
    assert rates["false_link_by_family"].to_dict()["high"] > 0.9


def test_a_large_tail_counts_only_within_the_sizes_of_controls(trained):
    pair = compare_tokenizers(trained(1, 1500), trained(1, 600))
    low, high = sorted((pair.learned_a, pair.learned_b))
    assert pair.tail == 1.0
    for scope, counts in [
        (Scope(low, high, 10.0), True),
        (Scope(low + 1, high, 10.0), False),
        (Scope(low, high - 1, 10.0), False),
        (Scope(low, high, 1.5), False),
    ]:
        tail = features(pair, scope)["tail"]
        assert tail == (1.0 if counts else None)
    apart = replace(pair, profile_a=(0.1,) * 10, profile_b=(0.2,) * 10)
    assert features(apart, Scope(10**6, 10**6, 1.0))["tail"] == 0.2


def test_scope_is_where_controls_share_their_tails(trained):
    pairs = [
        compare_tokenizers(trained(1, 1500), trained(2, 600)),
        compare_tokenizers(trained(1, 1500), trained(3, 1500)),
    ]
    wide = scope_of(replace(pair, profile_a=(1.0,) * 10) for pair in pairs)
    assert wide.smallest == pairs[0].learned_b
    assert wide.largest == max(pairs[0].learned_a, pairs[1].learned_b)
    low = replace(pairs[0], profile_a=(0.1,) * 10, profile_b=(0.1,) * 10)
    high = replace(pairs[1], profile_a=(1.0,) * 10)
    narrow = scope_of([low, high])
    assert narrow.smallest == min(pairs[1].learned_a, pairs[1].learned_b)


def test_trained_apart_neighbours_agree_like_fair_coins(trained):
    values = []
    for seed in range(1, 6):
        for other in range(seed + 1, 7):
            order = compare_tokenizers(trained(seed), trained(other)).order
            values.append(order.agreement)
    assert 0.45 < np.mean(values) < 0.6
    assert max(values) < 0.65


def test_nearly_the_same_text_gives_an_order_that_agrees(trained):
    """The innocent reading that every finding of agreement states."""
    lines = trained.corpus(1, 4000)
    one = trained(101, 700, lines=lines[:-5])
    other = trained(102, 700, lines=lines[5:])
    apart = compare_tokenizers(trained(1, 700), trained(2, 700)).order.agreement
    found = compare_tokenizers(one, other).order.agreement
    assert found > apart + 0.2
