# SPDX-License-Identifier: Apache-2.0
"""Reasons are written in lower layers as English text; none may stay untranslated."""

import ast
import re
from pathlib import Path

import pytest

import parentage
from parentage.report.details import UNITS
from parentage.report.language import ENGLISH, Language
from parentage.report.reasons import (
    CONSTANT,
    MAX_LENGTH,
    PATTERNS,
    is_known,
    say_reason,
)
from parentage.report.training_reasons import REASONS

KOREAN = Language("ko")
PACKAGE = Path(parentage.__file__).parent
LOWER = ("verdict", "evidence", "model", "artifact", "run")


def template(node):
    """A string with every place emptied, or None."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{}"
            for part in node.values
        )
    return None


class Reasons(ast.NodeVisitor):
    """Templates of everything that becomes a ``reason`` in one file."""

    def __init__(self, tree, constants):
        self.found = set()
        self.constants = constants
        self.functions = {
            node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)
        }
        self.visit(tree)

    def take(self, node):
        if template(node) is not None:
            self.found.add(template(node))
        elif isinstance(node, ast.IfExp):
            self.take(node.body)
            self.take(node.orelse)
        elif isinstance(node, ast.BoolOp):
            for value in node.values:
                self.take(value)
        elif isinstance(node, ast.Name) and node.id in self.constants:
            self.take(self.constants[node.id])
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            function = self.functions.get(node.func.id)
            for inner in ast.walk(function) if function else ():
                if isinstance(inner, ast.Return) and inner.value is not None:
                    self.take(inner.value)

    def visit_keyword(self, node):
        if node.arg == "reason":
            self.take(node.value)
        self.generic_visit(node)

    def visit_Assign(self, node):
        for target in node.targets:
            if getattr(target, "id", getattr(target, "attr", "")) == "reason":
                self.take(node.value)
        self.generic_visit(node)


def sources(folders):
    for folder in folders:
        for file in sorted((PACKAGE / folder).rglob("*.py")):
            yield file, ast.parse(file.read_text(encoding="utf-8"))


def constants(trees):
    """Values of all constants at the top of files, by name."""
    return {
        target.id: node.value
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def emptied(text):
    return re.sub(r"\{\w+\}", "{}", text)


TABLE = {emptied(text) for text in (*CONSTANT, *(p.text for p in PATTERNS))}


def test_every_reason_of_the_judge_and_the_tests_is_known():
    trees = dict(sources(("verdict", "evidence", "run")))
    values = constants(trees.values())
    # Relations of tokenizers and architectures carry both languages themselves.
    own = {"tokenizer", "architecture"}
    found = {
        text: file.name
        for file, tree in trees.items()
        if own.isdisjoint(file.parts)
        for text in Reasons(tree, values).found
    }
    assert len(found) > 12
    # Checks of training records name their sentences by keys.
    known = {*TABLE, *REASONS}
    assert {text: name for text, name in found.items() if text not in known} == {}


def said_by(source, text):
    """Whether a template of a lower layer gives this text, or ends it."""
    if source in {text, text.removeprefix("{} ")}:
        return True
    # A subject is put before "is in ...", a number and a colon before "in ...".
    if source.startswith("is ") and text.endswith(source.removeprefix("is ")):
        return True
    # A piece made elsewhere is put in the place: "config says {said}, which ...".
    parts = [re.escape(part) for part in source.split("{}")]
    fixed = len("".join(parts))
    return fixed > 12 and re.fullmatch(".+?".join(parts), text) is not None


def test_no_text_of_the_table_is_stale():
    strings = {
        text
        for _, tree in sources(LOWER)
        for text in map(template, ast.walk(tree))
        if text
    }
    stale = [t for t in TABLE if not any(said_by(source, t) for source in strings)]
    assert stale == []


def texts_of(report):
    for model in (report.candidate, *report.references):
        yield from model.notes
        yield from (problem.message for problem in model.problems)
    for module in report.modules:
        for item in (module, *module.outcomes, *module.evidence):
            if item.reason:
                yield item.reason
        for item in module.evidence:
            for value in item.details.values():
                if isinstance(value, str) and value not in UNITS:
                    yield value


def test_nothing_in_audits_of_the_bundled_models_stays_english(zoo_reports):
    texts = {text for report in zoo_reports.values() for text in texts_of(report)}
    assert texts
    assert [text for text in texts if not is_known(text, KOREAN)] == []


def test_nothing_in_the_report_of_these_tests_stays_english(report):
    texts = set(texts_of(report))
    assert len(texts) >= 4
    assert [text for text in texts if not is_known(text, KOREAN)] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("donor has no vision_encoder", "donor에는 비전 인코더 모듈이 없음"),
        ("donor has no soul", "donor에는 soul 모듈이 없음"),
        (
            "config says 8 key/value heads, the shapes say 4",
            "key/value 헤드 수가 설정에는 8, 형상에 따르면 4임",
        ),
        (
            "vision_encoder_2: nothing tells the size of the heads: rows are kept as "
            "stored",
            "비전 인코더 2: 헤드의 크기를 알 수 없어 행을 저장된 그대로 둠",
        ),
        (
            "text_decoder: 3 tensors have names that family llama does not know, such "
            "as a.b",
            "텍스트 디코더: 텐서 3개의 이름을 llama 계열에서 알 수 없음. 예: a.b",
        ),
        (
            "exact tests reject, but the element correlation 0.013 is below the floor "
            "of 0.02",
            "정확 검정은 귀무가설을 기각하나, 원소별 상관(0.013)이 하한(0.02)보다 작음",
        ),
        (
            "x has no head; no tensors of equal shape were read",
            "x에는 출력 헤드 모듈이 없음; 형상이 같은 텐서를 읽지 못함",
        ),
        (
            "2 of 4 shards of a of b are here",
            "a of b의 샤드 4개 중 2개만 있음",
        ),
    ],
)
def test_places_are_carried_over(text, said):
    assert say_reason(text, KOREAN) == said
    assert say_reason(text, ENGLISH) == text


def test_what_goes_into_places_is_never_parsed_again():
    assert say_reason("{0} {x} has no head", KOREAN).startswith("{0} {x}에는")


@pytest.mark.parametrize(
    "text",
    [
        "no such reason",
        "nobody: config says nothing",
        "head: no such reason",
        "no such reason; no tensors of equal shape were read",
        f"{'x' * MAX_LENGTH} has no head",
    ],
)
def test_what_is_unknown_stays_english(text):
    assert say_reason(text, KOREAN) == text
    assert not is_known(text, KOREAN)
    assert is_known(text, ENGLISH)
