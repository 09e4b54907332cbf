# SPDX-License-Identifier: Apache-2.0
"""Relations of tokenizers that are made here, judged by the shipped background."""

import json
from dataclasses import replace

import numpy as np
import pytest

from parentage.evidence.background.tokenizers import load_tokenizers
from parentage.evidence.tokenizer.compare import compare_tokenizers
from parentage.evidence.tokenizer.finding import RELATIONS, words
from parentage.evidence.tokenizer.nearest import common_ancestors, nearest
from parentage.evidence.tokenizer.points import order_points
from parentage.evidence.tokenizer.relate import relate


@pytest.fixture(scope="module")
def background():
    return load_tokenizers()


@pytest.fixture(scope="module")
def known(background):
    return {v.name: v for v in background.vocabularies}


def relation(a, b, background):
    return relate(compare_tokenizers(a, b), background)


def fresh(count, bits=48):
    """Hashes of tokens that nothing else has."""
    rng = np.random.default_rng(count)
    return rng.integers(0, 2**bits, count, dtype=np.uint64) << np.uint64(64 - bits)


def extended(base, count, *, front=0):
    """A vocabulary with tokens added at the end, and ids moved by ``front``."""
    learned = int((base.order >= 0).sum())
    return replace(
        base,
        name="extended",
        hashes=np.concatenate([base.hashes, fresh(count)]),
        ids=np.concatenate(
            [base.ids, base.ids[-1] + 1 + np.arange(count, dtype=np.int32)]
        )
        + np.int32(front),
        order=np.concatenate([base.order, learned + np.arange(count, dtype=np.int32)]),
        scripts=np.concatenate([base.scripts, np.full(count, 3, dtype=np.uint8)]),
    )


def shuffled(base):
    """The same tokens under other ids, learned in another order."""
    rng = np.random.default_rng(3)
    rows = rng.permutation(base.size)
    order = np.full(base.size, -1, dtype=np.int32)
    having = np.flatnonzero(base.order >= 0)
    order[having] = rng.permutation(len(having))
    return replace(
        base,
        name="shuffled",
        hashes=base.hashes[rows],
        order=order[rows],
        scripts=base.scripts[rows],
    )


def test_a_tokenizer_is_identical_to_itself(known, background):
    assert relation(known["yi"], known["yi"], background).relation == "identical"


@pytest.mark.parametrize(("front", "ids"), [(0, "equal"), (50, "offset")])
def test_additions_are_found_with_their_block(known, background, front, ids):
    base = known["falcon"]
    found = relation(extended(base, 3000, front=front), base, background)
    assert found.relation == "same-with-additions"
    assert (found.ids, found.offset) == (ids, -front)
    assert (found.added.tokens, found.missing.tokens) == (3000, 0)
    assert found.added.largest[-1].at_end
    assert relation(base, extended(base, 3000), background).relation == "truncated"


def test_a_shuffled_copy_is_a_copy(known, background):
    found = relation(shuffled(known["jamba"]), known["jamba"], background)
    assert (found.relation, found.linked_by) == ("re-ordered-copy", ("tail",))


def test_cousins_name_their_common_ancestor(known, background):
    a, b = known["qwen"], known["glm4"]
    ancestors = common_ancestors(a, b, background)
    found = relate(compare_tokenizers(a, b), background, ancestors)
    assert found.relation == "common-ancestor"
    assert [ancestor.name for ancestor in found.ancestors] == ["cl100k"]
    assert 0.7 < found.ancestors[0].covered < 0.9
    assert "cl100k_base" in found.sentences("ko")[0]


def test_containment_alone_accuses_nobody(known, background):
    """Mistral's small vocabulary is nearly contained in Llama 4's large one."""
    pair = compare_tokenizers(known["mistral1"], known["llama4"])
    assert pair.contained_a > 0.95
    assert relate(pair, background).relation == "trained-separately"


def test_small_tokenizers_trained_apart_are_cleared(trained, background):
    found = relation(trained(1), trained(2), background)
    assert found.relation in {"trained-separately", "unclear"}
    found = relation(trained(1), known_small(trained), background)
    assert found.relation == "truncated"


def known_small(trained):
    return trained(1, 2000)


def test_every_finding_says_that_it_is_no_evidence_about_weights(known, background):
    found = relation(known["yi"], known["falcon"], background)
    for language in ("en", "ko"):
        said = found.sentences(language)
        assert said[-1] == words(language)["caveat"]
        assert any(str(found.rates["false_link"]["trials"]) in text for text in said)
    plain = json.loads(json.dumps(found.to_dict()))
    assert set(plain["caveat"]) == {"en", "ko"}


def test_every_relation_has_words_in_every_language():
    assert set(words("en")) == set(words("ko"))
    assert set(RELATIONS) <= set(words("en"))


def test_places_in_the_background(known, background):
    found = relation(known["yi"], known["falcon"], background)
    order = next(share for share in found.shares if share.name == "order")
    controls = background.independent["order"]
    assert order.controls == len(controls)
    assert order.conformal_p == pytest.approx(
        (1 + (controls >= order.value).sum()) / (len(controls) + 1)
    )
    assert order.related == 0.0
    linked = relation(known["llama3"], known["cl100k"], background)
    order = next(share for share in linked.shares if share.name == "order")
    assert order.conformal_p == pytest.approx(1 / (len(controls) + 1))


def test_nearest_is_the_largest_overlap(known, background):
    asked = extended(known["exaone3"], 100)
    found = nearest(asked, background, 3)
    assert found[0].name == "exaone3"
    assert found[0].finding.relation == "same-with-additions"
    own = set(asked.hashes.tolist())
    jaccards = sorted(
        (
            len(own & (other := set(v.hashes.tolist()))) / len(own | other)
            for v in background.vocabularies
        ),
        reverse=True,
    )
    assert [n.comparison.jaccard for n in found] == pytest.approx(jaccards[:3])
    assert nearest(asked, background, 0) == ()


def test_points_are_places_of_shared_tokens(known):
    points = order_points(known["llama3"], known["cl100k"])
    assert len(points) == 2000
    assert all(x == y for x, y in points)
    assert points[0] == (0, 0)
    few = order_points(known["llama3"], known["cl100k"], 10)
    assert len(few) == 10
    assert few[-1] == points[-1]
