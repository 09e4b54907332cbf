# SPDX-License-Identifier: Apache-2.0
"""Signing, replying, verifying and showing a stored report from the command line."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import jsonschema
import pytest

from parentage.report.attestation_document import Verification

SCHEMA = Path(__file__).parents[2] / "src/parentage/report/verification-1.schema.json"


@pytest.fixture(name="stored", scope="module")
def stored_fixture(tmp_path_factory, models):
    from parentage.run.audit import audit

    report = audit(
        models / "vlm-frozen", [models / "vlm-donor"], budget=400_000, undo_budget=0
    )
    file = tmp_path_factory.mktemp("stored") / "report.json"
    file.write_text(report.to_json(), encoding="utf-8")
    return file


@pytest.fixture(name="report")
def report_fixture(stored, tmp_path):
    return Path(shutil.copy(stored, tmp_path / "report.json"))


@pytest.fixture(name="key")
def key_fixture(run, tmp_path):
    key = tmp_path / "key"
    assert run("keygen", key, "--owner", "Auditor").code == 0
    return key


def verified(run, *words):
    result = run("verify", *words, "--json")
    document = json.loads(result.out)
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    return result.code, {c["id"]: c["outcome"] for c in document["checks"]}


def test_the_shipped_schema_is_that_of_the_model():
    from parentage.report.schemas import model_schema

    assert SCHEMA.read_text("utf-8") == model_schema(Verification)


def test_keys_are_private_and_never_overwritten(run, key):
    assert oct(key.stat().st_mode & 0o777) == "0o600"
    result = run("keygen", key)
    assert result.code == 2
    assert "exists already" in result.err
    assert run("keygen", f"{key}2", "--expires", "2020-01-01").code == 2


def test_sign_reply_verify_and_run_again(run, models, report, key, tmp_path):
    statement = tmp_path / "statement.txt"
    statement.write_text("라이선스를 받았습니다.", encoding="utf-8")
    assert run("sign", report, "--key", key).code == 0
    said = run(
        *("reply", report, "--party", "Team", "--statement", statement, "--key", key)
    )
    assert said.code == 0
    moved = shutil.copytree(models / "vlm-frozen", tmp_path / "elsewhere")
    code, checks = verified(
        *(run, report, "--key", f"{key}.pub"),
        *("--model", moved, "--model", models / "vlm-donor"),
    )
    assert code == 0
    assert set(checks.values()) == {"passed"}
    assert {
        "signature",
        "report",
        "subjects",
        "reply",
        "model-digest",
        "re-run",
    } <= set(checks)
    text = run("verify", report, "--key", f"{key}.pub", "--lang", "ko").out
    assert "검증됨" in text
    html = run("report", report, "--format", "html").out
    assert "라이선스를 받았습니다." in html


def test_other_weights_are_not_the_report(run, models, report):
    code, checks = verified(
        run, report, "--model", models / "vlm-tuned", "--model", models / "vlm-donor"
    )
    assert code == 1
    assert checks["model-digest"] in {"failed", "passed"}
    assert checks["re-run"] == "failed"
    result = run("verify", report, "--model", models / "vlm-tuned")
    assert result.code == 2
    assert "expected 2: vlm-frozen, vlm-donor" in result.err


def test_what_does_not_hold_exits_1_and_what_is_malformed_4(run, report, key, tmp_path):
    public = f"{key}.pub"
    assert run("verify", report).code == 3
    run("sign", report, "--key", key)
    signature = Path(f"{report}.intoto.jsonl")
    assert verified(run, report, "--key", public)[0] == 0
    assert verified(run, report)[0] == 3
    assert verified(run, report, "--key", public, "--at", "2099-01-01")[0] == 1
    run("keygen", tmp_path / "other")
    assert verified(run, report, "--key", tmp_path / "other.pub")[0] == 1
    whole = signature.read_text()
    signature.write_text(whole[: len(whole) // 2])
    result = run("verify", report, "--key", public)
    assert result.code == 4
    assert "cut short" in result.err
    signature.write_text(whole)
    data = json.loads(report.read_text())
    data["headline"] = "Nothing."
    report.write_text(json.dumps(data))
    code, checks = verified(run, report, "--key", public)
    assert (code, checks["report"]) == (1, "failed")


def test_signatures_are_added_and_other_files_left_alone(run, report, key, tmp_path):
    run("keygen", tmp_path / "second")
    run("sign", report, "--key", key)
    run("sign", report, "--key", tmp_path / "second")
    lines = Path(f"{report}.intoto.jsonl").read_text().splitlines()
    assert len(lines) == 2
    other = tmp_path / "notes.txt"
    other.write_text("mine")
    assert run("sign", report, "--key", key, "-o", other).code == 4
    assert other.read_text() == "mine"
    assert run("sign", report).code == 2


def test_a_passphrase_comes_from_the_environment_alone(
    run, report, tmp_path, monkeypatch
):
    key = tmp_path / "locked"
    monkeypatch.setenv("PARENTAGE_KEY_PASSPHRASE", "secret")
    run("keygen", key)
    assert "ENCRYPTED" in key.read_text()
    assert run("sign", report, "--key", key).code == 0
    monkeypatch.delenv("PARENTAGE_KEY_PASSPHRASE")
    assert run("sign", report, "--key", key).code == 4


def test_every_plain_form_from_a_stored_report(run, report, tmp_path):
    assert json.loads(run("report", report, "--format", "json").out)["schema"]
    assert json.loads(run("report", report, "--format", "sarif").out)["runs"]
    assert run("report", report, "--format", "markdown", "--lang", "ko").out[0] == "#"
    target = tmp_path / "out.md"
    result = run(
        "report", report, "--format", "markdown", "--lang", "both", "-o", target
    )
    assert result.code == 0
    assert {f.name for f in tmp_path.glob("out*")} == {"out.en.md", "out.ko.md"}
    both = run("report", report, "--format", "html", "--lang", "both").out
    assert 'id="say-ko"' in both
    assert run("report", report, "--format", "pdf").code == 2
    assert run("report", "no-such-file", "--format", "html").code == 4
    if os.geteuid():
        assert run("report", report, "--format", "html", "-o", "/x/y.html").code == 2


def test_an_audit_writes_what_names_ask_for(run, models, tmp_path):
    pair = ("audit", models / "decoder-b", "--against", models / "decoder-a")
    small = ("--budget", "200kB", "--undo-budget", "0")
    files = [tmp_path / "r.sarif", tmp_path / "r.md"]
    result = run(*pair, *small, "--write", files[0], "--write", files[1])
    assert result.code == 0
    assert json.loads(files[0].read_text())["version"] == "2.1.0"
    assert files[1].read_text().startswith("# Parentage of decoder")
    result = run(*pair, "--write", tmp_path / "r.doc")
    assert result.code == 2
    assert "no known form" in result.err


def test_hashes_of_files_are_taken_on_request_and_change_no_check(
    run, models, tmp_path
):
    line = ["audit", models / "decoder-b", "--against", models / "decoder-a"]
    line += ["--budget", "150kB", "--undo-budget", "0", "--json", "--hash-files"]
    result = run(*line)
    assert result.code == 0
    document = json.loads(result.out)
    assert document["command"][-1] == "--hash-files"
    (file,) = document["candidate"]["files"]
    data = (models / "decoder-b" / file["name"]).read_bytes()
    assert file["sha256"] == hashlib.sha256(data).hexdigest()
    assert file["sha256_from"] == "bytes"
    stored = tmp_path / "hashed.json"
    stored.write_text(result.out, encoding="utf-8")
    given = ["--model", models / "decoder-b", "--model", models / "decoder-a"]
    code, checks = verified(run, stored, *given)
    assert code == 0
    assert checks["re-run"] == "passed"
    sarif = json.loads(run("report", stored, "--format", "sarif").out)
    (first, _) = sarif["runs"][0]["artifacts"]
    assert first["hashes"] == {"sha-256": file["sha256"]}
    document["candidate"]["files"][0]["sha256"] = "no hash"
    stored.write_text(json.dumps(document), encoding="utf-8")
    refused = run("report", stored, "--format", "sarif")
    assert refused.code == 4
    assert "candidate.files.0.sha256" in refused.err
