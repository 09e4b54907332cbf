# SPDX-License-Identifier: Apache-2.0
"""A fingerprint: stored values of a model at agreed places, and all that names them.

It holds what the headers and the config say (names, formats, shapes), the tokenizer,
and values of the tensors in their stored format. So the exact tests, the map of all
pairs of layers, shares of modules and the comparison of tokenizers and configs run on
two fingerprints without the models, also against models that are not known yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from parentage.artifact.dtypes import DTYPES, QUANTISED
from parentage.model.description import Model, Range, Stored, Tensor
from parentage.model.rectangle import Cut, shape_of
from parentage.model.resolve import describe
from parentage.registry.listing import unpack_listing
from parentage.registry.scheme import Scheme

FORMAT: Final = "parentage.fingerprint/1"
"""Name and version of the file format."""

MAX_BYTES: Final = 4_000_000
"""Largest fingerprint that is made; larger files are refused."""

ViewKey = tuple[str, tuple[int, ...], tuple[Range, ...], tuple[int, ...]]
"""A canonical tensor by where it is stored: name, grid, ranges, order of axes."""


def view_key(tensor: Tensor) -> ViewKey:
    """What identifies a canonical tensor, whatever it is called."""
    view = tensor.view
    return view.tensor, view.grid, view.select, view.order


def held_format(dtype: str) -> str | None:
    """The format in which values of a stored format are held, ``None`` for none.

    Plain numbers keep their format. Formats with shared scales are decoded and
    rounded to BF16; F64 is rounded to F32, in which tests compute.
    """
    kind = DTYPES[dtype]
    if not kind.is_float or kind.numpy is None:
        return None
    if dtype in QUANTISED:
        return "BF16"
    return "F32" if dtype == "F64" else dtype


@dataclass(frozen=True)
class Identity:
    """Which model a fingerprint is of.

    Attributes:
        name: what it is called, as shown to a reader.
        revision: commit that it was read at, where the source has commits.
        digest: SHA-256 over names, formats and shapes of all tensors and over every
            value that was read to make the fingerprint.
    """

    name: str
    revision: str
    digest: str


@dataclass(frozen=True, eq=False)
class Tile:
    """Values of one canonical tensor.

    Attributes:
        key: which tensor.
        cut: where the values lie on its canonical axes.
        dtype: format of ``values``, as :func:`held_format` says.
        values: shape of the cut, in that format.
    """

    key: ViewKey
    cut: Cut
    dtype: str
    values: NDArray[Any]

    def __post_init__(self) -> None:
        if self.values.shape != shape_of(self.cut):
            message = f"{self.key[0]}: values {self.values.shape} for {self.cut}"
            raise ValueError(message)


@dataclass(frozen=True)
class Outline:
    """A module of the model, whether values of it are held or not.

    Attributes:
        name: such as ``text_decoder``.
        parameters: stored weights.
        layers: repeated layers.
    """

    name: str
    parameters: int
    layers: int


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """See the module.

    Attributes:
        identity: which model it is of.
        scheme: by which rule its values were chosen.
        modules: what the model consists of, with its parameters.
        sampled: stored tensors of which values are held: format and shape by name.
        listing: all stored tensors, as :func:`pack_listing` writes them.
        config: the parsed config. Hints only.
        tiles: values, in the order of the model's modules.
        tokenizer: the tokenizer as :mod:`.tokenizer_record` writes it, if held.
        notes: what is not held, and why.
        bytes_stored: size of the model's weights.
    """

    identity: Identity
    scheme: Scheme
    modules: tuple[Outline, ...]
    sampled: Mapping[str, Stored]
    listing: bytes
    config: Mapping[str, Any]
    tiles: tuple[Tile, ...]
    tokenizer: bytes | None = None
    notes: tuple[str, ...] = field(default=())
    bytes_stored: int = 0

    @cached_property
    def entries(self) -> Mapping[str, Stored]:
        """All stored tensors by name, of trillions of weights tens of thousands.

        Raises:
            FingerprintError: the listing is malformed.
        """
        return unpack_listing(self.listing, self.identity.name)

    @cached_property
    def model(self) -> Model:
        """The description that headers and config give, made anew by this version."""
        return describe(self.identity.name, self.entries, self.config)

    @cached_property
    def held(self) -> Model:
        """The description of the tensors of which values are held, as tests need it.

        Its modules, roles and layers are those of :attr:`model`; it is quicker by as
        much as there are more experts than are held.
        """
        return describe(self.identity.name, self.sampled, self.config)

    @property
    def parameters(self) -> int:
        """Stored weights of the whole model."""
        return sum(module.parameters for module in self.modules)

    @cached_property
    def by_view(self) -> dict[ViewKey, Tile]:
        """Tiles by the tensor that they are of."""
        return {tile.key: tile for tile in self.tiles}

    def tile(self, tensor: Tensor) -> Tile | None:
        """The values held of a canonical tensor, if any."""
        return self.by_view.get(view_key(tensor))

    @property
    def values(self) -> int:
        """Number of values held."""
        return sum(tile.values.size for tile in self.tiles)


def comparable(a: Scheme, b: Scheme) -> bool:
    """Whether two fingerprints hold values at the same places."""
    return a.seed == b.seed


def positions(held: tuple[Range, ...], asked: tuple[Range, ...]) -> NDArray[np.intp]:
    """Where the indices of ``asked`` stand among those of ``held``.

    Raises:
        KeyError: an index is not held.
    """
    have = np.concatenate([np.arange(a, b) for a, b in held] or [np.zeros(0, int)])
    want = np.concatenate([np.arange(a, b) for a, b in asked] or [np.zeros(0, int)])
    place = np.searchsorted(have, want)
    if len(want) and (place.max() >= len(have) or (have[place] != want).any()):
        message = f"{asked} is not held, only {held}"
        raise KeyError(message)
    return place
