# SPDX-License-Identifier: Apache-2.0
"""The transformations by name, for plans that are data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from zoo.transforms import (
    depth,
    disguise,
    graft,
    layout,
    merge,
    noise,
    quantise,
    rebase,
    upcycle,
    vocabulary,
    width,
)
from zoo.transforms.weights import Weights

ONE: Mapping[str, Callable[..., Weights]] = {
    "round-to-nearest": quantise.round_to_nearest,
    "fp8": quantise.fp8,
    "prune-layers": depth.prune_layers,
    "upscale": depth.upscale,
    "prune-neurons": width.prune_neurons,
    "prune-heads": width.prune_heads,
    "prune-residual": width.prune_residual,
    "upcycle": upcycle.upcycle,
    "take": graft.take,
    "initialise": graft.initialised,
    "extend-vocabulary": vocabulary.extend,
    "replace-vocabulary": vocabulary.replace,
    "noise": noise.add,
    "rename": layout.rename,
    "fuse": layout.fuse,
    "split": layout.split,
    "permute-neurons": disguise.permute_neurons,
    "permute-heads": disguise.permute_heads,
    "flip-neurons": disguise.flip_neurons,
    "flip-values": disguise.flip_values,
    "rescale-neurons": disguise.rescale_neurons,
    "flip-rotary-pairs": disguise.flip_rotary_pairs,
    "permute-values": disguise.permute_values,
    "permute-residual": rebase.permute_residual,
    "fold-gains": rebase.fold_gains,
    "rotate-residual": rebase.rotate_residual,
    "all-disguises": rebase.everything,
    "every-symmetry": rebase.every_symmetry,
}
"""Transformations of one model."""

MANY: Mapping[str, Callable[..., Weights]] = {
    "linear": merge.linear,
    "slerp": merge.slerp,
    "ties": merge.ties,
    "dare": merge.dare,
}
"""Merges."""


def apply(
    models: Sequence[Weights],
    changes: Sequence[tuple[str, Mapping[str, Any]]],
    base: Weights | None = None,
) -> Weights:
    """Apply transformations one after the other.

    Args:
        models: the parents; a merge, if there is one, comes first.
        changes: names and settings.
        base: what the parents of a merge were fine-tuned from.
    """
    model = models[0]
    for name, settings in changes:
        if name in ("ties", "dare"):
            model = MANY[name](models, base=base, **settings)
        elif name in MANY:
            model = MANY[name](models, **settings)
        else:
            model = ONE[name](model, **settings)
    return model
