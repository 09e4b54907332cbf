# SPDX-License-Identifier: Apache-2.0
"""Random streams, and relabellings of them."""

from dataclasses import replace

import numpy as np
import pytest

from parentage.evidence.alignment.units import Heads, Neurons, Stream
from parentage.stats.assignment import unit_rows

WIDTH, NEURONS, QUERY, KEY, DIMS, LAYERS = 24, 40, 4, 2, 6, 3


def _rows(rng, *shape):
    return rng.standard_normal((*shape, WIDTH)).astype(np.float32)


def make_stream(seed, *, layers=LAYERS, gated=True, tokens=60):
    rng = np.random.default_rng(seed)
    neurons, heads = [], []
    for layer in range(layers):
        match, up, down = (_rows(rng, NEURONS) for _ in range(3))
        neurons.append(
            Neurons(
                layer,
                None,
                unit_rows(match),
                unit_rows(up) if gated else None,
                unit_rows(down),
                np.linalg.norm(match, axis=1),
                np.zeros(NEURONS, np.float32),
                gated,
            )
        )
        rotary = np.array([0, 1, 2, 0, 1, 2])
        q, k, v, o = (_rows(rng, n, DIMS) for n in (QUERY, KEY, KEY, QUERY))
        heads.append(Heads(layer, q, k, v, o, rotary))
    table = _rows(rng, tokens) if tokens else None
    return Stream(WIDTH, tuple(neurons), tuple(heads), table, None, True, ())


def flipped(stream, rng):
    """Every sign that a flip may have, drawn anew."""

    def sign(*shape):
        return rng.choice(np.array([-1, 1], np.float32), shape)[..., None]

    neurons, heads = [], []
    for n in stream.neurons:
        s = sign(len(n.match)) if n.signed else np.float32(1)
        up = None if n.up is None else n.up * s
        neurons.append(replace(n, up=up, down=n.down * s))
    for h in stream.heads:
        value = sign(*h.value.shape[:2])
        sets = sign(len(h.key), int(h.rotary.max()) + 1)[:, h.rotary]
        heads.append(
            replace(
                h,
                value=h.value * value,
                output=h.output * np.repeat(value, h.group, axis=0),
                key=h.key * sets,
                query=h.query * np.repeat(sets, h.group, axis=0),
            )
        )
    return replace(stream, neurons=tuple(neurons), heads=tuple(heads))


def rotated(stream, rng):
    """The residual stream turned at random."""
    turn = np.linalg.qr(rng.standard_normal((WIDTH, WIDTH)))[0].astype(np.float32)

    def move(rows):
        return None if rows is None else rows @ turn

    return replace(
        stream,
        neurons=tuple(
            replace(n, match=move(n.match), up=move(n.up), down=move(n.down))
            for n in stream.neurons
        ),
        heads=tuple(
            replace(
                h,
                query=move(h.query),
                key=move(h.key),
                value=move(h.value),
                output=move(h.output),
            )
            for h in stream.heads
        ),
        tokens=move(stream.tokens),
        outputs=move(stream.outputs),
    )


def shuffled(stream, rng):
    """Neurons, and whole key-value groups, in another order."""
    neurons, heads = [], []
    for n in stream.neurons:
        p = rng.permutation(len(n.match))
        up = None if n.up is None else n.up[p]
        neurons.append(
            replace(n, match=n.match[p], up=up, down=n.down[p], lengths=n.lengths[p])
        )
    for h in stream.heads:
        g = rng.permutation(len(h.key))
        q = (g[:, None] * h.group + np.arange(h.group)).ravel()
        heads.append(
            replace(
                h, query=h.query[q], output=h.output[q], key=h.key[g], value=h.value[g]
            )
        )
    return replace(stream, neurons=tuple(neurons), heads=tuple(heads))


@pytest.fixture
def stream():
    return make_stream


@pytest.fixture
def change():
    return {"flip": flipped, "rotate": rotated, "shuffle": shuffled}
