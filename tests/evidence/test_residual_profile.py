# SPDX-License-Identifier: Apache-2.0
"""What is taken out of a profile must not depend on how its units are numbered."""

import numpy as np
import pytest

from parentage.evidence.pooled_residual import embedding_columns
from parentage.evidence.residual_profile import damped, is_position_table
from parentage.evidence.samples import Sample


def profiles(rng, units=64, features=96, bulk=8.0):
    c = rng.standard_normal((units, features)).astype(np.float32)
    c += bulk * np.outer(rng.standard_normal(units), rng.standard_normal(features))
    return c.astype(np.float32)


def test_damping_commutes_with_relabelling_either_model():
    rng = np.random.default_rng(0)
    c, r = profiles(rng), profiles(rng)
    order, other = rng.permutation(64), rng.permutation(64)
    plain = damped(c, r)
    moved = damped(c[order], r[other])
    assert np.allclose(plain[0][order], moved[0], atol=5e-3)
    assert np.allclose(plain[1][other], moved[1], atol=5e-3)


def test_damping_evens_out_the_bulk_and_spares_the_rest():
    rng = np.random.default_rng(1)
    c = profiles(rng, bulk=0.0)
    loud = profiles(rng, bulk=30.0)
    before = np.linalg.svd(loud - loud.mean(axis=0), compute_uv=False)
    after = np.linalg.svd(damped(loud, c)[0], compute_uv=False)
    assert before[0] > 50 * before[1]
    assert after[0] < 0.3 * before[0]
    # Where nothing stands out, hardly anything is damped.
    still = damped(c, c)[0]
    assert np.vdot(still, still) > 0.7 * np.vdot(c, c)


def columns(candidate, reference):
    ids = np.arange(len(candidate))
    return embedding_columns("embedding", "embedding", [(ids, candidate, reference)])


@pytest.mark.parametrize("bulk", [0.0, 2.0], ids=["plain", "with a bulk"])
def test_noise_twenty_times_the_signal_is_seen_through(bulk):
    rng = np.random.default_rng(2)
    r = profiles(rng, features=512, bulk=bulk)
    noise = rng.standard_normal(r.shape).astype(np.float32)
    c = 0.05 * r / r.std() + noise
    found = columns(c.astype(np.float32), r)
    assert found.log10_p < -8
    assert found.effect == pytest.approx(0.05, abs=0.02)
    assert found.details["log10 p of blocks"] < found.details["log10 p of swap coins"]


def test_own_bulk_of_the_candidate_does_not_hide_what_was_copied():
    rng = np.random.default_rng(3)
    r = profiles(rng, features=512, bulk=0.0)
    own = profiles(rng, features=512, bulk=8.0)
    assert columns(own + 0.5 * r, r).log10_p < -15


def test_the_smallest_of_three_is_paid_for():
    rng = np.random.default_rng(4)
    smallest = []
    for _ in range(300):
        c = profiles(rng, units=32, features=24, bulk=2.0)
        r = c[rng.permutation(32)]
        smallest.append(columns(c, r).log10_p)
    ps = 10 ** np.array(smallest)
    for level in (0.02, 0.1, 0.3):
        assert (ps <= level).mean() <= level + 3.3 * np.sqrt(level / 300)


def table(role, rows):
    values = rows[None].astype(np.float32)
    index = (np.arange(rows.shape[0]), np.arange(rows.shape[1]))
    return Sample(
        role,
        ("position", "residual"),
        values,
        values,
        (None,),
        (None,),
        index,
        rows.shape,
        rows.shape,
    )


def test_only_a_position_role_is_taken_for_a_fixed_table():
    angles = np.arange(32)[:, None] / 10.0 ** (np.arange(16) / 4)
    waves = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
    assert is_position_table(table("position_embedding", waves))
    assert is_position_table(table("residual_rows", waves))
    assert not is_position_table(table("token_embedding", waves))
    learned = np.random.default_rng(5).standard_normal((32, 32))
    assert not is_position_table(table("position_embedding", learned))
