# SPDX-License-Identifier: Apache-2.0
"""Losses that no training wrote: seven ways to make a curve up.

Each way takes the steps and losses of a real log, the losses of another run and a
source of randomness, and gives losses of the same length. They know the real curve as
well as a forger can: its level at start and end, its noise, or all of its course.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from parentage.stats.curve_noise import difference_noise
from parentage.stats.power_law import fit_power_law

Floats = npt.NDArray[np.float64]
Way = Callable[[Floats, Floats, Floats, np.random.Generator], Floats]

PARTS = 12
"""Parts of a curve within which its own noise is shuffled."""


def noise_of(loss: Floats) -> float:
    """Standard deviation of the noise in the second half."""
    return difference_noise(loss[len(loss) // 2 :])


def between(x: Floats, loss: Floats) -> Floats:
    """The power law that goes from the first losses to the last ones."""
    first, last = (max(float(v.mean()), 1e-3) for v in (loss[:5], loss[-50:]))
    power = math.log(first / last) / math.log(x[-1] / x[0])
    curve: Floats = first * (x / x[0]) ** -power
    return curve


def smoothed(loss: Floats, width: int = 31) -> Floats:
    """Running mean, with the curve turned at both ends."""
    side = min(width, len(loss) // 4) // 2
    around = np.pad(loss, side, mode="reflect", reflect_type="odd")
    found: Floats = np.convolve(around, np.ones(2 * side + 1), "valid")
    return found / (2 * side + 1)


def power_law(
    step: Floats, loss: Floats, other: Floats, rng: np.random.Generator
) -> Floats:
    """A power law between start and end, with independent noise."""
    del other
    curve = between(step - step[0] + 10.0, loss)
    return curve + noise_of(loss) * rng.standard_normal(len(curve))


def correlated(
    step: Floats, loss: Floats, other: Floats, rng: np.random.Generator
) -> Floats:
    """The same with noise of which half is kept from step to step."""
    del other
    drawn = rng.standard_normal(len(loss))
    noise = drawn.copy()
    for i in range(1, len(noise)):
        noise[i] = 0.5 * noise[i - 1] + math.sqrt(0.75) * drawn[i]
    return between(step - step[0] + 10.0, loss) + noise_of(loss) * noise


def fitted(
    step: Floats, loss: Floats, other: Floats, rng: np.random.Generator
) -> Floats:
    """The power law that fits the real curve best, with independent noise."""
    del other
    fit = fit_power_law(step - step[0], loss)
    if fit is None:
        raise ValueError("too few losses to fit")
    x = step - step[0] + max(fit.offset, 1.0)
    curve = fit.floor + fit.scale * x**-fit.exponent
    made: Floats = curve + noise_of(loss) * rng.standard_normal(len(curve))
    return made


def scaled(
    step: Floats, loss: Floats, other: Floats, rng: np.random.Generator
) -> Floats:
    """A power law with noise in proportion to its level."""
    del other
    curve = between(step - step[0] + 10.0, loss)
    share = noise_of(loss) / float(loss[len(loss) // 2 :].mean())
    made: Floats = curve * (1 + share * rng.standard_normal(len(curve)))
    return made


def warmed(
    step: Floats, loss: Floats, other: Floats, rng: np.random.Generator
) -> Floats:
    """A power law that waits for the warm-up, rounded off, with noise that grows."""
    del other
    x = step - step[0]
    curve = between(np.maximum(x - 15, 0) + 15.0, loss)
    curve = np.convolve(np.pad(curve, 8, mode="edge"), np.ones(17) / 17, "valid")
    growth = np.clip(x / 30, 0.1, 1)
    made: Floats = curve + noise_of(loss) * growth * rng.standard_normal(len(curve))
    return made


def resampled(
    step: Floats, loss: Floats, other: Floats, rng: np.random.Generator
) -> Floats:
    """The smoothed curve of another run, with its noise drawn anew."""
    del step
    place = np.linspace(0, len(other) - 1, len(loss)).round().astype(int)
    smooth = smoothed(other[place])
    rest = (other[place] - smooth)[len(loss) // 10 :]
    return smooth + rng.choice(rest, len(loss))


def shuffled(
    step: Floats, loss: Floats, other: Floats, rng: np.random.Generator
) -> Floats:
    """The real curve, smoothed, with its own noise shuffled part by part."""
    del step, other
    smooth = smoothed(loss)
    rest = loss - smooth
    made = smooth.copy()
    for part in np.array_split(np.arange(len(loss)), PARTS):
        made[part] += rng.permutation(rest[part])
    return made


WAYS: Mapping[str, Way] = {
    "power law": power_law,
    "power law, correlated noise": correlated,
    "best power law": fitted,
    "power law, noise by level": scaled,
    "power law after warm-up": warmed,
    "another run, noise drawn anew": resampled,
    "own curve, noise shuffled": shuffled,
}
"""What was done -> how."""


def norms_for(loss: Floats, norm: Floats, rng: np.random.Generator) -> Floats:
    """Gradient norms for made-up losses: longer where the loss sticks out."""
    smooth, course = smoothed(loss), smoothed(norm)
    rest = (loss - smooth) / max(float(np.std(loss - smooth)), 1e-12)
    spread = float(np.std((norm - course) / np.maximum(course, 1e-9)))
    mixed = 0.4 * rest + math.sqrt(1 - 0.16) * rng.standard_normal(len(loss))
    found: Floats = np.maximum(course, 1e-3) * np.exp(spread * mixed)
    return found
