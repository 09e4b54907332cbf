# SPDX-License-Identifier: Apache-2.0
"""Sketches of fingerprints of different versions: compared where places agree."""

from pathlib import Path

import numpy as np
import pytest

from parentage.model.description import Stored
from parentage.model.rectangle import shape_of
from parentage.model.resolve import describe
from parentage.registry.container import from_bytes, read_fingerprint, to_bytes
from parentage.registry.fingerprint import Fingerprint, Identity, Tile, view_key
from parentage.registry.index import Index
from parentage.registry.listing import pack_listing
from parentage.registry.sample import choose
from parentage.registry.scheme import LEVELS, Scheme
from parentage.registry.search import search
from parentage.registry.sketch import sketch
from parentage.registry.store import Registry, prepare

FIXTURE = Path(__file__).parent / "fixtures" / "version-1.fingerprint"
HEADS = (12, 4, 16)
"""Query heads, key-value heads, dims of a head: three query heads in each group."""


def attention_model(heads, kv_heads, dim):
    """A description of a model of two layers."""
    width = 96
    sizes = {
        "model.embed_tokens": (300, width),
        "lm_head": (300, width),
    }
    for layer in range(2):
        at = f"model.layers.{layer}"
        sizes |= {
            f"{at}.self_attn.q_proj": (heads * dim, width),
            f"{at}.self_attn.k_proj": (kv_heads * dim, width),
            f"{at}.self_attn.v_proj": (kv_heads * dim, width),
            f"{at}.self_attn.o_proj": (width, heads * dim),
            f"{at}.mlp.gate_proj": (200, width),
            f"{at}.mlp.up_proj": (200, width),
            f"{at}.mlp.down_proj": (width, 200),
        }
    entries = {
        f"{name}.weight": Stored(f"{name}.weight", "F32", size)
        for name, size in sizes.items()
    }
    config = {
        "model_type": "llama",
        "hidden_size": width,
        "num_hidden_layers": 2,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": dim,
        "vocab_size": 300,
    }
    return describe("m", entries, config), entries, config


def held(seed, level, version, heads=HEADS):
    """What a fingerprint of that model holds, whose values tell their places."""
    model, entries, config = attention_model(*heads)
    scheme = Scheme(seed, level, version)
    tiles = []
    for number, (tensor, cut) in enumerate(choose(model, scheme)):
        rng = np.random.default_rng(number)
        whole = rng.standard_normal(tensor.shape, dtype=np.float32)
        picks = [np.concatenate([np.arange(a, b) for a, b in axis]) for axis in cut]
        values = whole[np.ix_(*picks)].reshape(shape_of(cut))
        tiles.append(Tile(view_key(tensor), cut, "F32", values))
    made = Fingerprint(
        Identity("m", "", "0" * 64),
        scheme,
        (),
        entries,
        pack_listing(entries.values()),
        config,
        tuple(tiles),
    )
    return from_bytes(to_bytes(made))


def by_key(made):
    return {(s.key, s.block): s.words for s in sketch(made)}


def test_versions_are_compared_by_signs_where_places_agree():
    old, new = held(0, LEVELS[0], 1), held(0, LEVELS[0], 2)
    one, two = by_key(old), by_key(new)
    assert one.keys() == two.keys()
    assert all((one[key] == two[key]).all() for key in one)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kv_heads", [3, 5, 7])
def test_equal_keys_mean_equal_places(seed, kv_heads):
    """Of one model, any level and version: the same signs, or another key."""
    heads = (kv_heads, kv_heads, 16)
    sketches = [
        by_key(held(seed, level, version, heads))
        for version in (1, 2)
        for level in (LEVELS[0], LEVELS[0] + 10, LEVELS[0] + 16)
    ]
    compared = 0
    for one in sketches:
        for two in sketches:
            for key in one.keys() & two.keys():
                assert (one[key] == two[key]).all()
                compared += 1
    assert compared
    # Within version 2 every level has the keys of every other.
    assert sketches[3].keys() == sketches[4].keys() == sketches[5].keys()


def test_a_registered_version_1_is_found_by_a_new_fingerprint(tmp_path, small):
    with Registry(str(tmp_path / "r.db")) as registry:
        old = read_fingerprint(FIXTURE)
        registry.add([prepare(to_bytes(old))])
        index = Index(registry, tmp_path / "index")
        found = search(index, sketch(small["moe-a"]))
        assert found.hits[0].score > 100
        assert registry.verify() == []
        other = search(index, sketch(small["moe-b"]), nearest=1)
        assert other.hits[0].score < 10
