# SPDX-License-Identifier: Apache-2.0
"""Models of true size whose bytes are computed when they are asked for.

Nothing is stored: a value follows from the model's seed, the tensor's name and the
place in it, whatever was read before. ``python -m parentage.testing.virtual`` serves
them. They stand for models at initialisation; only shapes are those of real models.
"""

from parentage.testing.virtual.files import virtual_repository
from parentage.testing.virtual.models import Derivation, VirtualModel
from parentage.testing.virtual.shapes import SHAPES, Latent

__all__ = ["SHAPES", "Derivation", "Latent", "VirtualModel", "virtual_repository"]
