# SPDX-License-Identifier: Apache-2.0
"""A suggested change applies to the card it was made for, whatever the card holds."""

import re
from dataclasses import dataclass

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from parentage.errors import DeclarationError
from parentage.model.card import parse_card
from parentage.report.verdict_declared import DeclaredRow
from parentage.report.verdict_words import saying
from parentage.run.card_patch import card_patch
from parentage.run.provenance import Provenance


@dataclass
class Module:
    name: str
    share: float


@dataclass
class Report:
    """What a patch reads of a report."""

    modules: tuple


def patched(text, names, module="vision_encoder", found="frozen-external"):
    card = None if text is None else parse_card(text.encode(), file="README.md")
    component = "decoder-weights" if module == "text_decoder" else "encoder-weights"
    item = Provenance(component, "known", found, tuple(names))
    rows = [
        DeclaredRow(
            subject=module,
            component=component,
            declared="",
            where="",
            found=f"{found} ({name})",
            outcome="undeclared",
            reason=saying("not-declared"),
        )
        for name in names
    ]
    patch = card_patch(card, Report((Module(module, 0.25),)), {module: item}, rows)
    return applied(text or "", patch)


def applied(text, patch):
    """Apply a unified diff by the counts of its hunks; every line must agree."""
    old = [x for x in re.split(r"(?<=\n)", text) if x]
    body = [x for x in re.split(r"(?<=\n)", patch) if x][2:]
    lines = []
    for line in body:
        if line.startswith("\\"):
            lines[-1] = lines[-1].removesuffix("\n")
        else:
            lines.append(line)
    new, at = [], 0
    for line in lines:
        head = re.match(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", line)
        if head:
            start = int(head[1]) - (1 if head[2] != "0" else 0)
            new += old[at:start]
            at = start
        elif line[0] == "+":
            new.append(line[1:])
        else:
            assert old[at] == line[1:]
            new += [line[1:]] if line[0] == " " else []
            at += 1
    return "".join(new + old[at:])


FRONTS = st.lists(
    st.sampled_from(
        [
            "license: mit",
            "base_model: a/b",
            "base_model:\n- a/b\n- c/d",
            "base_model:\n  - a/b",
            "base_model: [a/b, 'c d']",
            "tags:\n- x",
            "base_model_relation: finetune",
            "# a remark",
            "",
        ]
    ),
    max_size=4,
    unique_by=lambda x: x.split(":")[0],
)
BODIES = st.text(alphabet=st.sampled_from("ab# -\n\r\u2028\x0b가"), max_size=30)
NAMES = st.lists(
    st.sampled_from(["org/model", "it's", "a: b", "- x", "null", "모델", "x"]),
    min_size=1,
    max_size=2,
    unique=True,
)


@settings(deadline=None)
@given(FRONTS, BODIES, NAMES, st.booleans())
def test_a_patch_applies_and_the_card_then_names_the_source(front, body, names, fenced):
    text = (
        "---\n" + "".join(f"{f}\n" for f in front) + "---\n" if fenced else ""
    ) + body
    try:
        before = parse_card(text.encode(), file="README.md")
    except DeclarationError:
        return
    after = parse_card(patched(text, names).encode(), file="README.md")
    assert set(after.get("base_model")) == {*before.get("base_model"), *names}
    for key in set(before.values) - {"base_model"}:
        assert after.get(key) == before.get(key)
    assert body.strip("\n") in after.text
    assert after.text.rstrip().splitlines()[-1].endswith(f"from {names[-1]}")


def test_without_a_card():
    text = patched(None, ["org/model"])
    front = yaml.safe_load(text.split("---\n")[1])
    assert front == {"base_model": ["org/model"]}


def test_the_relation_is_that_of_the_decoder():
    for found, relation in (
        ("fine-tuned-external", "finetune"),
        ("merged", "merge"),
        ("upcycled", None),
    ):
        text = patched("---\na: 1\n---\n", ["m"], "text_decoder", found)
        assert yaml.safe_load(text.split("---\n")[1]).get("base_model_relation") == (
            relation
        )


def test_carriage_returns_and_no_newline_at_the_end():
    text = "---\r\nlicense: mit\r\n---\r\n# M"
    after = patched(text, ["m"])
    assert after.startswith("---\r\nlicense: mit\r\nbase_model:\n- m\n---\r\n# M\n\n##")
