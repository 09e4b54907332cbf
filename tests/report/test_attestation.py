# SPDX-License-Identifier: Apache-2.0
import base64
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parentage.errors import AttestationError
from parentage.report.attestation import (
    PREDICATE_TYPE,
    check_envelope,
    sign_report,
    statement_of,
)
from parentage.report.attestation_envelope import (
    PAYLOAD_TYPE,
    Envelope,
    Signed,
    pae,
    parse_envelopes,
)
from parentage.report.attestation_keys import (
    PublicKey,
    load_private,
    load_public,
    new_key,
)
from parentage.report.attestation_model import check_model, load_model_key
from parentage.report.canonical import canonical_json, differences, report_digest
from parentage.report.load import parse_report
from parentage.report.reply import attach_reply, check_replies

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
YEAR = timedelta(days=365)
OMS = Path(__file__).parent / "fixtures" / "oms"


@pytest.fixture(name="key", scope="module")
def key_fixture():
    return new_key("the auditor", NOW - YEAR, NOW + YEAR)


@pytest.fixture(name="envelope")
def envelope_fixture(report, key):
    return sign_report(report, key, NOW)


def outcomes(checks):
    return {check.id: check.outcome for check in checks}


def test_a_signed_report_holds(report, key, envelope):
    [again] = parse_envelopes(envelope.to_json())
    assert again == envelope
    checks = check_envelope(again, report, [key.public], NOW)
    assert outcomes(checks) == dict.fromkeys(
        ("signature", "key-validity", "report", "subjects"), "passed"
    )


def test_the_statement_is_in_toto_with_the_models_as_subjects(report, key):
    data = statement_of(report, key.public, NOW)
    assert data["_type"] == "https://in-toto.io/Statement/v1"
    assert data["predicateType"] == PREDICATE_TYPE
    models = [report.candidate, *report.references]
    assert [(s["name"], s["digest"]["sha256"]) for s in data["subject"]] == [
        (m.name, m.digest) for m in models
    ]


def test_dsse_vector_of_the_specification():
    # protocol.md of github.com/secure-systems-lab/dsse, 1.0.
    assert (
        pae("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_a_tampered_report_is_refused(report, key, envelope):
    changed = report.model_copy(update={"headline": "Nothing was found."})
    checks = check_envelope(envelope, changed, [key.public], NOW)
    assert outcomes(checks)["report"] == "failed"
    assert checks[-1].places["fields"] == "headline"


def test_a_report_for_other_models_is_refused(report, key):
    """Even one whose signature is good: the statement binds digests."""
    payload = statement_of(report, key.public, NOW)
    payload["subject"][0]["digest"]["sha256"] = "0" * 64
    raw = canonical_json(payload)
    signed = Signed(key.sign(pae(PAYLOAD_TYPE, raw)), key.public.keyid)
    checks = check_envelope(
        Envelope(raw, PAYLOAD_TYPE, (signed,)), report, [key.public], NOW
    )
    assert outcomes(checks)["subjects"] == "failed"
    other = report.candidate.model_copy(update={"digest": "1" * 64})
    moved = report.model_copy(update={"candidate": other})
    checks = check_envelope(sign_report(report, key, NOW), moved, [key.public], NOW)
    assert outcomes(checks)["report"] == "failed"
    assert "candidate.digest" in checks[-1].places["fields"]


def test_a_tampered_payload_is_refused_and_not_read(report, key, envelope):
    broken = Envelope(
        envelope.payload.replace(b"reused", b"absent"),
        envelope.payload_type,
        envelope.signatures,
    )
    checks = check_envelope(broken, report, [key.public], NOW)
    assert outcomes(checks) == {"signature": "failed"}
    assert "changed afterwards" in checks[0].say


def test_a_wrong_key_is_refused(report, envelope):
    other = new_key("somebody", None, None).public
    checks = check_envelope(envelope, report, [other], NOW)
    assert outcomes(checks) == {"signature": "failed"}
    assert "None of the given keys" in checks[0].say
    assert checks[0].places["given"] == other.keyid[:16]


@pytest.mark.parametrize("at", [NOW + 2 * YEAR, NOW - 2 * YEAR])
def test_an_expired_or_early_key_is_refused(report, key, envelope, at):
    checks = check_envelope(envelope, report, [key.public], at)
    assert outcomes(checks)["key-validity"] == "failed"


def test_the_signed_date_of_expiry_counts_where_the_key_file_has_none(
    report, key, envelope
):
    bare = PublicKey(key.public.raw)
    checks = check_envelope(envelope, report, [bare], NOW + 2 * YEAR)
    assert [c.outcome for c in checks if c.id == "key-validity"] == ["passed", "failed"]


def test_an_expired_key_does_not_sign(report, key):
    with pytest.raises(AttestationError, match="may not be used"):
        sign_report(report, key, NOW + 2 * YEAR)


def test_another_type_of_payload_is_refused(report, key, envelope):
    kind = "text/plain"
    sig = key.sign(pae(kind, envelope.payload))
    other = Envelope(envelope.payload, kind, (Signed(sig),))
    checks = check_envelope(other, report, [key.public], NOW)
    assert outcomes(checks) == {"payload-type": "failed"}


def test_another_type_of_statement_is_refused(report, key):
    data = statement_of(report, key.public, NOW)
    raw = canonical_json({**data, "predicateType": "https://slsa.dev/provenance/v1"})
    signed = Signed(key.sign(pae(PAYLOAD_TYPE, raw)))
    checks = check_envelope(
        Envelope(raw, PAYLOAD_TYPE, (signed,)), report, [key.public], NOW
    )
    assert outcomes(checks)["statement"] == "failed"


def test_without_a_key_nothing_is_called_signed(report, envelope):
    checks = check_envelope(envelope, report, [], NOW)
    assert outcomes(checks)["signature"] == "not-checked"


def test_cut_at_any_place_an_envelope_is_one_clear_error(envelope):
    text = envelope.to_json()
    for length in (*range(60), len(text) // 2, len(text) - 1):
        with pytest.raises(AttestationError, match="cut short"):
            parse_envelopes(text[:length], file="x.intoto.jsonl")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["payload", "payloadType", "signatures", "sig", "mediaType"]
                ),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_any_json_is_an_envelope_or_an_error(data):
    try:
        found = parse_envelopes(json.dumps(data))
    except AttestationError:
        return
    assert found[0].signatures


def test_the_digest_ignores_spacing_order_and_defaults(report):
    text = report.to_json()
    shuffled = json.dumps(dict(reversed(json.loads(text).items())))
    assert report_digest(parse_report(shuffled)) == report_digest(report)
    data = json.loads(text)
    del data["replies"], data["descents"]
    assert report_digest(parse_report(json.dumps(data))) == report_digest(report)


def test_differences_name_every_place():
    a = {"x": [1, {"y": 2}], "z": 1}
    assert list(differences(a, a)) == []
    b = {"x": [1, {"y": 3}], "w": 1}
    assert list(differences(a, b)) == ["w", "x.1.y", "z"]
    assert list(differences({"a": 1}, {"a": 1.0})) == ["a"]


def test_replies_leave_signatures_valid_and_are_bound_to_the_report(
    report, key, envelope
):
    party = new_key("the named team", None, NOW + YEAR)
    said = attach_reply(report, "Team", "We disagree.\n", NOW, key=party)
    said = attach_reply(said, "Donor", "So do we.", NOW)
    assert report_digest(said) == report_digest(report)
    assert all(
        c.outcome == "passed" for c in check_envelope(envelope, said, [key.public], NOW)
    )
    signed, unsigned = check_replies(said, [party.public], NOW)
    assert (signed.outcome, unsigned.outcome) == ("passed", "not-checked")
    assert check_replies(said, [], NOW)[0].outcome == "not-checked"
    assert check_replies(said, [], NOW + 2 * YEAR)[0].outcome == "failed"
    again = parse_report(said.to_json())
    assert again.replies == said.replies
    changed = again.replies[0].model_copy(update={"statement": "We agree."})
    forged = again.model_copy(update={"replies": (changed,)})
    assert check_replies(forged, [party.public], NOW)[0].outcome == "failed"
    elsewhere = report.model_copy(
        update={"headline": "Else.", "replies": again.replies}
    )
    assert {c.outcome for c in check_replies(elsewhere, [], NOW)} == {"failed"}


def test_empty_and_endless_replies_are_refused(report):
    for text in ("", " \n", "x" * 100_001):
        with pytest.raises(AttestationError, match="too much"):
            attach_reply(report, "Team", text, NOW)


def test_keys_as_files(tmp_path):
    made = new_key("Owner 이름", NOW - YEAR, NOW + YEAR)
    file = tmp_path / "key"
    file.write_text(made.to_pem("secret"))
    (tmp_path / "key.pub").write_text(made.public.to_json())
    assert load_private(file, "secret").public == made.public
    assert load_public(tmp_path / "key.pub") == made.public
    for passphrase in (None, "wrong"):
        with pytest.raises(AttestationError, match="no private key"):
            load_private(file, passphrase)
    other = new_key(None, None, None)
    (tmp_path / "key.pub").write_text(other.public.to_json())
    with pytest.raises(AttestationError, match="not the public half"):
        load_private(file, "secret")
    with pytest.raises(AttestationError, match="Never give the private key"):
        load_public(file)
    data = json.loads(made.public.to_json())
    for change in (
        {"keyid": "0" * 64},
        {"public_key": base64.b64encode(b"x").decode()},
        {"not_after": "tomorrow"},
        {"schema": "other"},
    ):
        (tmp_path / "bad").write_text(json.dumps({**data, **change}))
        with pytest.raises(AttestationError):
            load_public(tmp_path / "bad")


@pytest.fixture(name="signed", params=["files", "shards"])
def signed_fixture(request, tmp_path):
    """A model that model-signing 1.1.1 signed, see record_model_signatures.py."""
    return Path(shutil.copytree(OMS / request.param, tmp_path / "model"))


def test_model_signatures_of_the_reference_implementation_hold(signed):
    checks = check_model(signed, [load_model_key(OMS / "key.pem")])
    assert outcomes(checks) == {"model-signature": "passed", "model-files": "passed"}
    assert outcomes(check_model(signed))["model-signature"] == "not-checked"
    lines = json.dumps(json.loads((signed / "model.sig").read_text()))
    (signed / "claims.jsonl").write_text(f"{lines}\n{lines}\n")
    assert len(check_model(signed, [load_model_key(OMS / "key.pem")])) == 6


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda d: (d / "config.json").write_text("{}"), "config.json"),
        (lambda d: (d / "sub" / "note.txt").unlink(), "sub/note.txt"),
        (lambda d: (d / "more.bin").write_text("x"), "+ more.bin"),
        (
            lambda d: (d / "model.safetensors").open("ab").write(b"tail"),
            "model.safetensors",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_changed_missing_and_unsigned_files_are_named(signed, damage, named):
    damage(signed)
    checks = check_model(signed, [load_model_key(OMS / "key.pem")])
    assert outcomes(checks)["model-files"] == "failed"
    assert named in checks[-1].places["files"]


def payload_changed(signed, change):
    bundle = json.loads((signed / "model.sig").read_text())
    payload = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    change(payload)
    raw = base64.b64encode(json.dumps(payload).encode()).decode()
    bundle["dsseEnvelope"]["payload"] = raw
    (signed / "model.sig").write_text(json.dumps(bundle))


def test_forged_manifests_are_refused(signed):
    payload_changed(signed, lambda p: p["predicate"]["resources"].pop())
    keyed = check_model(signed, [load_model_key(OMS / "key.pem")])
    assert outcomes(keyed) == {"model-signature": "failed"}
    assert outcomes(check_model(signed))["model-files"] == "failed"


def test_listed_paths_cannot_leave_the_model(signed):
    def escape(payload):
        payload["predicateType"] = "https://model_signing/Digests/v0.1"
        payload["subject"] = [{"name": "../key.pem", "digest": {"sha256": "00"}}]

    payload_changed(signed, escape)
    with pytest.raises(AttestationError, match="leads out of the model"):
        check_model(signed)


def test_a_model_key_of_another_kind_is_refused(tmp_path):
    with pytest.raises(AttestationError):
        load_model_key(tmp_path / "none.pem")
    made = new_key(None, None, None)
    (tmp_path / "key").write_text(made.public.to_json())
    with pytest.raises(AttestationError):
        load_model_key(tmp_path / "key")
