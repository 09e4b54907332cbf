# SPDX-License-Identifier: Apache-2.0
"""Classes of transformers by a config's word, and never code of a record.

torch and transformers are no part of an installation; what needs them says so.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

from parentage.errors import PacketError

ADVICE = "Install torch and transformers beside parentage to run parts of a training."


class RerunError(PacketError):
    """A part of a training cannot be run again here."""

    code = "packet"


def load(name: str) -> Any:  # noqa: ANN401 - no types without the library
    """A module of torch or transformers.

    Raises:
        RerunError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise RerunError(f"needs {name}", advice=ADVICE) from error


def model_class(folder: Path) -> tuple[Any, Any]:
    """The class and the config of a model.

    Args:
        folder: holds ``config.json``. A word there that is no class of transformers is
            refused, as is everything that points at code elsewhere.

    Raises:
        RerunError: the config is malformed, or names no model of transformers.
    """
    transformers = load("transformers")
    file = folder / "config.json"
    try:
        plain = json.loads(file.read_text("utf-8"))
        name = plain["architectures"][0]
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise RerunError(
            "names no architecture", file=file.name, expected="`architectures`"
        ) from error
    base = transformers.PreTrainedModel
    found: Any = getattr(transformers, str(name), None)
    known = isinstance(found, type) and issubclass(found, base)
    if "auto_map" in plain or not known:
        raise RerunError(
            f"'{str(name)[:80]}' is no model of transformers "
            f"{transformers.__version__}",
            file=file.name,
        )
    kind: Any = found
    try:
        return kind, kind.config_class.from_dict(plain)
    except Exception as error:  # whatever a library makes of a hostile config
        raise RerunError(
            f"is not accepted: {str(error)[:200]}", file=file.name
        ) from error


def model_of(folder: Path) -> Any:  # noqa: ANN401 - no types without the library
    """The model of a folder, in float32 on the processor.

    Raises:
        RerunError: see :func:`model_class`.
    """
    torch = load("torch")
    kind, _ = model_class(folder)
    return kind.from_pretrained(
        str(folder), use_safetensors=True, local_files_only=True, dtype=torch.float32
    )


def batch_of(batches: Any, step: int) -> dict[str, Any]:  # noqa: ANN401
    """The arguments of a step from an open safetensors file.

    Raises:
        RerunError: the file holds none.
    """
    prefix = f"{step}."
    names = [n for n in batches.keys() if n.startswith(prefix)]  # noqa: SIM118
    if not names:
        raise RerunError(f"there is no batch of step {step}")
    return {n.removeprefix(prefix): batches.get_tensor(n) for n in names}
