# SPDX-License-Identifier: Apache-2.0
"""Other numbers of layers: some removed, or repeated as SOLAR does."""

from __future__ import annotations

from collections.abc import Sequence

from zoo.transforms.weights import Array, Weights, layer_of


def rearranged(model: Weights, order: Sequence[int]) -> Weights:
    """The model whose layers are the given ones of a parent, in this order."""
    tensors: dict[str, Array] = {}
    for name, array in model.tensors.items():
        layer = layer_of(name)
        if layer is None:
            tensors[name] = array.copy()
            continue
        for own, source in enumerate(order):
            if source == layer:
                tensors[name.replace(f".{layer}.", f".{own}.", 1)] = array.copy()
    config = {**model.config, "num_hidden_layers": len(order)}
    for per_layer in ("layer_types", "mlp_layer_types"):
        if isinstance(config.get(per_layer), list):
            config[per_layer] = [config[per_layer][n] for n in order]
    return Weights(tensors, config)


def prune_layers(model: Weights, *, keep: Sequence[int]) -> Weights:
    """Keep some layers."""
    return rearranged(model, sorted(keep))


def upscale(model: Weights, *, take: int) -> Weights:
    """SOLAR: the first ``take`` layers, then the last ``take``; they overlap."""
    return rearranged(model, upscaled_order(model.layers, take))


def upscaled_order(layers: int, take: int) -> list[int]:
    """Parent's layer at each place of the up-scaled model."""
    return [*range(take), *range(layers - take, layers)]
