# SPDX-License-Identifier: Apache-2.0
"""Keyless signatures through Sigstore; needs the extra ``sign``.

Signing asks Sigstore's certificate authority and transparency log, so it needs the
network and an identity: a token of the CI system, or one that is given. Checking uses
the library's trusted root: the cached one where ``offline``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from parentage.errors import AttestationError, MissingExtraError
from parentage.report.attestation_document import Check, failed, open_check, passed
from parentage.report.attestation_envelope import PAYLOAD_TYPE, Envelope
from parentage.report.canonical import canonical_json
from parentage.report.language import marked

if TYPE_CHECKING:
    from datetime import datetime

    from parentage.report.document import Report

EXTRA: Final = "sign"


def _library() -> Any:  # noqa: ANN401 - the modules of an optional library
    try:
        import sigstore.dsse  # noqa: PLC0415
        import sigstore.models  # noqa: PLC0415
        import sigstore.oidc  # noqa: PLC0415
        import sigstore.sign  # noqa: PLC0415
        import sigstore.verify.policy  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError.of("keyless signing", EXTRA) from error
    return sigstore


def sign_keyless(report: Report, when: datetime, token: str | None = None) -> str:
    """Sign a report with the identity of whoever runs this.

    Args:
        report: what is signed, without its replies.
        when: the time of signing, by the signer's word.
        token: an OpenID Connect token; by default that of the CI system, if any.

    Returns:
        A Sigstore bundle as one line of JSON.

    Raises:
        MissingExtraError: the extra ``sign`` is not installed.
        AttestationError: no identity, or Sigstore cannot be reached.
    """
    from parentage.report.attestation import statement_of  # noqa: PLC0415

    return sign_payload(canonical_json(statement_of(report, None, when)), token)


def sign_payload(payload: bytes, token: str | None = None) -> str:
    """Sign an in-toto statement with the identity of whoever runs this.

    Args:
        payload: the statement as JSON.
        token: an OpenID Connect token; by default that of the CI system, if any.

    Returns:
        A Sigstore bundle as one line of JSON.

    Raises:
        MissingExtraError: the extra ``sign`` is not installed.
        AttestationError: no identity, or Sigstore cannot be reached.
    """
    library = _library()
    try:
        text = token or library.oidc.detect_credential()
        if text is None:
            raise AttestationError(
                "there is no identity to sign with",
                expected="a CI system that gives one, or --identity-token",
                advice="Sign with a key instead: --key KEY",
            )
        identity = library.oidc.IdentityToken(text)
        trust = library.models.ClientTrustConfig.production()
        context = library.sign.SigningContext.from_trust_config(trust)
        with context.signer(identity) as signer:
            bundle = signer.sign_dsse(library.dsse.Statement(payload))
    except AttestationError:
        raise
    except Exception as error:  # The library lets errors of several others through.
        raise AttestationError(
            f"Sigstore could not sign: {_plain(error)}",
            expected="an identity token that is valid, and a way to the network",
            advice="Sign with a key instead: --key KEY",
        ) from error
    return json.dumps(json.loads(bundle.to_json()), separators=(",", ":"))


def check_bundle(
    envelope: Envelope,
    name: str,
    identity: str,
    issuer: str | None,
    about: str | None = None,
    *,
    offline: bool = True,
) -> Check:
    """Whether an identity signed a bundle, by certificate and transparency log.

    Args:
        envelope: read from a Sigstore bundle.
        name: id of the check.
        identity, issuer: who must have signed, and who vouches for them.
        about: file that the bundle is from.
        offline: use the trusted root that is cached, rather than ask for it anew.

    Raises:
        MissingExtraError: the extra ``sign`` is not installed.
    """
    library = _library()
    try:
        bundle = library.models.Bundle.from_json(json.dumps(envelope.bundle))
    except Exception as error:
        return failed(
            name, marked("The bundle is malformed: {why}."), about, why=_plain(error)
        )
    try:
        from sigstore.verify.verifier import Verifier  # noqa: PLC0415

        verifier = Verifier.production(offline=offline)
    except Exception as error:
        return open_check(
            name,
            marked("There is no trusted root to check keyless signatures: {why}."),
            about,
            why=_plain(error),
        )
    policy = library.verify.policy.Identity(identity=identity, issuer=issuer)
    try:
        kind, payload = verifier.verify_dsse(bundle, policy)
    except Exception as error:
        return failed(
            name,
            marked("The keyless signature does not hold: {why}."),
            about,
            why=_plain(error),
        )
    if kind != PAYLOAD_TYPE or payload != envelope.payload:
        return failed(name, marked("The bundle signs another payload."), about)
    return passed(name, marked("Signed keyless by {who}."), about, who=identity)


def _plain(error: Exception) -> str:
    text = " ".join(str(error).split())[:200].rstrip(".")
    return text or type(error).__name__
