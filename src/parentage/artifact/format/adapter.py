# SPDX-License-Identifier: Apache-2.0
"""LoRA adapters: alone as the change that they make, and merged into a base.

An adapter of PEFT holds two thin matrices for each layer, ``lora_A`` of (rank, inputs)
and ``lora_B`` of (outputs, rank). The layer's weight changes by ``B @ A * scale`` with
``scale = alpha / rank``, or ``alpha / sqrt(rank)`` where ``use_rslora`` says so. Alone,
the changes are the tensors of the adapter; named as ``BASE+ADAPTER``, the tensors are
those of the merged model.

Source: ``LoraLayer`` and ``get_delta_weight`` of PEFT.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from parentage.artifact.contents import Contents
from parentage.artifact.entry import Entry, Problem, shown
from parentage.artifact.matrices import Product, Sum, Turned, as_matrix
from parentage.artifact.values import Matrix
from parentage.errors import ConfigError, LayoutError

if TYPE_CHECKING:
    from parentage.artifact.gather import Gathered

CONFIG: Final = "adapter_config.json"
_FRONT: Final = "base_model.model."
_DOWN: Final = re.compile(r"(.+)\.lora_(embedding_)?A(?:\.\w+)?")
_SAVED: Final = ".modules_to_save"
_LARGEST: Final = 1e6
_PLAIN: Final = frozenset({"F64", "F32", "F16", "BF16"})
_ADVICE: Final = "Save the adapter again, or merge it where it was trained."


def form_products(contents: Contents, config: Mapping[str, object]) -> None:
    """Replace pairs of thin matrices by the change that they make.

    Args:
        contents: tensors of an adapter, or of any other model, which stays as it is.
        config: the parsed ``adapter_config.json``, possibly empty.

    Raises:
        ConfigError: rank or alpha are not numbers, or the adapter is of a kind that
            cannot be formed.
        LayoutError: two thin matrices do not belong together.
    """
    pairs = [(n, m) for n in contents.entries if (m := _DOWN.fullmatch(_bare(n)))]
    if not pairs:
        return
    if config.get("use_dora") or any("lora_magnitude" in n for n in contents.entries):
        raise ConfigError(
            "asks for weights that are normalised after the change (use_dora)",
            file=CONFIG,
            expected="a plain LoRA adapter",
            advice="Merge it into its base where it was trained.",
        )
    if not config:
        message = f"no {CONFIG}: changes are taken without a scale"
        contents.problems.append(Problem("adapter-scale", "warning", message))
    for name, match in pairs:
        stem, embedding = match[1], bool(match[2])
        partner = next(
            (
                n
                for n in (
                    name.replace("lora_embedding_A", "lora_embedding_B"),
                    name.replace("lora_A", "lora_B"),
                )
                if n in contents.entries and n != name
            ),
            None,
        )
        if partner is None:
            raise _wrong(contents.entries[name], "has no partner lora_B")
        down, rise = contents.entries[name], contents.entries[partner]
        if len(down.shape) != 2 or len(rise.shape) != 2:
            raise _wrong(down, f"has the shape {list(down.shape)}")
        if down.shape[0] != rise.shape[1] or not {down.dtype, rise.dtype} <= _PLAIN:
            raise _wrong(
                down,
                f"{list(down.shape)} of {down.dtype} cannot be multiplied with "
                f"{list(rise.shape)} of {rise.dtype}",
            )
        title = stem.removeprefix(_FRONT)
        product: Matrix = Product(
            as_matrix(rise, contents.values[partner]),
            as_matrix(down, contents.values[name]),
            _scale(config, title, down.shape[0]),
        )
        if embedding or config.get("fan_in_fan_out") is True:
            product = Turned(product)
        contents.drop([name, partner])
        entry = replace(
            rise,
            name=f"{title}.weight",
            dtype="LORA",
            shape=product.shape,
            beside=down.nbytes,
        )
        if entry.name in contents.entries:
            raise _wrong(entry, "is there twice")
        contents.add(entry, product)
    _rename(contents)
    base = config.get("base_model_name_or_path")
    if isinstance(base, str) and base:
        message = f"the adapter says that its base is {shown(base)}"
        contents.problems.append(Problem("claimed-base", "info", message, CONFIG))


def _bare(name: str) -> str:
    return name.removesuffix(".weight")


def _rename(contents: Contents) -> None:
    """Layers that were saved whole, under the names of the base."""
    for name in list(contents.entries):
        title = name.removeprefix(_FRONT).replace(_SAVED, "")
        if title != name and title not in contents.entries:
            entry, values = contents.entries[name], contents.values[name]
            contents.drop([name])
            contents.add(replace(entry, name=title), values)


def _scale(config: Mapping[str, object], title: str, rank: int) -> float:
    """``alpha / rank`` of a layer; the rank is that of its matrices."""
    if not config:
        return 1.0
    alpha = _of_layer(config, "alpha_pattern", title, config.get("lora_alpha", 8))
    if not isinstance(alpha, int | float) or not abs(alpha) < _LARGEST or rank < 1:
        raise ConfigError(
            f"lora_alpha of {shown(title)} is {shown(repr(alpha))} at rank {rank}",
            file=CONFIG,
            expected="a number, and a rank from 1 on",
            advice=_ADVICE,
        )
    size = math.sqrt(rank) if config.get("use_rslora") is True else rank
    return float(alpha) / size


def _of_layer(
    config: Mapping[str, object], key: str, title: str, usual: object
) -> object:
    """The value of a layer: keys of a pattern are ends of names."""
    table = config.get(key)
    if isinstance(table, dict):
        for ending, value in table.items():
            if title == ending or title.endswith(f".{ending}"):
                return value
    return usual


def apply_adapter(base: Gathered, adapter: Gathered) -> Gathered:
    """The merged model of a base and an adapter.

    Raises:
        LayoutError: the adapter changes what the base does not have, or it is none.
    """
    contents = base.contents
    changes = adapter.contents
    if not any(e.dtype == "LORA" for e in changes.entries.values()):
        name, entry = next(iter(changes.entries.items()))
        raise _wrong(entry, f"{shown(name)} is no part of a LoRA adapter")
    for name, entry in changes.entries.items():
        own = contents.entries.get(name)
        if own is None or own.shape != entry.shape:
            what = "has no such tensor" if own is None else f"has {list(own.shape)}"
            message = f"changes {list(entry.shape)} where the base {what}"
            raise _wrong(entry, message)
        values = changes.values[name]
        if entry.dtype == "LORA":
            values = Sum(
                as_matrix(own, contents.values[name]), as_matrix(entry, values)
            )
            entry = replace(own, dtype="LORA", beside=own.beside + entry.nbytes)  # noqa: PLW2901
        contents.add(entry, values)
    contents.problems += changes.problems
    for name, file in adapter.files.items():
        base.files[f"{name} of the adapter" if name in base.files else name] = file
    base.bytes_read += adapter.bytes_read
    return base


def _wrong(entry: Entry, message: str) -> LayoutError:
    return LayoutError(
        message,
        file=shown(entry.file),
        tensor=shown(entry.name),
        expected="pairs lora_A of (rank, inputs) and lora_B of (outputs, rank) that "
        "fit the base",
        advice=_ADVICE,
    )
