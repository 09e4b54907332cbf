# SPDX-License-Identifier: Apache-2.0
"""The commands check-claim and case: output, exit codes, errors, languages."""

import json
import os

import jsonschema
import pytest

from parentage.report import case_document, claim_document
from parentage.run.cases import folder, shipped

CLAIMS = folder().joinpath("claims")
DATA = os.environ.get("PARENTAGE_DATA")


def test_schema_file_is_that_of_the_model():
    assert claim_document.shipped_schema() == claim_document.schema_text()


def test_claim_as_text_json_and_page(run, tmp_path):
    page = tmp_path / "out.html"
    file = CLAIMS / "hyperclovax-share-2026-01.yaml"
    result = run("check-claim", file, "--html", page)
    assert result.code == 1
    assert "0.0206929" in result.out
    assert "does not reproduce" in result.out
    html = page.read_text(encoding="utf-8")
    assert html.startswith("<!doctype html>")
    assert "<script" not in html
    result = run("check-claim", file, "--json")
    plain = json.loads(result.out)
    jsonschema.validate(plain, json.loads(claim_document.shipped_schema()))
    assert plain["command"][:2] == ["parentage", "check-claim"]
    assert plain["judgement"]["outcome"] == "does-not-reproduce"


def test_exit_codes(run, tmp_path):
    claim = tmp_path / "x.csv"
    rows = "label,statistic,of,printed,table,column,take\n"
    (tmp_path / "t.csv").write_text("r\n0.500\n")
    claim.write_text(rows + "a,pearson,matrices,0.5,t.csv,r,\n")
    assert run("check-claim", claim).code == 0
    claim.write_text(rows + "a,pearson,matrices,0.6,t.csv,r,\n")
    assert run("check-claim", claim).code == 1
    claim.write_text(rows + "a,pearson,matrices,0.6,u.csv,r,\n")
    assert run("check-claim", claim).code == 3
    claim.write_text("nothing\n")
    result = run("check-claim", claim, "--json")
    assert result.code == 4
    assert json.loads(result.out)["error"]["code"] == "claim"
    assert run("check-claim", claim, "--model", "x").code == 2
    assert run("check-claim", claim, "--model", "x=1", "--model", "x=2").code == 2


def test_norm_cosine_cannot_carry_a_claim_even_without_raw_data(run):
    result = run("check-claim", CLAIMS / "solar-glm-2026-01-01.yaml")
    text = " ".join(result.out.split())
    assert result.code == 1
    assert "never evidence of descent" in text
    assert "1,099 of 1,099 reach .94874 (95 % bounds 99.66 % to 100.00 %)" in text


@pytest.mark.parametrize("name", sorted(f.name for f in CLAIMS.iterdir()))
def test_every_claim_is_said_in_korean(run, name, tmp_path):
    page = tmp_path / "ko.html"
    words = ("check-claim", CLAIMS / name, *(("--data", DATA) if DATA else ()))
    result = run(*words, "--lang", "ko", "--html", page)
    assert result.code in {0, 1, 3}
    assert "재현" in result.out or "확인할 수 없" in result.out
    assert 'lang="ko"' in page.read_text(encoding="utf-8")


def test_json_is_the_same_in_every_language(run):
    words = ("check-claim", CLAIMS / "pangu-pro-moe-2025-07.yaml", "--json")
    both = [json.loads(run(*words, "--lang", code).out) for code in ("en", "ko")]
    for plain in both:
        plain.pop("created")
    assert both[0] == both[1]


def test_names_in_claims_drive_neither_page_nor_terminal(run, tmp_path):
    claim, page = tmp_path / "x.csv", tmp_path / "x.html"
    claim.write_text(
        "label,statistic,of,printed\n<script>alert(1)</script>\x1b[31m,cosine,matrices,1\n"
    )
    result = run("check-claim", claim, "--html", page)
    assert "\x1b[31m" not in result.out
    assert "<script>" not in page.read_text(encoding="utf-8")


def test_cases_are_listed_and_shown(run):
    result = run("case", "list", "--json")
    assert [c["id"] for c in json.loads(result.out)["cases"]] == list(shipped())
    assert "kimi-k2" in run("case", "list").out
    text = " ".join(run("case", "show", "a-x-k1").out.split())
    assert "No result of this tool stands in it" in text
    assert "163,840" in text
    assert "public name not verified" in run("case", "show", "llama3-v").out
    shown = json.loads(run("case", "show", "a-x-k1", "--json").out)
    assert shown["candidate"]["ref"] == "skt/A.X-K1"
    assert "아키텍처" in run("case", "show", "a-x-k1", "--lang", "ko").out
    assert run("case", "show", "nothing").code == 2


def test_a_hosted_model_is_said_to_be_unreadable(run, tmp_path):
    page = tmp_path / "case.html"
    result = run("case", "run", "composer-2", "--html", page)
    assert result.code == 3
    assert "weights are not public" in " ".join(result.out.split())
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    plain = json.loads(run("case", "run", "composer-2", "--json").out)
    jsonschema.validate(plain, json.loads(case_document.shipped_schema()))


def test_a_case_on_local_models(run, models, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(
        'format = "parentage.case-file/1"\nid = "own"\ntitle = "Own"\n'
        'title_ko = "예"\ndate = "2026"\ntypes = ["W"]\nsources = ["here"]\n'
        '[candidate]\nref = "zoo/decoder-a-finetuned"\n'
        '[[references]]\nref = "zoo/decoder-a"\nwhy = "its parent"\n'
        '[[controls]]\nkind = "negative"\nref = "zoo/decoder-b"\n'
        'against = "zoo/decoder-a"\nwhy = "trained apart"\n'
        '[[established]]\ntext = "t"\nsource = "s"\n'
    )
    local = tmp_path / "local"
    local.mkdir()
    (local / "zoo").symlink_to(models)
    page = tmp_path / "own.html"
    result = run("case", "run", own, "--local", local, "--html", page)
    text = " ".join(result.out.split())
    assert result.code == 1
    assert "1 of 1 references show reuse" in text
    assert "1 of 1 controls came out as they must" in text
    assert "stand-in" not in text
    assert "decoder-b against" in page.read_text(encoding="utf-8")
    korean = run("case", "run", own, "--local", local, "--lang", "ko").out
    assert "재사용이 발견" in korean
