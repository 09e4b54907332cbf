# SPDX-License-Identifier: Apache-2.0
"""Alignments see no flips, so that coins of matched units are fair; and find copies."""

from dataclasses import replace

import numpy as np
import pytest

from parentage.evidence.alignment.align import align
from parentage.evidence.alignment.bases import bases
from parentage.evidence.alignment.coins import first_of_copies
from parentage.evidence.alignment.matches import match_heads, match_neurons
from parentage.evidence.alignment.signatures import signatures
from parentage.stats.procrustes import identity
from parentage.stats.tails import log10_binomial_tail


def coins(found):
    total = {}
    for f in found.flips:
        heads, trials = total.get(f.kind, (0, 0))
        total[f.kind] = heads + f.heads, trials + f.trials
    return total


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("related", [False, True])
def test_flips_change_nothing_that_the_alignment_rests_on(
    stream, change, seed, related
):
    rng = np.random.default_rng(seed)
    reference = stream(1)
    own = reference if related else stream(2)
    own = change["shuffle"](change["rotate"](own, rng), rng)
    a, b = align(own, reference), align(change["flip"](own, rng), reference)
    assert (a.basis, a.dims, a.alone) == (b.basis, b.dims, b.alone)
    for x, y in zip(a.neurons, b.neurons, strict=True):
        np.testing.assert_array_equal(x.rows, y.rows)
        np.testing.assert_array_equal(x.columns, y.columns)
        np.testing.assert_array_equal(np.abs(x.up), np.abs(y.up))
        assert (x.match, x.product) == (y.match, y.product)
        assert x.reference_layer == y.reference_layer
    for x, y in zip(a.heads, b.heads, strict=True):
        assert (x.groups, x.heads, x.reference_layer) == (
            y.groups,
            y.heads,
            y.reference_layer,
        )
        assert x.product == y.product
    assert [f.trials for f in a.flips] == [f.trials for f in b.flips]


def test_coins_of_independent_streams_are_fair(stream, change):
    """Over many draws of the signs the p-values of every kind are at least uniform."""
    rng = np.random.default_rng(0)
    own, reference = stream(3), stream(4)
    drawn = {}
    for _ in range(200):
        found = align(change["flip"](own, rng), reference)
        for kind, (heads, trials) in coins(found).items():
            drawn.setdefault(kind, []).append((heads / trials, trials))
    assert set(drawn) == {"GLU neuron", "value dim", "rotary pair"}
    for values in drawn.values():
        shares = np.array([s for s, _ in values])
        n = values[0][1]
        assert abs(shares.mean() - 0.5) < 4 * 0.5 / np.sqrt(n * len(shares))
        p = np.array([10 ** log10_binomial_tail(round(s * n), n) for s, n in values])
        for level in (0.01, 0.05, 0.2, 0.5):
            slack = 4 * np.sqrt(level * (1 - level) / len(p))
            assert (p <= level).mean() <= level + slack


@pytest.mark.parametrize("tokens", [60, 0])
def test_a_rotated_shuffled_copy_is_found_with_all_its_coins(stream, change, tokens):
    rng = np.random.default_rng(5)
    reference = stream(6, tokens=tokens)
    own = change["shuffle"](change["rotate"](reference, rng), rng)
    found = align(own, reference)
    assert ("without tokens" in found.basis) is (tokens == 0)
    assert all(m.layer == m.reference_layer for m in (*found.neurons, *found.heads))
    assert min(m.effect for m in (*found.neurons, *found.heads)) > 0.99
    assert all(heads == trials for heads, trials in coins(found).values())
    assert all(s.cosine > 0.99 for s in found.tokens)


def test_signs_drawn_anew_leave_scores_and_fair_coins(stream, change):
    rng = np.random.default_rng(7)
    reference = stream(8)
    own = change["flip"](change["rotate"](reference, rng), rng)
    found = align(own, reference)
    assert min(m.effect for m in (*found.neurons, *found.heads)) > 0.99
    for heads, trials in coins(found).values():
        assert log10_binomial_tail(heads, trials) > -3


def test_layers_that_moved_are_laid_on_where_they_came_from(stream, change):
    rng = np.random.default_rng(9)
    reference = stream(10, layers=4)
    order = [3, 1, 1, 0]
    own = replace(
        reference,
        neurons=tuple(
            replace(reference.neurons[k], layer=i) for i, k in enumerate(order)
        ),
        heads=tuple(replace(reference.heads[k], layer=i) for i, k in enumerate(order)),
        tokens=None,
    )
    found = align(change["shuffle"](change["rotate"](own, rng), rng), reference)
    assert [m.reference_layer for m in found.neurons] == order
    assert [m.reference_layer for m in found.heads] == order


def test_repeated_layers_are_counted_once(stream):
    own = stream(11)
    twice = replace(
        own,
        neurons=(*own.neurons, replace(own.neurons[0], layer=3)),
        heads=(*own.heads, replace(own.heads[0], layer=3)),
    )
    assert first_of_copies(twice) == {0, 1, 2}


def test_independent_streams_score_low_in_every_basis(stream):
    for seed in range(10):
        found = align(stream(100 + seed), stream(200 + seed))
        assert max(found.effect("mlp"), found.effect("attention")) < 0.5


def test_signatures_do_not_see_rotations_orders_and_flips(stream, change):
    rng = np.random.default_rng(12)
    own = stream(13)
    before = signatures(own)
    after = signatures(change["rotate"](change["flip"](own, rng), rng))
    for a, b in zip(before, after, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-3)
    p = np.random.default_rng(0).permutation(len(own.neurons[0].match))
    first = own.neurons[0]
    moved = replace(
        first,
        match=first.match[p],
        up=first.up[p],
        down=first.down[p],
        lengths=first.lengths[p],
    )
    again = signatures(replace(own, neurons=(moved, *own.neurons[1:])))
    np.testing.assert_allclose(again[0], before[0][p], atol=1e-4)


def test_head_products_do_not_see_maps_inside_a_head(stream):
    rng = np.random.default_rng(14)
    own = stream(15)
    h = own.heads[0]
    a = (np.eye(6) + 0.3 * rng.standard_normal((6, 6))).astype(np.float32)
    inverse = np.linalg.inv(a).T.astype(np.float32)
    mixed = replace(
        h,
        value=np.einsum("ij,kjd->kid", a, h.value),
        output=np.einsum("ij,kjd->kid", inverse, h.output),
    )
    hidden = replace(own, heads=(mixed, *own.heads[1:]))
    for match, _, _ in match_heads(hidden, own, identity(own.width)):
        assert match.effect == pytest.approx(1.0, abs=1e-3)
        assert match.layer == match.reference_layer


def test_neurons_without_a_counterpart_do_not_dilute_the_score(stream):
    """As where only a part of both was read: a quarter of the neurons is common."""
    reference, stranger = stream(21), stream(22)
    own = replace(
        reference,
        neurons=tuple(
            replace(
                a,
                match=np.concatenate([a.match[:10], b.match[10:]]),
                up=np.concatenate([a.up[:10], b.up[10:]]),
                down=np.concatenate([a.down[:10], b.down[10:]]),
            )
            for a, b in zip(reference.neurons, stranger.neurons, strict=True)
        ),
    )
    matches = match_neurons(own, reference, identity(own.width))
    for match in matches:
        assert set(range(10)) <= set(match.rows.tolist())
        assert len(match.rows) <= 20
        assert match.effect > 0.6


def test_plain_mlps_have_no_neuron_coins_but_a_score(stream, change):
    rng = np.random.default_rng(16)
    reference = stream(17, gated=False)
    own = change["shuffle"](change["rotate"](reference, rng), rng)
    found = align(own, reference)
    assert "GLU neuron" not in coins(found)
    assert found.effect("mlp") > 0.99


def test_nothing_in_common_gives_no_basis(stream):
    own = stream(18, tokens=0)
    other = replace(stream(19, tokens=0), width=12)
    partial = replace(own, whole=False)
    assert list(bases(partial, other)) == []
    assert align(partial, other) is None


def test_weights_of_zero_are_no_evidence(stream):
    own = stream(20)
    dead = replace(
        own,
        neurons=tuple(
            replace(
                n,
                match=n.match * 0,
                up=n.up * 0,
                down=n.down * 0,
                lengths=n.lengths * 0,
            )
            for n in own.neurons
        ),
        heads=tuple(
            replace(
                h,
                query=h.query * 0,
                key=h.key * 0,
                value=h.value * 0,
                output=h.output * 0,
            )
            for h in own.heads
        ),
        tokens=own.tokens * 0,
    )
    found = align(dead, dead)
    assert found is None or all(f.trials == 0 for f in found.flips)


@pytest.mark.parametrize("same", ["heads", "neurons"])
def test_a_layer_is_a_copy_if_either_of_its_blocks_is(stream, change, same):
    """Layers that began with one attention share its flips, whatever their MLPs."""
    own = stream(3)
    units = getattr(own, same)
    copied = tuple(replace(units[0], layer=u.layer) for u in units)
    own = replace(own, **{same: copied})
    assert first_of_copies(stream(3)) == {0, 1, 2}
    assert first_of_copies(own) == {0}
    # The choice looks at nothing that flips of the candidate's units change.
    rng = np.random.default_rng(0)
    assert first_of_copies(change["flip"](own, rng)) == {0}
    without = replace(own, neurons=())
    kept = first_of_copies(without)
    assert first_of_copies(change["flip"](without, rng)) == kept
