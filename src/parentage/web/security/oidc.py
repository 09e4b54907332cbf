# SPDX-License-Identifier: Apache-2.0
"""Sign-in at a provider of OpenID Connect: authorisation code with PKCE.

The provider says who somebody is; roles are given here. An account is known by issuer
and subject, never by name or address of mail, which a provider may give to others.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from dataclasses import dataclass
from typing import Any, Final

from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from itsdangerous import BadSignature, URLSafeTimedSerializer
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import select
from sqlalchemy.orm import Session

from parentage.errors import ForbiddenError, SignInError
from parentage.web.permissions import Actor
from parentage.web.security import sessions
from parentage.web.security.paths import inside
from parentage.web.security.secret import drawn
from parentage.web.services.accounts import NAME, make_account
from parentage.web.services.base import note
from parentage.web.settings import Settings
from parentage.web.tables import Account

AGE: Final = 600
"""Seconds between the way to the provider and back at most."""

ALGORITHMS: Final = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
"""Signatures that are taken: never none, never a shared secret."""

LONGEST: Final = 500
"""Characters of the address to go on to: it travels in a cookie."""

KEEP: Final = 3600.0
"""Seconds that a provider's description is kept."""


@dataclass
class Provider:
    """What a provider says of itself, fetched when first needed."""

    settings: Settings
    _known: dict[str, Any] | None = None
    _keys: KeySet | None = None
    _at: float = 0.0

    @property
    def redirect(self) -> str:
        """Where the provider sends browsers back to."""
        return f"{self.settings.base_url}/sign-in/oidc/callback"

    def client(self, **more: Any) -> OAuth2Client:  # noqa: ANN401
        """A client of the library."""
        return OAuth2Client(
            client_id=self.settings.oidc_client_id,
            client_secret=self.settings.oidc_client_secret or None,
            scope="openid profile email",
            redirect_uri=self.redirect,
            code_challenge_method="S256",
            timeout=10,
            **more,
        )

    def known(self) -> dict[str, Any]:
        """The provider's description.

        Raises:
            SignInError: it does not answer, or is another one.
        """
        if self._known is None or time.monotonic() - self._at > KEEP:
            issuer = self.settings.oidc_issuer.rstrip("/")
            found = self._get(f"{issuer}/.well-known/openid-configuration")
            if str(found.get("issuer", "")).rstrip("/") != issuer:
                raise SignInError("the provider calls itself by another name")
            self._known, self._keys, self._at = found, None, time.monotonic()
        return self._known

    def keys(self, *, fresh: bool = False) -> KeySet:
        """The provider's public keys."""
        if self._keys is None or fresh:
            self._keys = KeySet.import_key_set(
                self._get(self.known()["jwks_uri"])  # type: ignore[arg-type]
            )
        return self._keys

    def _get(self, url: str) -> dict[str, Any]:
        try:
            with self.client() as client:
                answer = client.request("GET", url, withhold_token=True)
                answer.raise_for_status()
                found = answer.json()
        except Exception as error:  # of several libraries
            raise SignInError("the provider does not answer") from error
        if not isinstance(found, dict):
            raise SignInError("the provider does not answer as it should")
        return found


@dataclass(frozen=True)
class Departure:
    """Where a browser goes, and the cookie that it must bring back."""

    url: str
    cookie: str


def _signer(settings: Settings) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.key, salt="oidc", signer_kwargs=_SHA)


_SHA: Final = {"digest_method": hashlib.sha256}


def cookie_name(settings: Settings) -> str:
    """Name of the cookie that binds the way back to the browser."""
    return "__Host-oidc" if settings.secure else "oidc"


def depart(provider: Provider, path: str = "/") -> Departure:
    """Begin a sign-in at the provider; afterwards the browser goes on to a path.

    Raises:
        SignInError: no provider is set, or it does not answer.
    """
    settings = provider.settings
    if not settings.oidc_issuer:
        raise SignInError("no provider is set")
    verifier, nonce = drawn() + drawn(), drawn()
    with provider.client() as client:
        url, state = client.create_authorization_url(
            provider.known()["authorization_endpoint"],
            code_verifier=verifier,
            nonce=nonce,
        )
    cookie = _signer(settings).dumps(
        {"s": state, "v": verifier, "n": nonce, "p": inside(path, most=LONGEST)}
    )
    return Departure(url, str(cookie))


def arrive(
    db: Session, provider: Provider, *, url: str, cookie: str, address: str
) -> tuple[sessions.Started, str]:
    """Complete a sign-in with what the provider sent the browser back with.

    Args:
        db: a session that writes.
        provider: where the browser came from.
        url: the whole address of the way back.
        cookie: what :func:`depart` gave the browser.
        address: of the browser.

    Returns:
        The session, and the path to go on to.

    Raises:
        SignInError: anything does not fit; it is not said in detail.
        ForbiddenError: the account is switched off, or none is made for newcomers.
    """
    settings = provider.settings
    try:
        kept = _signer(settings).loads(cookie, max_age=AGE)
    except BadSignature as error:
        raise SignInError("the sign-in took too long", advice="Try again.") from error
    claims = _claims(provider, url, kept)
    issuer, subject = str(claims["iss"]).rstrip("/"), str(claims["sub"])
    row = db.scalar(
        select(Account).where(
            Account.oidc_issuer == issuer, Account.oidc_subject == subject
        )
    )
    if row is None:
        row = _newcomer(db, (issuer, subject), claims, address)
    if not row.active:
        raise ForbiddenError(
            "the account waits for an administrator",
            advice="Ask the operator for a role.",
        )
    # The provider asks for second factors itself.
    started = sessions.begin(db, settings, row, address=address, second_factor=False)
    return started, inside(str(kept["p"]), most=LONGEST)


def _claims(provider: Provider, url: str, kept: dict[str, str]) -> dict[str, Any]:
    try:
        with provider.client(state=kept["s"]) as client:
            token = client.fetch_token(
                provider.known()["token_endpoint"],
                authorization_response=url,
                code_verifier=kept["v"],
                state=kept["s"],
            )
        text = str(token["id_token"])
        try:
            decoded = jwt.decode(text, provider.keys(), algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            # Keys may have been changed since they were fetched.
            decoded = jwt.decode(text, provider.keys(fresh=True), algorithms=ALGORITHMS)
        claims = CodeIDToken(
            dict(decoded.claims),
            decoded.header,
            options={
                "iss": {"essential": True, "value": provider.known()["issuer"]},
                "aud": {
                    "essential": True,
                    "value": provider.settings.oidc_client_id,
                },
                "sub": {"essential": True},
                "exp": {"essential": True},
                "nonce": {"essential": True, "value": kept["n"]},
            },
            params={
                "client_id": provider.settings.oidc_client_id,
                "nonce": kept["n"],
                "access_token": token.get("access_token"),
            },
        )
        claims.validate(leeway=60)
    except (SignInError, ForbiddenError):
        raise
    except Exception as error:  # of several libraries, all of them: not signed in
        raise SignInError("the provider's answer does not count") from error
    return dict(claims)


def _newcomer(
    db: Session, known_as: tuple[str, str], claims: dict[str, Any], address: str
) -> Account:
    """An account for who signs in first; it waits until somebody gives it a role."""
    wished = str(claims.get("preferred_username") or claims.get("email") or "user")
    base = re.sub(r"[^a-z0-9._-]+", "-", wished.lower().split("@")[0]).strip(".-_")
    base = base[:40] if NAME.fullmatch(base[:40]) else "user"
    name, number = base, 1
    while db.scalar(select(Account.id).where(Account.name == name)) is not None:
        number += 1
        name = f"{base}-{number}"
    email = claims.get("email") if claims.get("email_verified") is True else None
    row = make_account(
        db,
        name=name,
        role="panel",
        display=re.sub(r"\s+", " ", str(claims.get("name") or name))[:200],
        email=str(email)[:254] if email else None,
        oidc=known_as,
    )
    row.active = False
    note(
        db,
        Actor(name=name, address=address),
        "account.newcomer",
        f"account:{row.id}",
        issuer=known_as[0],
        subject=json.dumps(known_as[1])[:300],
    )
    db.commit()
    return row
