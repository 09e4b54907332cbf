# SPDX-License-Identifier: Apache-2.0
"""Signatures over a packet: made by a team, checked by whoever trusts its key."""

import base64
import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from parentage.cli.main import main
from parentage.errors import AttestationError, PacketError
from parentage.report.attestation_envelope import PAYLOAD_TYPE, append_envelope, pae
from parentage.report.attestation_keys import new_key
from parentage.report.training_reasons import REASONS
from parentage.run.training_check import check_packet, seal_packet
from parentage.run.training_signature import Trust, sign_packet, signature_evidence
from parentage.training.packet import open_packet

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MANIFEST = """
schema = "parentage.packet/1"
[model]
name = "{name}"
[[stages]]
name = "pretraining"
kind = "pretraining"
logs = [{{ path = "log.csv" }}]
[signature]
envelope = "SHA256SUMS.dsse.json"
"""


def packet_of(folder, name="tiny"):
    folder.mkdir()
    (folder / "packet.toml").write_text(MANIFEST.format(name=name), "utf-8")
    (folder / "log.csv").write_text(f"step,loss\n0,6.2\n1,{len(name)}\n", "utf-8")
    (folder / "SHA256SUMS.dsse.json").write_text("", "utf-8")
    seal_packet(folder)
    return folder


@pytest.fixture(name="packet")
def packet_fixture(tmp_path):
    return packet_of(tmp_path / "packet")


def key_of(folder, owner="Team", start=NOW - timedelta(days=9), end=None):
    key = new_key(owner, start, end or NOW + timedelta(days=9))
    file = folder / f"{owner}.pub"
    file.write_text(key.public.to_json(), "utf-8")
    return key, file


def sign(packet, key, when=NOW):
    target, line = sign_packet(packet, key, when)
    target.write_text(f"{line}\n", "utf-8")
    return target


def said(packet, *files, at=NOW):
    made = signature_evidence(open_packet(packet), Trust(files, at=at))
    assert made.reason in REASONS
    return made.outcome, made.reason


def test_a_signature_of_a_trusted_key_counts(packet, tmp_path):
    key, public = key_of(tmp_path)
    sign(packet, key)
    assert said(packet, public) == ("verified", "signature-good")
    made = signature_evidence(open_packet(packet), Trust((public,), at=NOW))
    assert made.facts["owner"] == "Team"
    assert made.facts["signed_on"].startswith("2026-11-25")
    # The signature is not one of the files that it covers.
    assert check_packet(packet, trust=Trust((public,), at=NOW)).sound


def test_another_key_an_expired_one_and_none(packet, tmp_path):
    key, public = key_of(tmp_path)
    _, other = key_of(tmp_path, "Other")
    sign(packet, key)
    assert said(packet, other) == ("missing", "signature-other-key")
    assert said(packet, other, public)[1] == "signature-good"
    later = NOW + timedelta(days=30)
    assert said(packet, public, at=later) == ("missing", "signature-expired")
    assert said(packet)[1] == "signature-unchecked"
    assert not check_packet(packet, trust=Trust((other,), at=NOW)).sound


def test_a_changed_list_and_a_signature_of_another_packet(packet, tmp_path):
    key, public = key_of(tmp_path)
    target = sign(packet, key)
    (packet / "log.csv").write_text("step,loss\n0,1.0\n", "utf-8")
    made = check_packet(packet, trust=Trust((public,), at=NOW))
    assert {e.check: e.outcome for e in made.evidence} == {
        "packet-digests": "contradicted",
        "packet-signature": "verified",
    }
    assert not made.sound
    seal_packet(packet)
    assert said(packet, public) == ("contradicted", "signature-other-list")
    other = packet_of(tmp_path / "other", "another")
    shutil.copy(target, other / target.name)
    made = signature_evidence(open_packet(other), Trust((public,), at=NOW))
    assert made.reason == "signature-other-list"
    assert made.facts["model"] == "tiny"


def test_a_changed_statement_and_another_kind_of_statement(packet, tmp_path):
    key, public = key_of(tmp_path)
    target = sign(packet, key)
    envelope = json.loads(target.read_text("utf-8"))
    whole = envelope["payload"]
    envelope["payload"] = "e30="
    target.write_text(json.dumps(envelope), "utf-8")
    assert said(packet, public) == ("contradicted", "signature-broken")
    for payload in (b"{}", b"[1]", b"no", b'{"predicateType": 3}'):
        sig = key.sign(pae(PAYLOAD_TYPE, payload))
        envelope["payload"] = base64.b64encode(payload).decode()
        envelope["signatures"][0]["sig"] = base64.b64encode(sig).decode()
        target.write_text(json.dumps(envelope), "utf-8")
        assert said(packet, public) == ("missing", "signature-kind")
    target.write_text(whole[:40], "utf-8")
    assert said(packet, public) == ("missing", "signature-unreadable")
    target.write_text("", "utf-8")
    assert said(packet, public) == ("missing", "no-signature")


def test_a_key_in_the_packet_is_trusted_by_nobody(packet, tmp_path):
    key, _ = key_of(tmp_path)
    file = packet / "packet.toml"
    text = file.read_text("utf-8") + 'public_key = "team.pub"\n'
    file.write_text(text, "utf-8")
    (packet / "team.pub").write_text(key.public.to_json(), "utf-8")
    seal_packet(packet)
    sign(packet, key)
    assert said(packet) == ("missing", "signature-own-key")


def test_only_a_sealed_packet_is_signed(packet, tmp_path):
    key, _ = key_of(tmp_path)
    (packet / "more.txt").write_text("later", "utf-8")
    with pytest.raises(PacketError, match=r"does not describe.*more\.txt"):
        sign_packet(packet, key, NOW)
    (packet / "SHA256SUMS").unlink()
    with pytest.raises(PacketError, match="nothing to sign"):
        sign_packet(packet, key, NOW)
    seal_packet(packet)
    with pytest.raises(AttestationError, match="may not be used"):
        sign_packet(packet, key, NOW + timedelta(days=30))
    file = packet / "packet.toml"
    text = file.read_text("utf-8")
    file.write_text(text[: text.index("[signature]")], "utf-8")
    seal_packet(packet)
    with pytest.raises(PacketError, match="where signatures lie"):
        sign_packet(packet, key, NOW)
    file.write_text(text.replace("SHA256SUMS.dsse.json", "../out.json"), "utf-8")
    seal_packet(packet)
    with pytest.raises(Exception, match="out of"):
        sign_packet(packet, key, NOW)


def test_several_sign_and_one_trusted_is_enough(packet, tmp_path):
    first, one = key_of(tmp_path, "First")
    second, two = key_of(tmp_path, "Second")
    target = sign(packet, first)
    _, line = sign_packet(packet, second, NOW)
    target.write_text(append_envelope(target, line), "utf-8")
    assert said(packet, one)[1] == said(packet, two)[1] == "signature-good"


def test_commands_sign_and_check(packet, tmp_path, capsys):
    def run(*words):
        code = main(["training", *map(str, words)])
        return code, capsys.readouterr()

    assert main(["keygen", str(tmp_path / "key"), "--owner", "Team"]) == 0
    capsys.readouterr()
    (packet / "SHA256SUMS.dsse.json").unlink()
    code, out = run("sign", packet, "--key", tmp_path / "key")
    assert (code, out.out) == (0, "")
    public = tmp_path / "key.pub"
    code, out = run("check", packet, "--key", public, "--json")
    rows = {e["check"]: e for e in json.loads(out.out)["evidence"]}
    assert (code, rows["packet-signature"]["reason"]) == (0, "signature-good")
    assert run("check", packet)[0] == 0
    _, other = key_of(tmp_path, "Other")
    code, out = run("check", packet, "--key", other)
    assert code == 1
    assert "None of the given keys" in out.out
    assert run("check", packet, "--key", "absent")[0] == 4
    code, out = run("verify", packet, "--key", public, "--json")
    found = {e["check"]: e["reason"] for e in json.loads(out.out)["evidence"]}
    assert (code, found["packet-signature"]) == (3, "signature-good")
    assert run("sign", packet)[0] == 2
