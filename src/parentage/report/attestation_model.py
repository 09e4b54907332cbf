# SPDX-License-Identifier: Apache-2.0
"""Signatures that a model's own files carry, in the layout of OpenSSF Model Signing.

``model.sig`` holds one Sigstore bundle, ``claims.jsonl`` one a line. Inside is an
in-toto statement that lists a digest of every file (or of every stretch of a file) and
one digest over all of them
(https://github.com/sigstore/model-transparency, docs/model_signing_format.md). The
digests are taken here from the files themselves; signatures by elliptic-curve keys are
checked here, keyless ones by the extra ``sign``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from parentage.errors import AttestationError
from parentage.report.attestation import PREDICATE_TYPE, SHOWN
from parentage.report.attestation_document import Check, failed, open_check, passed
from parentage.report.attestation_envelope import Envelope, pae, read_envelopes
from parentage.report.language import marked

NAMES: Final = ("model.sig", "claims.jsonl")
SIGNATURE_TYPE: Final = "https://model_signing/signature/v1.0"
OLDER_TYPE: Final = "https://model_signing/Digests/v0.1"
IGNORED: Final = frozenset({".git", ".gitattributes", ".github", ".gitignore"})
ALGORITHMS: Final[dict[str, Callable[[], Any]]] = {
    "sha256": hashlib.sha256,
    "blake2b": hashlib.blake2b,
}
HASHES: Final[dict[int, type[hashes.HashAlgorithm]]] = {
    256: hashes.SHA256,
    384: hashes.SHA384,
    521: hashes.SHA512,
}
MAX_RESOURCES: Final = 1_000_000
_CHUNK: Final = 1 << 22


def load_model_key(path: str | Path) -> ec.EllipticCurvePublicKey:
    """The public key that a model was signed with.

    Raises:
        AttestationError: no PEM public key on P-256, P-384 or P-521.
    """
    try:
        key = serialization.load_pem_public_key(Path(path).read_bytes())
    except OSError as error:
        raise AttestationError(
            f"cannot be read: {error.strerror or error}", file=str(path)
        ) from error
    except ValueError as error:
        raise AttestationError(
            f"holds no public key: {error}", file=str(path), expected="PEM"
        ) from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.key_size not in HASHES:
        raise AttestationError(
            "is a key of another kind",
            file=str(path),
            expected="an elliptic-curve key on P-256, P-384 or P-521",
        )
    return key


def check_model(
    folder: str | Path,
    keys: Sequence[ec.EllipticCurvePublicKey] = (),
    *,
    identity: str | None = None,
    issuer: str | None = None,
) -> list[Check]:
    """Check the signatures that a model carries, if it carries any.

    Args:
        folder: the model; a single file carries none.
        keys: keys that its maker is trusted to sign with.
        identity, issuer: who a keyless signature must be of.

    Returns:
        Two checks for each signature, of itself and of the files that it lists;
        nothing where there is none.

    Raises:
        AttestationError: a signature's file is malformed.
    """
    root = Path(folder)
    if not root.is_dir():
        return []
    checks: list[Check] = []
    for name in NAMES:
        file = root / name
        if file.is_file():
            for envelope in read_envelopes(file):
                checks += _check(root, name, envelope, keys, (identity, issuer))
    return checks


def _check(
    root: Path,
    name: str,
    envelope: Envelope,
    keys: Sequence[ec.EllipticCurvePublicKey],
    who: tuple[str | None, str | None],
) -> list[Check]:
    about = f"{root.name}/{name}"
    statement = _statement(envelope, about)
    kind = statement.get("predicateType")
    if kind not in (SIGNATURE_TYPE, OLDER_TYPE):
        if kind == PREDICATE_TYPE:
            return []  # A report of ours, which belongs to another question.
        return [
            open_check(
                "model-signature",
                marked("A statement of type {found} was not looked at."),
                about,
                found=str(kind)[:80],
            )
        ]
    signature = _signature(envelope, keys, who, about)
    if signature.outcome == "failed":
        return [signature]
    return [signature, _files(root, statement, about)]


def _statement(envelope: Envelope, about: str) -> dict[str, Any]:
    try:
        data = json.loads(envelope.payload)
    except (ValueError, RecursionError) as error:
        raise AttestationError(
            f"the payload is not JSON: {error}", file=about
        ) from error
    if not isinstance(data, dict):
        raise AttestationError("the payload is no in-toto statement", file=about)
    return data


def _signature(
    envelope: Envelope,
    keys: Sequence[ec.EllipticCurvePublicKey],
    who: tuple[str | None, str | None],
    about: str,
) -> Check:
    material = (envelope.bundle or {}).get("verificationMaterial")
    keyless = isinstance(material, dict) and (
        "certificate" in material or "x509CertificateChain" in material
    )
    if keyless:
        if who[0] is None:
            return open_check(
                "model-signature",
                marked("Signed keyless; name who must have signed with --identity."),
                about,
            )
        from parentage.report.attestation_sigstore import (  # noqa: PLC0415
            check_bundle,
        )

        return check_bundle(envelope, "model-signature", who[0], who[1], about)
    if not keys:
        return open_check(
            "model-signature",
            marked("Signed with a key; give it with --model-key to check."),
            about,
        )
    message = pae(envelope.payload_type, envelope.payload)
    for key in keys:
        for signed in envelope.signatures:
            try:
                key.verify(signed.sig, message, ec.ECDSA(HASHES[key.key_size]()))
            except InvalidSignature:
                continue
            return passed(
                "model-signature", marked("Signed with the given key."), about
            )
    return failed(
        "model-signature", marked("Not signed with any of the given keys."), about
    )


def _files(root: Path, statement: dict[str, Any], about: str) -> Check:
    """Whether the files are those that the statement lists, no more and no fewer."""
    older = statement.get("predicateType") == OLDER_TYPE
    rows = _resources(statement, about, older=older)
    if not older:
        total = hashlib.sha256(b"".join(bytes.fromhex(d) for _, _, d in rows))
        stated = _root_digest(statement)
        if total.hexdigest() != stated:
            return failed(
                "model-files",
                marked("Its list of files does not add up to its own digest {digest}."),
                about,
                digest=str(stated)[:16],
            )
    unknown = sorted({a for _, a, _ in rows if a.split("-")[0] not in ALGORITHMS})
    if unknown:
        return open_check(
            "model-files",
            marked("Digests of kind {found} cannot be taken here."),
            about,
            found=", ".join(unknown)[:80],
        )
    wrong: list[str] = []
    covered: dict[str, int] = {}
    listed: set[str] = set()
    for name, algorithm, digest in rows:
        path, start, end = _place(name, algorithm, about)
        listed.add(path)
        covered[path] = covered.get(path, 0) + (end - start if end is not None else 0)
        if _digest(root, path, start, end, algorithm) != digest:
            wrong.append(name)
    for path, size in covered.items():
        file = root / path
        if size and file.is_file() and file.stat().st_size != size:
            wrong.append(path)
    extra = [] if older else _unlisted(root, listed, statement)
    if not wrong and not extra:
        return passed(
            "model-files",
            marked("All {count} files are as they were signed."),
            about,
            count=str(len(listed)),
        )
    texts = [*dict.fromkeys(wrong), *(f"+ {name}" for name in extra)]
    more = f" (+{len(texts) - SHOWN})" if len(texts) > SHOWN else ""
    return failed(
        "model-files",
        marked("These are not as they were signed (+: not signed): {files}."),
        about,
        files=", ".join(texts[:SHOWN]) + more,
    )


def _root_digest(statement: dict[str, Any]) -> object:
    subjects = statement.get("subject")
    first = subjects[0] if isinstance(subjects, list) and len(subjects) == 1 else {}
    digest = first.get("digest") if isinstance(first, dict) else None
    return digest.get("sha256") if isinstance(digest, dict) else None


def _resources(
    statement: dict[str, Any], about: str, *, older: bool
) -> list[tuple[str, str, str]]:
    """Name, algorithm and hexadecimal digest of everything that is listed."""
    wrong = AttestationError(
        "the list of files is malformed",
        file=about,
        expected="names with digests, as model signing 1.0 writes them",
    )
    predicate = statement.get("predicate")
    rows = (
        statement.get("subject")
        if older
        else predicate.get("resources")
        if isinstance(predicate, dict)
        else None
    )
    if not isinstance(rows, list) or not rows or len(rows) > MAX_RESOURCES:
        raise wrong
    found = []
    for row in rows:
        if not isinstance(row, dict):
            raise wrong
        digest = row.get("digest")
        if older:
            digest = digest.get("sha256") if isinstance(digest, dict) else None
        name, algorithm = row.get("name"), row.get("algorithm", "sha256")
        if not all(isinstance(v, str) for v in (name, algorithm, digest)):
            raise wrong
        try:
            bytes.fromhex(str(digest))
        except ValueError as error:
            raise wrong from error
        found.append((str(name), str(algorithm), str(digest).lower()))
    return found


def _place(name: str, algorithm: str, about: str) -> tuple[str, int, int | None]:
    """File and stretch of a listed name; ``path:start:end`` where sharded."""
    path, start, end = name, 0, None
    if "-sharded-" in algorithm:
        path, _, rest = name.partition(":")
        first, _, last = rest.partition(":")
        if not (first.isdecimal() and last.isdecimal()):
            raise AttestationError(
                f"lists {name[:80]!r}", file=about, expected="path:start:end"
            )
        start, end = int(first), int(last)
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or "\0" in path or not path:
        raise AttestationError(
            f"lists {path[:80]!r}, which leads out of the model", file=about
        )
    return path, start, end


def _digest(
    root: Path, path: str, start: int, end: int | None, algorithm: str
) -> str | None:
    """The digest of a file or of a stretch of it; ``None`` if it cannot be read."""
    file = root / path
    digest = ALGORITHMS[algorithm.split("-", maxsplit=1)[0]]()
    try:
        inside = file.resolve().is_relative_to(root.resolve())
        # A cache of the Hub links its blobs, which lie in a folder of that name.
        if not inside and file.resolve().parent.name != "blobs":
            return None
        with file.open("rb") as stream:
            stream.seek(start)
            left = file.stat().st_size - start if end is None else end - start
            while left > 0:
                part = stream.read(min(_CHUNK, left))
                if not part:
                    return None
                digest.update(part)
                left -= len(part)
    except (OSError, ValueError):
        return None
    return str(digest.hexdigest())


def _unlisted(root: Path, listed: set[str], statement: dict[str, Any]) -> list[str]:
    """Files of the model that nobody signed, apart from those that were left out."""
    predicate = statement.get("predicate") or {}
    rules = predicate.get("serialization") or {}
    ignored = {str(p) for p in rules.get("ignore_paths") or () if isinstance(p, str)}
    # Paths were written relative to where the signer stood: their ends count.
    ends = {tuple(PurePosixPath(p).parts[-1:]) for p in ignored} | {
        (name,) for name in (*NAMES, *IGNORED)
    }
    found = []
    for file in sorted(root.rglob("*")):
        name = file.relative_to(root).as_posix()
        parts = PurePosixPath(name).parts
        hidden = (parts[0],) in ends or (len(parts) == 1 and parts in ends)
        if file.is_file() and name not in listed and not hidden:
            found.append(name)
    return found
