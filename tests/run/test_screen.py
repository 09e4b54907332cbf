# SPDX-License-Identifier: Apache-2.0
"""Screening finds what is registered, at the right module, and nothing else."""

import json

import numpy as np
import pytest
from benchmarks.registry.planted import DESCENTS, child, parent, stranger
from benchmarks.registry.synthetic import population, prepared
from tests.registry.conftest import *  # noqa: F403
from tests.registry.conftest import manifest

from parentage.registry.container import from_bytes, to_bytes
from parentage.registry.index import Index
from parentage.registry.search import possible_tests, search, surprise
from parentage.registry.sketch import sketch
from parentage.registry.store import Registry, prepare
from parentage.report.screen_document import DOCUMENTS, schema_text, shipped_schema
from parentage.run.demo import EXPECTED
from parentage.run.screen import screen
from parentage.stats.tails import log10_normal_tail

FOUND = {"identical", "reused"}


@pytest.fixture
def registry(url, small):
    with Registry(url) as made:
        made.add([prepare(to_bytes(f)) for f in small.values()])
        yield made


@pytest.fixture
def index(registry, tmp_path):
    return Index(registry, tmp_path / "index")


def test_every_bundled_pair_is_found_or_cleared(registry, index, small):
    truth = {}
    for pair in manifest()["comparisons"]:
        truth[pair["candidate"], pair["reference"]] = pair["truth"]
    for name, made in small.items():
        document = screen(made, registry, index=index, limit=11, lineage=False)
        assert document.known_as == name
        assert document.looked_at == len(small)
        for match in document.matches:
            expected = truth.get((name, match.name))
            if expected is None:
                continue
            assert {m.name: m.finding for m in match.modules} == {
                m: EXPECTED[word] for m, word in expected.items()
            }
        named = {m.name for m in document.matches}
        for (candidate, reference), words in truth.items():
            if candidate == name and set(words.values()) & {"reused", "identical"}:
                assert reference in named


def test_p_values_are_corrected_for_the_whole_registry(registry, index, small):
    document = screen(small["vlm-tuned"], registry, index=index, lineage=False)
    sizes = []
    for made in small.values():
        blocks = [(s.module, s.block, len(s.layers)) for s in sketch(made)]
        own = [(s.module, s.block, len(s.layers)) for s in sketch(small["vlm-tuned"])]
        sizes.append(possible_tests(own, blocks))
    assert document.settings.family == sum(sizes)
    module = next(m for m in document.modules if m.name == "vision_encoder")
    assert module.log10_p_adjusted == pytest.approx(
        module.log10_p + np.log10(sum(sizes))
    )
    assert document.finding == "reused"
    match = document.matches[0]
    assert match.reused_share == pytest.approx(module.share)


def test_tokenizers_and_configs_of_the_nearest_are_compared(registry, index, small):
    document = screen(small["vlm-tuned"], registry, index=index)
    assert document.matches[0].tokenizer == "identical"
    assert document.matches[0].architecture["vision_encoder"]


def test_planted_descendants_among_strangers(tmp_path):
    """Three of the twenty kinds; the benchmark has all of them and 100,000 others."""
    chosen = (5, 9, 12)
    with Registry(str(tmp_path / "r.db")) as registry:
        registry.add(population(40, 3))
        registry.add([prepared(parent(n)) for n in chosen])
        index = Index(registry, tmp_path / "index")
        for number in chosen:
            descent = DESCENTS[number]
            document = screen(child(number, descent, 1), registry, index=index)
            named = {
                m.name: m.reference for m in document.modules if m.finding in FOUND
            }
            assert named == dict.fromkeys(descent.modules, f"parent-{number}")
        clear = screen(stranger(5), registry, index=index)
        assert not {m.finding for m in clear.modules} & FOUND
        assert all(m.power.correlation for m in clear.modules)
        # What the search lets pass is stated within the power, never below it.
        assert clear.passed == 0


def test_the_index_follows_the_registry(registry, tmp_path, small):
    folder = tmp_path / "index"
    first = Index(registry, folder)
    sketches = sketch(small["decoder-half"])
    before = search(first, sketches, nearest=20)
    numbers = {h.number for h in before.hits}
    gone = registry.find("decoder-a").id
    registry.remove([gone])
    after = search(Index(registry, folder), sketches, nearest=20)
    assert {h.number for h in after.hits} == numbers - {gone}
    assert after.family < before.family
    registry.add([prepare(to_bytes(small["decoder-a"]))])
    again = search(Index(registry, folder), sketches, nearest=20)
    assert len(again.hits) == len(before.hits)
    assert len(Index(registry, folder).segments) == 2


def test_a_damaged_index_is_made_again(registry, tmp_path, small):
    folder = tmp_path / "index"
    (segment,) = Index(registry, folder).segments
    data = segment.folder / "data.bin"
    data.write_bytes(data.read_bytes()[:-8])
    found = search(Index(registry, folder), sketch(small["decoder-a"]))
    assert found.passed == 4


def test_many_segments_become_few(url, small, tmp_path):
    with Registry(url) as registry:
        for made in small.values():
            registry.add([prepare(to_bytes(made))])
            Index(registry, tmp_path / "index")
        several = Index(registry, tmp_path / "index")
        one = Index(registry, tmp_path / "other")
        sketches = sketch(small["vlm-donor"])
        assert search(several, sketches, nearest=9) == search(one, sketches, nearest=9)


def test_an_empty_registry_is_inconclusive(tmp_path, small):
    with Registry(str(tmp_path / "r.db")) as registry:
        document = screen(small["moe-a"], registry, index=Index(registry, tmp_path))
    assert document.finding == "not-testable"
    assert document.coverage == 0


def test_surprise_is_about_the_normal_tail():
    z = np.linspace(0.5, 25, 50)
    exact = -np.array([log10_normal_tail(x) for x in z])
    assert np.abs(surprise(z) - exact).max() < 0.15


@pytest.mark.parametrize("name", DOCUMENTS)
def test_schemas_are_shipped(name):
    assert shipped_schema(name) == schema_text(name)
    json.loads(schema_text(name))


def test_synthetic_fingerprints_are_real_ones():
    for item in population(3, 9):
        made = from_bytes(item.file)
        assert prepare(item.file).sketch == item.sketch
        assert made.values > 10_000
