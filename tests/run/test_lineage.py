# SPDX-License-Identifier: Apache-2.0
"""Lineage beside an audit: compared where files are, a reason where not, never more."""

import json
import shutil
from itertools import product
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from parentage.run import lineage as lineage_module
from parentage.run.audit import audit
from parentage.run.document import assemble
from parentage.run.lineage_frame import names_of

ZOO = Path(__file__).parents[2] / "zoo" / "models"
TEXT = [
    f"{word} {word}s of the {other} {other}er, {n} times"
    for n, (word, other) in enumerate(
        product(("river", "stone", "cloud", "light"), ("long", "grand", "small"))
    )
    for _ in range(4)
]


def train(folder, texts, size):
    """A small byte-level BPE, made by the library that others use."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(texts, trainer)
    made.save(str(folder / "tokenizer.json"))


def copy(tmp_path, name, target):
    folder = tmp_path / target
    shutil.copytree(ZOO / name, folder)
    (folder / "tokenizer.json").unlink()
    return folder


@pytest.fixture(name="pair")
def pair_fixture(tmp_path):
    """Two bundled models without tokenizers: parent and descendant."""
    return (
        copy(tmp_path, "decoder-a-continued", "own"),
        copy(tmp_path, "decoder-a", "other"),
    )


def item(report, kind, reference="other"):
    return next(
        i for i in report.lineage if i.kind == kind and i.reference == reference
    )


def findings(report):
    """Everything about weights that a report says."""
    plain = json.loads(report.to_json())
    for key in ("lineage", "created", "seconds", "command"):
        plain.pop(key)
    for model in (plain["candidate"], *plain["references"]):
        model.pop("path")
    return plain


def test_a_tokenizer_beside_the_weights_is_compared(pair):
    own, other = pair
    train(own, TEXT, 320)
    train(other, TEXT, 320)
    found = item(audit(own, [other]), "tokenizer")
    assert found.missing == ()
    assert found.tokenizer.finding.relation == "identical"
    sizes = [(f / "tokenizer.json").stat().st_size for f in pair]
    assert found.bytes_read == sum(sizes)
    assert "same tokenizer" in found.tokenizer.finding.sentences[0]


def test_a_missing_tokenizer_is_a_reason(pair):
    own, other = pair
    train(other, TEXT, 300)
    found = item(audit(own, [other]), "tokenizer")
    assert found.tokenizer is None
    assert [(m.code, m.model) for m in found.missing] == [("none", "own")]


@pytest.mark.parametrize(
    "content", [b"{", b"\xff\xfe", b'{"model": {"vocab": 3}}', b"[" * 100_000]
)
def test_a_broken_tokenizer_changes_nothing_about_the_weights(pair, content):
    own, other = pair
    before = audit(own, [other])
    for folder in pair:
        (folder / "tokenizer.json").write_bytes(content)
    after = audit(own, [other])
    missing = item(after, "tokenizer").missing
    assert {m.code for m in missing} == {"unreadable"}
    assert "tokenizer.json" in missing[0].detail
    assert findings(after) == findings(before)
    assert after.finding == "reused"


def test_tokenizers_change_nothing_about_the_weights(pair):
    own, other = pair
    before = audit(own, [other])
    train(own, TEXT, 300)
    train(other, TEXT[:7], 290)
    assert findings(audit(own, [other])) == findings(before)


def test_an_internal_error_is_a_reason_too(pair, monkeypatch):
    own, other = pair
    train(own, TEXT, 300)

    def broken(*_):
        message = "a bug"
        raise KeyError(message)

    monkeypatch.setattr(lineage_module, "open_tokenizer", broken)
    monkeypatch.setattr(lineage_module, "of_opened", broken)
    report = audit(own, [other])
    assert {m.code for m in item(report, "tokenizer").missing} == {"internal", "none"}
    (one, _) = item(report, "architecture").missing
    assert one.code == "internal"
    assert "KeyError" in one.detail
    assert report.finding == "reused"


def test_several_references_pay_for_the_candidate_once(pair, tmp_path):
    own, other = pair
    third = copy(tmp_path, "decoder-b", "third")
    for folder in (own, other, third):
        train(folder, TEXT, 300)
    report = audit(own, [other, third])
    size = (own / "tokenizer.json").stat().st_size
    assert item(report, "tokenizer").bytes_read == 2 * size
    assert item(report, "tokenizer", "third").bytes_read == size


def test_a_file_of_weights_takes_what_lies_beside_it(pair):
    own, other = pair
    train(own, TEXT, 300)
    train(other, TEXT, 300)
    report = audit(own / "model.safetensors", [other])
    assert item(report, "tokenizer").tokenizer is not None


def test_architecture_of_shapes_and_config(pair):
    own, other = pair
    (own / "config.json").unlink()
    found = item(audit(own, [other]), "architecture").architecture
    assert found.a.read_from == "tensors"
    assert found.b.read_from == "tensors and config"
    (component,) = found.components
    rows = {row.field: row for row in component.fields}
    assert rows["hidden_size"].candidate == rows["hidden_size"].reference
    assert rows["hidden_size"].candidate_source == "from shapes"


def test_assemble_needs_no_lineage():
    assert "lineage" in assemble.__kwdefaults__


def test_names_tell_paths_apart():
    assert names_of(["a/config.json", "b/config.json"]) == [
        "a/config.json",
        "b/config.json",
    ]
    assert names_of(["x/a", "y/b"]) == ["a", "b"]
    assert names_of(["x/a", "x/a"]) == ["x/a", "x/a (2)"]
