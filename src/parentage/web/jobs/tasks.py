# SPDX-License-Identifier: Apache-2.0
"""What jobs do, apart from the database: documents out of references and files.

Functions of plain data, so that other machines can run them, too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from parentage.artifact.source.ranges import keeping
from parentage.artifact.store import Store
from parentage.report.claim_document import ClaimDocument
from parentage.report.document import Report
from parentage.run.audit import audit, open_model
from parentage.run.cache import Cache
from parentage.run.claim import check_claim
from parentage.web.security.network import guard
from parentage.web.security.references import (
    checked_reference,
    shown_paths,
    shown_reference,
)
from parentage.web.security.uploads import in_folder
from parentage.web.settings import Settings

Progress = Callable[[str, int, int], None]
D = TypeVar("D", bound=BaseModel)


def run_audit(
    payload: Mapping[str, Any], settings: Settings, progress: Progress | None = None
) -> Report:
    """The audit that a job asks for; what an earlier attempt computed is kept.

    Args:
        payload: of the job.
        settings: where the cache lies and what may be read.
        progress: told about each module; what it raises ends the audit.

    Raises:
        ParentageError: a model cannot be read.
    """
    references = [checked_reference(text, settings) for text in payload["references"]]
    guard(settings)
    store = Store(settings.data / "cache")
    names = [shown_reference(text, settings) for text in references]
    line = ["parentage", "audit", names[0]]
    for reference in names[1:]:
        line += ["--against", reference]
    line += ["--budget", str(payload["budget"]), "--seed", str(payload["seed"])]
    for profile in payload["profiles"]:
        line += ["--profile", profile]
    try:
        with keeping(store):
            report = audit(
                references[0],
                references[1:],
                budget=payload["budget"],
                seed=payload["seed"],
                labels=payload["labels"],
                command=line,
                profiles=payload["profiles"],
                progress=progress,
                cache=Cache(store),
            )
    finally:
        store.prune()
    return without_folders(report, shown_paths(references, settings))


def without_folders(document: D, names: Mapping[str, str]) -> D:
    """The same document; what the operator's folders are called is nobody's business.

    Args:
        document: of an audit or a check.
        names: path as it was read -> as it is named.
    """
    hidden = {path: name for path, name in names.items() if path != name}
    if not hidden:
        return document
    data = _renamed(json.loads(document.model_dump_json(by_alias=True)), hidden)
    return type(document).model_validate_json(json.dumps(data))


def _renamed(value: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {key: _renamed(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(inner, names) for inner in value]
    if isinstance(value, str):
        for path, name in names.items():
            value = value.replace(path, name)
    return value


def size_of(reference: str, settings: Settings) -> int:
    """Parameters of a model; only its headers are read."""
    guard(settings)
    opened = open_model(checked_reference(reference, settings))
    with opened.checkpoint:
        return sum(entry.size for entry in opened.checkpoint.entries.values())


def remote_audit(payload: dict[str, Any]) -> dict[str, Any]:
    """The same on another machine: plain data in, plain data out."""
    settings = Settings(data=Path(payload["data"]), **payload["settings"])
    return {"report": run_audit(payload["job"], settings).to_json()}


def run_claim(
    claim_name: str,
    files: Mapping[str, bytes],
    models: Mapping[str, str],
    settings: Settings,
) -> ClaimDocument:
    """The check of a claim, in a folder with its raw tables and nothing else.

    Raises:
        ParentageError: the claim, a table or a model cannot be read.
    """
    checked = {name: checked_reference(text, settings) for name, text in models.items()}
    guard(settings)
    with in_folder(files) as folder:
        document = check_claim(
            folder / claim_name,
            models=checked,
            data=folder,
            command=("parentage", "check-claim", claim_name),
        )
    return without_folders(document, shown_paths(checked.values(), settings))
