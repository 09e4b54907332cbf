# SPDX-License-Identifier: Apache-2.0
"""Licence expressions, held against a second reading of the same tree."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parentage.report.verdict_licences import DutyWord
from parentage.verdict.licences import read_expression, table

NAMED = ["MIT", "Apache-2.0", "GPL-3.0-only", "LicenseRef-llama3.1", "LicenseRef-x"]


def test_every_entry_is_complete():
    kinds = set(DutyWord.__args__)
    for licence in table().values():
        assert licence.link.startswith("https://")
        assert licence.terms
        assert {t.kind for t in licence.terms} <= kinds
        if licence.verified == "text":
            assert all(t.clause for t in licence.terms), licence.id
        restricted = {"use-limits", "commercial-threshold", "non-commercial"}
        if licence.family == "open":
            assert not restricted & {t.kind for t in licence.terms}


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("apache-2.0", "Apache-2.0"),
        ("llama3.1", "LicenseRef-llama3.1"),
        ("gemma", "LicenseRef-gemma"),
        ("qwen-research", "LicenseRef-qwen-research"),
        ("EXAONE AI Model License Agreement 1.2 - NC", "LicenseRef-exaone-nc-1.2"),
        ("Solar-Apache License 2.0", "LicenseRef-solar-apache-2.0"),
        ("hyperclovax-seed", "LicenseRef-hyperclovax-seed"),
        ("mit", "MIT"),
    ],
)
def test_names_that_cards_use(written, found):
    assert [x.id for x in read_expression(written).licences] == [found]


def expressions():
    leaf = st.sampled_from(NAMED).map(lambda n: (n, [n]))

    def both(children):
        return st.tuples(children, st.sampled_from(["AND", "OR"]), children).map(
            lambda t: (f"({t[0][0]} {t[1]} {t[2][0]})", (t[1], t[0][1], t[2][1]))
        )

    return st.recursive(leaf, both, max_leaves=5)


def choices(tree):
    """Every set of licences that would satisfy an expression."""
    if isinstance(tree, list):
        return [frozenset(tree)]
    word, left, right = tree
    if word == "OR":
        return choices(left) + choices(right)
    return [a | b for a, b in product(choices(left), choices(right))]


@settings(deadline=None)
@given(expressions())
def test_open_if_one_choice_is_all_open(case):
    text, tree = case
    found = read_expression(text)
    known = table()
    options = [
        [known[n].family == "open" if n in known else None for n in option]
        for option in choices(tree)
    ]
    if any(all(o) for o in options):
        assert found.open is True
    elif all(False in o for o in options):
        assert found.open is False
    else:
        assert found.open is None


@pytest.mark.parametrize("text", ["", "(MIT AND", "no such thing", "MIT AND AND"])
def test_what_cannot_be_read_is_unknown_and_nothing_is_guessed(text):
    found = read_expression(text)
    assert found.licences == ()
    assert found.open is None
    assert found.controlled is None


@pytest.mark.parametrize(
    ("name", "controlled"),
    [
        ("MIT", False),
        ("deepseek", False),  # perpetual and irrevocable, section 2
        ("hyperclovax-seed", True),  # revocable, section 2.2; changed at will, 12
        ("gemma", True),  # the policy of 3.2 may be updated
        ("llama3.1", None),  # a policy at an address is part of the terms, 1.b.iv
        ("MIT AND LicenseRef-gemma", True),
        ("MIT OR LicenseRef-gemma", False),
        ("MIT AND LicenseRef-llama3.1", None),
    ],
)
def test_who_can_end_or_change_the_rights(name, controlled):
    assert read_expression(name).controlled is controlled
