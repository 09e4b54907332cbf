# SPDX-License-Identifier: Apache-2.0
"""Every shipped case is whole, and runs with one command on stand-in models."""

import importlib.util
import json
from pathlib import Path

import jsonschema
import pytest

from parentage.errors import CaseError, UsageError
from parentage.report.case_document import schema_text, shipped_schema
from parentage.run.case_run import exit_code, run_case
from parentage.run.cases import folder, load_case, parse_case, shipped
from parentage.run.claim_yaml import load_claim

CASES = shipped()

# Tests are no package: their helpers are loaded by path.
SPEC = importlib.util.spec_from_file_location(
    "stand_ins", Path(__file__).with_name("stand_ins.py")
)
stand_ins = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(stand_ins)


@pytest.fixture(name="local", scope="module")
def local_fixture(tmp_path_factory):
    names = {name for case in CASES.values() for name in case.models()}
    return stand_ins.build(tmp_path_factory.mktemp("models"), sorted(names))


@pytest.mark.parametrize("name", CASES)
def test_every_case_runs_and_finds_what_its_stand_ins_carry(name, local):
    case = CASES[name]
    document = run_case(case, local=local)
    pairs = [("reference", case.candidate.ref, r.ref) for r in case.references]
    if case.candidate.ref is None:
        pairs = []
    pairs += [(c.kind, c.ref, c.against) for c in case.controls]
    assert [(p.role, p.candidate, p.reference) for p in document.pairs] == pairs
    for pair in document.pairs:
        carried = stand_ins.related(pair.candidate, pair.reference)
        assert pair.error is None
        assert pair.stand_in
        assert (pair.outcome == "found") == carried, pair
        assert pair.modules
    own = [p for p in document.pairs if p.role == "reference"]
    if any(not p.as_known for p in document.pairs) or not own:
        assert exit_code(document) == 3
    elif any(p.outcome == "found" for p in own):
        assert exit_code(document) == 1
    assert len(document.claims) == sum(c.file is not None for c in case.claims)
    assert document.stand_ins == bool(document.pairs)
    plain = json.loads(document.to_json())
    jsonschema.validate(plain, json.loads(shipped_schema()))


def test_schema_file_is_that_of_the_model():
    assert shipped_schema() == schema_text()


def test_every_claim_file_is_named_by_a_case_and_is_valid():
    named = {c.file for case in CASES.values() for c in case.claims if c.file}
    files = {f.name for f in folder().joinpath("claims").iterdir()}
    assert files == named
    for name in files:
        claim = load_claim(folder().joinpath("claims", name))
        assert name == f"{claim.id}.yaml"


def test_files_are_called_like_their_cases():
    files = {f.name for f in folder().iterdir() if f.name.endswith(".toml")}
    assert files == {f"{name}.toml" for name in CASES}


def test_what_cannot_be_read_is_a_pair_that_was_not_run(tmp_path):
    document = run_case(CASES["yi-34b"], local=tmp_path)
    assert {p.outcome for p in document.pairs} == {"not-run"}
    assert all(p.error for p in document.pairs)
    assert exit_code(document) == 3


def test_a_control_that_fails_makes_the_run_inconclusive(local, tmp_path):
    text = (
        folder()
        .joinpath("miqu-1-70b.toml")
        .read_text("utf-8")
        .replace('kind = "negative"', 'kind = "positive"')
    )
    case = parse_case(text, "x.toml")
    document = run_case(case, local=local)
    assert [p.as_known for p in document.pairs] == [True, False]
    assert exit_code(document) == 3


MINIMAL = """
format = "parentage.case-file/1"
id = "x"
title = "X"
title_ko = "X"
date = "2026"
types = ["W"]
sources = ["s"]
[candidate]
ref = "a/b"
[[established]]
text = "t"
source = "s"
"""


def test_an_own_case_is_read_from_its_file(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(MINIMAL)
    case, claims = load_case(str(path))
    assert case.id == "x"
    assert claims == tmp_path / "claims"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"parentage.case-file/1"', '"other/1"', "format 'other/1'"),
        ('ref = "a/b"', 'ref = "../b"', "candidate.ref"),
        ('ref = "a/b"', "", "either a ref or a reason"),
        ('types = ["W"]', 'types = ["Z"]', "types.0"),
        ('title = "X"', 'title = "X"\nresult = "guilty"', "result"),
        ('[[established]]\ntext = "t"\nsource = "s"\n', "", "established or"),
        ('title = "X"', 'title = "X"\ntitle = "Y"', "no TOML"),
        ('title = "X"', "title = 3", "title"),
        (
            "[[established]]",
            '[[controls]]\nkind="positive"\nref="a/b"\nagainst="a/b"\nwhy="w"\n'
            "[[established]]",
            "against itself",
        ),
        (
            "[[established]]",
            '[[claims]]\nby="b"\nsays="other"\ntext="t"\nsource="s"\n'
            'numbers=[{what="w", printed="inf"}]\n[[established]]',
            "no finite number",
        ),
        (
            "[[established]]",
            '[[claims]]\nby="b"\nsays="other"\ntext="t"\nsource="s"\n'
            'file="../../x.yaml"\n[[established]]',
            "claims.0.file",
        ),
    ],
)
def test_malformed_cases_end_in_one_error(old, new, message):
    assert old in MINIMAL
    with pytest.raises(CaseError, match=message):
        parse_case(MINIMAL.replace(old, new, 1), "x.toml")


def test_unknown_cases_are_a_wrong_usage():
    with pytest.raises(UsageError, match="no case 'nothing'"):
        load_case("nothing")


def test_a_claim_that_is_not_there_is_an_error(tmp_path):
    text = MINIMAL + '[[claims]]\nby="b"\nsays="other"\ntext="t"\nsource="s"\n'
    case = parse_case(text + 'file="gone.yaml"\n', "x.toml")
    with pytest.raises(CaseError, match="not there"):
        run_case(case, claims=tmp_path)
