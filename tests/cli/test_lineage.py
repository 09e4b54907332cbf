# SPDX-License-Identifier: Apache-2.0
"""The commands tokenizer, config and nearest: output, exit codes, errors."""

import json
import shutil
from typing import get_args

import jsonschema
import pytest

from parentage.cli.lineage import TOKENIZER_WORDS
from parentage.evidence.tokenizer.finding import RELATIONS
from parentage.report.lineage_schema import shipped_schema
from parentage.report.lineage_tokenizer import RelationWord

SAME = ("decoder-a", "decoder-a-continued")


def test_tokenizer_as_text_json_and_page(run, models, tmp_path):
    page = tmp_path / "out.html"
    a, b = (models / name for name in SAME)
    result = run("tokenizer", a, b, "--html", page)
    assert result.code == 0
    assert "are the same tokenizer" in " ".join(result.out.split())
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert str(page) in result.err
    result = run("tokenizer", a, b, "--json")
    plain = json.loads(result.out)
    jsonschema.validate(plain, json.loads(shipped_schema("tokenizer-1.schema.json")))
    assert plain["command"] == ["parentage", "tokenizer", str(a), str(b)]


def test_config_and_nearest_as_json(run, models):
    for words, schema in (
        (("config", models / "moe-a", models / "moe-b"), "config-1.schema.json"),
        (("nearest", models / "moe-a", "--count", 2), "nearest-1.schema.json"),
    ):
        result = run(*words, "--json")
        assert result.code == 0
        jsonschema.validate(json.loads(result.out), json.loads(shipped_schema(schema)))
        assert result.err == ""


def test_json_is_the_same_in_every_language(run, models):
    words = ("config", models / "moe-a", models / "moe-b", "--json")
    english, korean = (json.loads(run(*words, "--lang", c).out) for c in ("en", "ko"))
    for plain in (english, korean):
        plain.pop("created")
        plain.pop("seconds")
    assert english == korean


def test_korean(run, models):
    a, b = (models / name for name in SAME)
    assert "같은 토크나이저" in run("tokenizer", a, b, "--lang", "ko").out
    assert "아키텍처" in run("config", a, b, "--lang", "ko").out
    assert "가중치" in run("nearest", a, "--lang", "ko").out


def wordlist(folder, name, words):
    """A WordPiece list of words: it has no order of learning."""
    path = folder / name
    path.write_text("\n".join(["[UNK]", *words, "##ly"]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("fail_on", "code"),
    [
        (None, 0),
        ("identical", 1),
        ("truncated,identical", 1),
        ("truncated", 0),
        ("trained-separately", 0),
    ],
)
def test_fail_on_a_relation(run, models, fail_on, code):
    words = [models / name for name in SAME]
    more = [] if fail_on is None else ["--fail-on", fail_on]
    assert run("tokenizer", *words, *more).code == code


def test_unclear_is_inconclusive_only_for_a_gate(run, tmp_path):
    a = wordlist(tmp_path, "a.vocab.txt", [f"w{i}" for i in range(50)])
    b = wordlist(tmp_path, "b.vocab.txt", [f"w{i}" for i in range(40)])
    result = run("tokenizer", a, b, "--json")
    assert json.loads(result.out)["pair"]["finding"]["relation"] == "unclear"
    assert result.code == 0
    assert run("tokenizer", a, b, "--fail-on", "identical").code == 3
    assert run("tokenizer", a, b, "--fail-on", "identical,unclear").code == 1


def test_fail_on_an_architecture(run, models):
    pair = (models / "moe-a", models / "moe-a")
    assert run("config", *pair, "--fail-on", "shared").code == 1
    assert run("config", *pair, "--fail-on", "common,unweighed").code == 0
    assert run("nearest", models / "moe-a", "--fail-on", "shared,near").code == 0
    assert run("nearest", models / "moe-a", "--fail-on", "own").code == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tokenizer", "x"], "Missing argument 'B'"),
        (["config", "x"], "Missing argument 'B'"),
        (["nearest"], None),
        (["tokenizer", "x", "y", "--fail-on", "shared"], "'shared' is none of"),
        (["tokenizer", "x", "y", "--fail-on", ""], "'' is none of"),
        (["config", "x", "y", "--fail-on", "identical"], "'identical' is none of"),
        (["nearest", "x", "--before", "2025"], "is no month"),
        (["nearest", "x", "--before", "2025-13"], "is no month"),
        (["nearest", "x", "--count", "0"], "--count"),
        (["nearest", "x", "--lang", "fr"], "--lang"),
        (["nearest", "x", "--exclude", "nobody"], "no known architecture"),
    ],
)
def test_wrong_usage(run, words, message):
    result = run(*words)
    if message is None:
        assert "Usage" in result.out + result.err
        return
    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith("parentage: error: ")
    assert message in result.err


@pytest.mark.parametrize("command", ["tokenizer", "config", "nearest"])
def test_unreadable_files(run, command, tmp_path):
    broken = tmp_path / "tokenizer.json"
    broken.write_bytes(b"{\x1b[31m")
    words = [broken] if command == "nearest" else [broken, broken]
    result = run(command, *words, "--json")
    assert result.code == 4
    assert result.err.count("\n") == 1
    assert "\x1b" not in result.err
    assert json.loads(result.out)["error"]["exit_code"] == 4
    missing = [tmp_path / "no" for _ in words]
    assert run(command, *missing).code == 4


def test_an_audit_without_tokenizers_says_so_in_one_line(run, models, tmp_path):
    pair = []
    for name in SAME:
        folder = tmp_path / name
        shutil.copytree(models / name, folder)
        (folder / "tokenizer.json").unlink()
        pair.append(folder)
    result = run("audit", pair[0], "--against", pair[1])
    assert result.code == 1
    assert "no tokenizer files lie beside" in result.out
    lines = result.out.splitlines()
    section = lines[lines.index("Tokenizer") + 1 :]
    assert section[: section.index("")][0].strip().startswith("decoder-a-continued:")


def test_words_of_relations_are_the_same_in_every_layer():
    """Written again where importing them would cost start-up; held together here."""
    assert get_args(RelationWord) == RELATIONS
    assert TOKENIZER_WORDS == RELATIONS
