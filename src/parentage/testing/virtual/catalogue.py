# SPDX-License-Identifier: Apache-2.0
"""The computed models that the server shows, and what is true of each."""

from __future__ import annotations

from parentage.testing.virtual.models import Derivation, VirtualModel
from parentage.testing.virtual.shapes import SHAPES, Shape, Vision

ENCODER = Vision()
"""The vision encoder of both models that have one."""

DECODER = r"model\.(language_model\.)?(layers\.|norm\.)"
"""Names of a text decoder without embedding and head."""

VISION = r"model\.visual\.(?!merger\.)"
"""Names of a vision encoder without its projector."""


def family(
    reference: Shape = SHAPES["deepseek-v3"],
    candidate: Shape = SHAPES["a.x-k1"],
    *,
    vision: Vision = ENCODER,
    correlation: float = 0.5,
) -> dict[str, VirtualModel]:
    """A reference, and candidates of another shape with known parentage.

    Returns:
        Models by name: ``reference`` and ``reference-vision``; ``independent``, all of
        whose values are its own; ``decoder``, whose text decoder is cut from the
        reference's (fewer heads and experts) with noise, while embedding and head,
        for another vocabulary, are its own; ``vision``, whose vision encoder is the
        reference's with noise, while everything else is its own.
    """
    base = VirtualModel("virtual/reference", reference, 1)
    seeing = VirtualModel("virtual/reference-vision", reference, 2, vision)
    return {
        "reference": base,
        "reference-vision": seeing,
        "independent": VirtualModel("virtual/independent", candidate, 3),
        "decoder": VirtualModel(
            "virtual/decoder",
            candidate,
            4,
            derivation=Derivation(base, DECODER, correlation),
        ),
        "vision": VirtualModel(
            "virtual/vision",
            candidate,
            5,
            vision,
            Derivation(seeing, VISION, correlation),
        ),
    }


def published() -> dict[str, VirtualModel]:
    """One independent model of each published size."""
    return {
        name: VirtualModel(f"virtual/{name}", shape, 100 + number)
        for number, (name, shape) in enumerate(SHAPES.items())
    }
