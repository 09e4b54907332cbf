# SPDX-License-Identifier: Apache-2.0
"""Records as a whole: an honest one, tampered ones, and what commands answer."""

import json
import shutil
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from parentage.cli.main import cli
from parentage.errors import PacketError
from parentage.report.html import render_html
from parentage.report.language import Language
from parentage.report.training_html import render_logs, render_training
from parentage.report.training_schema import DOCUMENTS, schema_text, shipped_schema
from parentage.run.audit import audit
from parentage.run.training import verify_record
from parentage.run.training_check import check_packet, seal_packet, start_packet
from parentage.run.training_log import describe_logs

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "training" / "fixtures"
ZOO = ROOT / "zoo" / "models"

MANIFEST = """
schema = "parentage.packet/1"
[model]
name = "tiny"
vocabulary = 512
parameters = 150_000
[[stages]]
name = "pretraining"
kind = "pretraining"
steps = 1500
batch_size = 8
sequence_length = 64
optimizer = { name = "adamw", peak_lr = 2e-3 }
schedule = { family = "cosine", warmup_steps = 60, total_steps = 1500, final_lr = 1e-4 }
[stages.data]
tokens = 768_000
sources = [{ name = "stories", tokens = 768_000 }]
[[stages.logs]]
path = "logs/train.csv"
complete = true
averaged = 1
[[stages.hardware]]
accelerator = "V100"
precision = "fp32"
count = 1
hours = 0.1
"""


@pytest.fixture(name="packet")
def packet_fixture(tmp_path):
    folder = tmp_path / "packet"
    (folder / "logs").mkdir(parents=True)
    shutil.copy(FIXTURES / "cosine.csv", folder / "logs" / "train.csv")
    (folder / "packet.toml").write_text(MANIFEST, encoding="utf-8")
    seal_packet(folder)
    return folder


def change(packet, before, after, *, seal=True):
    file = packet / "packet.toml"
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), "utf-8")
    if seal:
        seal_packet(packet)


def test_honest_record_without_weights_is_incomplete_and_contradicts_nothing(packet):
    made = verify_record(packet)
    assert made.support == "incomplete"
    assert made.contradictions == ()
    met = {line.id: line.met for line in made.lines}
    assert met == {
        "initialisation": False,
        "chain": False,
        "references": False,
        "files": True,
        "log": True,
    }
    by = {e.check: e.outcome for e in made.evidence}
    assert by["packet-digests"] == "verified"
    assert by["token-count"] == "consistent"
    assert by["loss-schedule"] == "consistent"


@pytest.mark.parametrize(
    ("before", "after", "check"),
    [
        ("tokens = 768_000\nsources", "tokens = 999_000\nsources", "token-count"),
        ('family = "cosine"', 'family = "linear"', "loss-schedule"),
        ("vocabulary = 512", "vocabulary = 100_000", "loss-start"),
        ("hours = 0.1", "hours = 1e-3", "loss-timing"),
        ("parameters = 150_000", "parameters = 150_000_000_000", "compute-budget"),
        ("steps = 1500\nbatch", "steps = 700\nbatch", "loss-steps"),
    ],
)
def test_a_false_statement_is_contradicted_by_its_check(packet, before, after, check):
    change(packet, before, after)
    made = verify_record(packet)
    assert made.support == "contradicted"
    assert check in made.contradictions


def test_a_change_after_the_digests_is_found(packet):
    change(packet, 'name = "tiny"', 'name = "huge"', seal=False)
    made = verify_record(packet)
    assert made.contradictions == ("packet-digests",)
    (found,) = [e for e in made.evidence if e.check == "packet-digests"]
    assert found.items == ({"file": "packet.toml", "problem": "changed"},)


def test_an_unreadable_log_is_evidence_and_the_rest_is_checked(packet):
    (packet / "logs" / "train.csv").write_bytes(b"\x00\x01nothing")
    seal_packet(packet)
    made = verify_record(packet)
    reasons = {e.check: e.reason for e in made.evidence}
    assert reasons["loss-steps"] == "log-unreadable"
    assert reasons["token-count"] == "tokens-agree"
    assert made.support == "incomplete"


def test_references_are_held_against_the_released_weights(packet):
    clear = verify_record(
        packet, model=ZOO / "decoder-a", against=[ZOO / "decoder-b"], budget=4_000_000
    )
    (found,) = [e for e in clear.evidence if e.check == "references"]
    assert (found.outcome, found.reason) == ("verified", "reference-clear")
    linked = verify_record(
        packet, model=ZOO / "decoder-a", against=[ZOO / "decoder-a"], budget=4_000_000
    )
    assert linked.contradictions == ("references",)


def test_an_audit_carries_the_record(packet):
    report = audit(
        ZOO / "decoder-a", [ZOO / "decoder-b"], budget=4_000_000, training=packet
    )
    assert report.training.support == "incomplete"
    (found,) = [e for e in report.training.evidence if e.check == "references"]
    assert found.reason == "reference-clear"
    again = type(report).model_validate_json(report.to_json())
    assert again.training == report.training
    page = render_html(report)
    assert 'id="h-training"' in page


def test_check_says_what_is_missing_and_init_keeps_what_is_there(packet):
    made = check_packet(packet)
    assert made.mistakes == ()
    have = {p.id for p in made.pieces if p.present}
    assert have == {"log", "schedule", "batch", "size", "data", "hardware", "digests"}
    assert start_packet(packet).written is False
    change(packet, "steps = 1500", "stepps = 1500", seal=False)
    made = check_packet(packet)
    (mistake,) = made.mistakes
    assert mistake.startswith("stages.0.stepps: is no field of a packet")
    with pytest.raises(PacketError, match="stepps"):
        verify_record(packet)


def run(*words):
    result = CliRunner().invoke(
        cli, ["training", *map(str, words)], standalone_mode=False
    )
    return result.return_value, result.output


def test_commands_answer_with_codes_and_documents(packet, tmp_path):
    new = tmp_path / "new"
    assert run("init", new)[0] == 0
    assert (new / "packet.toml").exists()
    assert run("check", packet, "--lang", "ko")[0] == 0
    html = tmp_path / "page.html"
    code, text = run("verify", packet, "--html", html)
    assert code == 3
    assert "is incomplete" in " ".join(text.split())
    assert html.read_text("utf-8").startswith("<!doctype html>")
    code, text = run("verify", packet, "--json")
    plain = json.loads(text)
    jsonschema.validate(plain, json.loads(shipped_schema("training-1.schema.json")))
    change(packet, 'family = "cosine"', 'family = "linear"')
    assert run("verify", packet)[0] == 1
    code, text = run("log", FIXTURES / "cosine.csv", "--vocabulary", "512", "--json")
    assert code == 0
    schema = json.loads(shipped_schema("training-log-1.schema.json"))
    jsonschema.validate(json.loads(text), schema)
    assert run("log", FIXTURES / "cosine.csv", "--vocabulary", "90000")[0] == 1


@pytest.mark.parametrize("name", DOCUMENTS)
def test_shipped_schema_is_that_of_the_code(name):
    assert shipped_schema(name) == schema_text(name)


EVIL = '<script>alert("x")</script>\x1b[31m{0}{{7*7}}'


@pytest.mark.parametrize("code", ["en", "ko"])
def test_pages_escape_what_strangers_wrote(packet, code):
    change(packet, 'name = "tiny"', f"name = {json.dumps(EVIL)}")
    lang = Language(code)
    page = render_training(verify_record(packet), lang)
    logs = render_logs(describe_logs([FIXTURES / "resumed.csv"]), lang)
    for text in (page, logs):
        assert "<script" not in text
        assert "http://" not in text.replace("http://www.w3.org", "")
    assert "{0}{{7*7}}" in page
