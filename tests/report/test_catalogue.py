# SPDX-License-Identifier: Apache-2.0
import re
from pathlib import Path

import pytest

import parentage
from parentage.errors import UsageError
from parentage.evidence.catalogue import method, methods
from parentage.evidence.record_catalogue import record_checks

IDS = [
    "byte-identity",
    "sign-coins",
    "swap-coins",
    "sequential",
    "fixed-points",
    "permutation-trace",
    "pooled-residual",
    "embedding-columns",
    "layer-map",
    "aligned-similarity",
    "norm-cosine",
    "content-search",
    "order-test",
    "aligned-coins",
    "aligned-units",
    "aligned-tokens",
    "disguise-telltales",
    "tokenizer",
    "architecture",
    "descent",
]


def test_ids_are_stable():
    assert list(methods()) == IDS


@pytest.mark.parametrize("name", IDS)
def test_entries_are_complete(name):
    entry = method(name)
    assert entry.id == name
    assert entry.grade in {"exact", "calibrated", "descriptive"}
    for key, value in entry.to_json().items():
        assert value, key
    assert entry.question.endswith("?")


def test_every_method_in_the_source_is_in_the_catalogue():
    package = Path(parentage.__file__).parent
    used, checks = set(), set()
    for file in [*package.glob("evidence/*.py"), *package.glob("run/*.py")]:
        text = file.read_text(encoding="utf-8")
        used |= set(re.findall(r"\bEvidence\(\s*\"([a-z-]+)\"", text))
        used |= set(re.findall(r"method=\"([a-z-]+)\"", text))
        checks |= set(re.findall(r"\bRecordEvidence\(\s*\"([a-z0-9-]+)\"", text))
    assert used
    assert used <= set(IDS)
    assert checks
    assert checks <= set(record_checks())


def test_unknown_method_lists_the_known():
    with pytest.raises(UsageError, match=r"swap-coins.*content-search.*order-test"):
        method("nope")
