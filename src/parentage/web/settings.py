# SPDX-License-Identifier: Apache-2.0
"""What an operator decides: environment variables, or options of the command."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from parentage.errors import UsageError
from parentage.registry.database import parse_url

PREFIX: Final = "PARENTAGE_PORTAL_"
"""Each setting has a variable: the prefix and the field's name in capitals."""


class Settings(BaseModel):
    """Everything that the portal is told from outside.

    Lists are written with commas: ``PARENTAGE_PORTAL_FETCH_HOSTS=a.example,b.example``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: Path = Field(
        Path("portal-data"), description="folder of the queue, the cache and the key"
    )
    database_url: str = Field(
        "", description="URL of SQLite or PostgreSQL; portal.db in the data folder"
    )
    registry_url: str = Field(
        "",
        description="the registry of fingerprints; PostgreSQL: the same database, "
        "otherwise registry.db in the data folder",
    )
    secret_key: str = Field(
        "", description="signs cookies and forms; made and kept in the data folder"
    )
    base_url: str = Field(
        "http://127.0.0.1:8000", description="the address that readers use"
    )
    title: str = "parentage"
    languages: tuple[Literal["ko", "en"], ...] = ("ko", "en")
    session_hours: float = Field(12.0, gt=0, le=24 * 30)
    idle_minutes: float = Field(120.0, gt=0)
    max_upload: int = Field(64 << 20, description="bytes of a request at most", gt=0)
    sign_in_attempts: int = Field(
        10, description="failures for one name or address in a quarter of an hour", gt=0
    )
    uploads_per_hour: int = Field(120, description="for each account", gt=0)
    requests_per_minute: int = Field(
        0, description="for each address; 0 leaves it to a proxy in front", ge=0
    )
    local_roots: tuple[Path, ...] = Field(
        (), description="folders that references by path may lie in; none by default"
    )
    fetch_hosts: tuple[str, ...] = Field(
        (),
        description="hosts that may be fetched from although their addresses are "
        "private: HOST or HOST:PORT",
    )
    fetch_proxy: str = Field(
        "",
        description="a proxy that all reading goes through; it must then refuse "
        "private addresses itself",
    )
    engine: Literal["local", "ray"] = "local"
    ray_address: str = ""
    heavy_parameters: int = Field(
        20_000_000_000,
        description="audits of models from this size on go to Ray, where that is set",
        gt=0,
    )
    job_threads: int = Field(1, ge=1, le=64)
    local_accounts: bool = Field(True, description="sign-in by name and password")
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_name: str = Field("OpenID Connect", description="the button's words")
    trusted_proxies: int = Field(
        0, description="proxies in front whose X-Forwarded-For is believed", ge=0, le=5
    )
    metrics_token: str = Field("", description="if set, /metrics asks for it")

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be an http or https address")
        return value.rstrip("/")

    @classmethod
    def load(cls, **given: Any) -> Self:  # noqa: ANN401 - values of any field
        """Settings from the environment; what is given here counts more.

        Raises:
            UsageError: a value is not what the field takes.
        """
        values: dict[str, Any] = {}
        for name, field in cls.model_fields.items():
            text = os.environ.get(PREFIX + name.upper())
            if text is not None:
                many = str(field.annotation).startswith("tuple")
                values[name] = (
                    [part.strip() for part in text.split(",") if part.strip()]
                    if many
                    else text
                )
        values.update({k: v for k, v in given.items() if v is not None})
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            name = ".".join(str(part) for part in first["loc"])
            raise UsageError(
                f"setting '{name}': {first['msg']}",
                advice=f"See {PREFIX}{name.upper()} in docs/portal.md.",
            ) from error

    @property
    def database(self) -> str:
        """URL of the portal's database."""
        return self.database_url or f"sqlite:///{self.data.absolute() / 'portal.db'}"

    @property
    def registry(self) -> str:
        """URL of the registry's database."""
        if self.registry_url:
            return self.registry_url
        if parse_url(self.database).get_backend_name() == "postgresql":
            return self.database
        return f"sqlite:///{self.data.absolute() / 'registry.db'}"

    @property
    def secure(self) -> bool:
        """Whether readers come by https."""
        return self.base_url.startswith("https://")

    @property
    def key(self) -> bytes:
        """The secret key; drawn once where none is set."""
        if self.secret_key:
            return self.secret_key.encode()
        file = self.data / "secret.key"
        try:
            return file.read_bytes()
        except FileNotFoundError:
            self.data.mkdir(parents=True, exist_ok=True)
            made = secrets.token_hex(32).encode()
            try:
                with os.fdopen(
                    os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
                ) as out:
                    out.write(made)
            except FileExistsError:  # Another process was first.
                return file.read_bytes()
            return made
