# SPDX-License-Identifier: Apache-2.0
"""Who may do what: ``permissions.toml``, read by the code, the docs and the tests."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final, Literal

from parentage.errors import ForbiddenError, SignInError

Role = Literal["public", "submitter", "verifier", "panel", "administrator"]
Reach = Literal["own", "all"]

ROLES: Final[tuple[Role, ...]] = (
    "public",
    "submitter",
    "verifier",
    "panel",
    "administrator",
)


@dataclass(frozen=True)
class Action:
    """Something that can be done.

    Attributes:
        name: such as ``model.create``.
        text: what it is, in words.
        scope: what an API token needs to do it.
        roles: role -> whether it reaches everything or only what is one's own.
    """

    name: str
    text: str
    scope: str
    roles: Mapping[Role, Reach]


@dataclass(frozen=True)
class Actor:
    """Who asks.

    Attributes:
        account: number of the account; ``None`` for the public.
        name: what the record calls them.
        organisation: number of their organisation.
        scopes: of the API token; ``None`` where a browser's session asks.
        address: where the request came from.
        session: number of the browser's session.
        stale: whether the time of its last request should be written anew.
    """

    account: int | None = None
    name: str = "public"
    display: str = ""
    role: Role = "public"
    organisation: int | None = None
    scopes: frozenset[str] | None = None
    address: str = ""
    session: int | None = None
    stale: bool = False

    def acts_for(self, organisation: int | None) -> bool:
        """Whether what belongs to an organisation is one's own; nobody's never is."""
        return organisation is not None and organisation == self.organisation


PUBLIC: Final = Actor()


@cache
def actions() -> Mapping[str, Action]:
    """All actions by name."""
    text = resources.files("parentage.web").joinpath("permissions.toml").read_text()
    made = {
        name: Action(
            name,
            row["text"],
            row["scope"],
            MappingProxyType({role: row["roles"][role] for role in row["roles"]}),
        )
        for name, row in tomllib.loads(text).items()
    }
    return MappingProxyType(made)


@cache
def scopes() -> tuple[str, ...]:
    """What an API token may be given."""
    return tuple(sorted({action.scope for action in actions().values()} - {"browser"}))


def reach(actor: Actor, name: str) -> Reach | None:
    """How far an action goes for somebody; ``None``: not at all."""
    action = actions()[name]
    if actor.scopes is not None and action.scope not in actor.scopes:
        # A token without scopes still sees what everybody sees.
        return action.roles.get("public")
    return action.roles.get(actor.role)


def may(actor: Actor, name: str, *, own: bool = True) -> bool:
    """Whether somebody may do something to what is, or is not, their own."""
    found = reach(actor, name)
    return found == "all" or (found == "own" and own)


def require(actor: Actor, name: str, *, own: bool = True) -> None:
    """Stop who may not.

    Raises:
        SignInError: nobody is signed in, and it takes somebody.
        ForbiddenError: this role may not, or not to what is another's.
    """
    if may(actor, name, own=own):
        return
    action = actions()[name]
    if actor.account is None:
        raise SignInError(f"to {action.text} one signs in", advice="Sign in first.")
    if actor.scopes is not None and action.scope not in actor.scopes:
        raise ForbiddenError(
            f"the token may not {action.text}", expected=f"scope '{action.scope}'"
        )
    whose = " here" if reach(actor, name) == "own" else ""
    raise ForbiddenError(
        f"a {actor.role} may not {action.text}{whose}",
        expected="one of " + ", ".join(sorted(action.roles)),
    )


def allowed(actor: Actor) -> frozenset[str]:
    """Names of all actions that somebody may do at least to what is their own."""
    return frozenset(name for name in actions() if reach(actor, name) is not None)
