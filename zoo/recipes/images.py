# SPDX-License-Identifier: Apache-2.0
"""Drawn shapes with captions: pictures that a small encoder can learn to read."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

COLOURS = {
    "red": (230, 40, 40),
    "green": (40, 200, 60),
    "blue": (50, 80, 230),
    "yellow": (240, 220, 40),
    "purple": (160, 50, 200),
    "white": (245, 245, 245),
}
SHAPES = ("circle", "square", "triangle", "cross", "ring")
SIZES = {"small": 4, "big": 7}
CORNERS = {
    "top left": (0.25, 0.25),
    "top right": (0.25, 0.75),
    "bottom left": (0.75, 0.25),
    "bottom right": (0.75, 0.75),
}


def _mask(
    shape: str, y: NDArray[np.float64], x: NDArray[np.float64]
) -> NDArray[np.bool]:
    """Pixels of a shape of radius one around the origin."""
    distance = np.hypot(y, x)
    inside: NDArray[np.bool]
    if shape == "circle":
        inside = distance < 1
    elif shape == "ring":
        inside = (distance < 1) & (distance > 0.55)
    elif shape == "square":
        inside = np.maximum(abs(y), abs(x)) < 0.85
    elif shape == "triangle":
        inside = (y < 0.8) & (y > 2 * abs(x) - 1)
    else:
        inside = (np.minimum(abs(y), abs(x)) < 0.3) & (np.maximum(abs(y), abs(x)) < 1)
    return inside


def draw(rng: np.random.Generator, size: int) -> tuple[NDArray[np.uint8], str]:
    """One picture ``[3, size, size]`` of two shapes, and the sentence that says so."""
    canvas = rng.normal(rng.integers(20, 80), 6, (3, size, size))
    rows, columns = np.mgrid[0:size, 0:size] + 0.5
    phrases = []
    for corner in rng.choice(list(CORNERS), 2, replace=False).tolist():
        colour = str(rng.choice(list(COLOURS)))
        shape = str(rng.choice(SHAPES))
        scale = str(rng.choice(list(SIZES)))
        centre = np.array(CORNERS[corner]) * size + rng.uniform(-1, 1, 2)
        radius = SIZES[scale] * size / 32
        inside = _mask(
            shape, (rows - centre[0]) / radius, (columns - centre[1]) / radius
        )
        canvas[:, inside] = np.array(COLOURS[colour])[:, None]
        phrases.append(f"a {scale} {colour} {shape} at the {corner}")
    picture = np.clip(canvas, 0, 255).astype(np.uint8)
    return picture, f"{phrases[0]} and {phrases[1]}."


@cache
def gallery(
    seed: int = 0, pictures: int = 6000, size: int = 32
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Draw a set of captioned pictures.

    Args:
        seed: seed of the draw.
        pictures: how many.
        size: height and width in pixels.

    Returns:
        The pictures ``[pictures, 3, size, size]`` and their captions.
    """
    rng = np.random.default_rng(seed)
    drawn = [draw(rng, size) for _ in range(pictures)]
    return np.stack([d[0] for d in drawn]), tuple(d[1] for d in drawn)
