# SPDX-License-Identifier: Apache-2.0
"""Keyless signatures: a bundle of the real service, checked without any network.

The extra's library brings the trusted root of the production service, so certificate
chain, certificate log, transparency log and identity are all checked for real.
"""

import base64
import json
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.run.test_training_signature import packet_of

from parentage.errors import AttestationError
from parentage.report.attestation_envelope import read_envelopes
from parentage.report.attestation_keys import new_key
from parentage.report.attestation_sigstore import check_bundle, sign_keyless
from parentage.run.attest import verify_report
from parentage.run.training_signature import Trust, signature_evidence
from parentage.training.packet import open_packet

pytestmark = pytest.mark.services
FILE = (
    Path(__file__).parent
    / "fixtures/sigstore/pypi_attestations-0.0.19.tar.gz.publish.attestation"
)
WHO = (
    "https://github.com/trailofbits/pypi-attestations/.github/workflows/release.yml"
    "@refs/tags/v0.0.19"
)
ISSUER = "https://token.actions.githubusercontent.com"
WHEN = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    """No trusted root that a user has, and no network."""
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))

    def refuse(*args, **kwargs):
        message = "no network in this test"
        raise OSError(message)

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(name="bundle")
def bundle_fixture():
    """The attestation in the form of a bundle (PEP 740 names its parts anew)."""
    data = json.loads(FILE.read_text())
    material, envelope = data["verification_material"], data["envelope"]
    return {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": {"rawBytes": material["certificate"]},
            "tlogEntries": material["transparency_entries"],
        },
        "dsseEnvelope": {
            "payload": envelope["statement"],
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"sig": envelope["signature"]}],
        },
    }


def read(bundle, folder):
    file = folder / "bundle.json"
    file.write_text(json.dumps(bundle))
    (envelope,) = read_envelopes(file)
    return envelope


def check(envelope, who=WHO, issuer=ISSUER):
    return check_bundle(envelope, "signature", who, issuer)


def test_a_bundle_of_the_real_service_holds(bundle, tmp_path):
    found = check(read(bundle, tmp_path))
    assert (found.outcome, found.places["who"]) == ("passed", WHO)


@pytest.mark.parametrize(
    ("who", "issuer", "why"),
    [
        (WHO.replace("0.0.19", "0.0.20"), ISSUER, "SANs do not match"),
        (WHO, "https://accounts.google.com", "OIDCIssuer does not match"),
    ],
)
def test_another_identity_or_issuer_does_not(who, issuer, why, bundle, tmp_path):
    found = check(read(bundle, tmp_path), who, issuer)
    assert found.outcome == "failed"
    assert why in found.places["why"]


def spoil_payload(bundle):
    payload = base64.b64decode(bundle["dsseEnvelope"]["payload"])
    changed = payload.replace(b"0.0.19", b"0.0.18")
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(changed).decode()


def spoil_signature(bundle):
    signature = bytearray(
        base64.b64decode(bundle["dsseEnvelope"]["signatures"][0]["sig"])
    )
    signature[-1] ^= 1
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(
        signature
    ).decode()


def spoil_log(bundle):
    (entry,) = bundle["verificationMaterial"]["tlogEntries"]
    entry["inclusionProof"]["hashes"][0] = base64.b64encode(bytes(32)).decode()


def spoil_time(bundle):
    (entry,) = bundle["verificationMaterial"]["tlogEntries"]
    entry["integratedTime"] = str(int(entry["integratedTime"]) + 86_400)


def spoil_certificate(bundle):
    raw = bytearray(
        base64.b64decode(bundle["verificationMaterial"]["certificate"]["rawBytes"])
    )
    raw[-1] ^= 1
    bundle["verificationMaterial"]["certificate"]["rawBytes"] = base64.b64encode(
        raw
    ).decode()


@pytest.mark.parametrize(
    "spoil",
    [spoil_payload, spoil_signature, spoil_log, spoil_time, spoil_certificate],
    ids=lambda spoil: spoil.__name__.removeprefix("spoil_"),
)
def test_anything_changed_is_refused(spoil, bundle, tmp_path):
    spoil(bundle)
    assert check(read(bundle, tmp_path)).outcome == "failed"


def test_the_payload_that_is_read_must_be_the_one_that_was_signed(bundle, tmp_path):
    envelope = replace(read(bundle, tmp_path), payload=b"{}")
    found = check(envelope)
    assert found.outcome == "failed"
    assert found.say == "The bundle signs another payload."


def test_a_valid_signature_of_something_else_signs_no_report(report, bundle, tmp_path):
    stored = tmp_path / "report.json"
    stored.write_text(report.to_json(), encoding="utf-8")
    signature = tmp_path / "bundle.json"
    signature.write_text(json.dumps(bundle))
    found = verify_report(stored, signature=signature, identity=WHO, issuer=ISSUER)
    outcomes = {c.id: c.outcome for c in found.checks}
    assert outcomes["signature"] == "passed"
    assert outcomes["statement"] == "failed"
    assert found.outcome == "failed"


def test_keyless_signing_without_identity_or_network_is_one_clear_error(
    report, monkeypatch
):
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI", "BUILDKITE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(AttestationError, match=r"sign with|could not sign"):
        sign_keyless(report, WHEN)
    with pytest.raises(AttestationError, match="could not sign"):
        sign_keyless(report, WHEN, "no.token.atall")


@pytest.mark.parametrize(
    ("who", "issuer", "reason", "why"),
    [
        (WHO, ISSUER, "signature-kind", "statement"),
        (WHO.replace("0.0.19", "0.0.20"), ISSUER, "signature-keyless", "SANs"),
        (WHO, "https://accounts.google.com", "signature-keyless", "OIDCIssuer"),
        (None, None, "signature-keyless", "--identity"),
    ],
)
def test_a_training_record_asks_the_same_of_its_signature(
    who, issuer, reason, why, bundle, tmp_path
):
    packet = packet_of(tmp_path / "packet")
    (packet / "SHA256SUMS.dsse.json").write_text(json.dumps(bundle))
    key = new_key("Team", WHEN - timedelta(days=1), WHEN + timedelta(days=1))
    public = tmp_path / "team.pub"
    public.write_text(key.public.to_json(), "utf-8")
    trust = Trust((public,), identity=who, issuer=issuer, at=WHEN)
    made = signature_evidence(open_packet(packet), trust)
    # A valid signature of something else is no signature of this list.
    assert (made.outcome, made.reason) == ("missing", reason)
    assert why in made.facts["error"]
