# SPDX-License-Identifier: Apache-2.0
"""What the bytes mean: a model, its modules, and each tensor in canonical form.

A canonical tensor is a *view* of one stored tensor: fused, transposed or stacked
storage disappears here, so that everything above compares like with like. Nothing
in this module reads weights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

Range = tuple[int, int]
"""A half-open range ``[start, stop)``."""


@dataclass(frozen=True, slots=True)
class View:
    """Where a canonical array lies inside one stored tensor.

    The stored array (row-major) is reshaped to ``grid``, cut by ``select`` (one
    half-open range per grid axis) and its axes are put in ``order``. Grid axes that
    ``order`` leaves out must be cut to length one.

    Examples (``H`` heads of ``k`` dims, width ``d``):

    * ``q_proj [H*k, d]``: grid ``(H, k, d)``, order ``(0, 1, 2)``;
    * GPT-2 ``c_attn [d, 3*H*k]``, its query: grid ``(d, 3, H, k)``, select axis 1 to
      ``(0, 1)``, order ``(2, 3, 0)``;
    * GPT-NeoX ``query_key_value [H*3*k, d]``, its key: grid ``(H, 3, k, d)``, select
      axis 1 to ``(1, 2)``, order ``(0, 2, 3)``.
    """

    tensor: str
    grid: tuple[int, ...]
    select: tuple[Range, ...]
    order: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.grid) != len(self.select):
            message = f"{self.tensor}: one range per grid axis is needed"
            raise ValueError(message)
        for axis, ((start, stop), size) in enumerate(
            zip(self.select, self.grid, strict=True)
        ):
            if not 0 <= start <= stop <= size:
                message = f"{self.tensor}: range {start}:{stop} outside axis of {size}"
                raise ValueError(message)
            if axis not in self.order and stop - start != 1:
                message = f"{self.tensor}: axis {axis} is dropped but not of length 1"
                raise ValueError(message)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the canonical array."""
        return tuple(self.select[a][1] - self.select[a][0] for a in self.order)

    @property
    def size(self) -> int:
        """Number of elements of the canonical array."""
        return math.prod(self.shape)

    def narrow(self, ranges: tuple[Range, ...]) -> tuple[Range, ...]:
        """Grid ranges of a rectangle given in canonical coordinates."""
        select = list(self.select)
        for axis, (start, stop) in zip(self.order, ranges, strict=True):
            base, end = self.select[axis]
            if not 0 <= start <= stop <= end - base:
                message = f"{self.tensor}: {start}:{stop} outside {end - base}"
                raise ValueError(message)
            select[axis] = (base + start, base + stop)
        return tuple(select)


@dataclass(frozen=True, slots=True)
class Tensor:
    """One canonical tensor.

    Attributes:
        role: a word of :mod:`parentage.model.roles`, such as ``up_proj``.
        module: name of the module it belongs to, such as ``text_decoder``.
        block: part of a layer for localisation: ``attention``, ``cross_attention``,
            ``mlp``, ``experts``, ``shared_experts``, ``router``, ``norms``,
            ``embedding``, ``head``, ``projector`` or ``other``.
        layer: index of the layer inside its module, or ``None``.
        expert: index of the routed expert, or ``None``.
        axes: label of each canonical axis: ``residual``, ``neuron``, ``head``,
            ``kv_head``, ``head_dim``, ``latent``, ``rotary_dim``, ``expert``,
            ``vocab``, ``position``, ``patch``, ``input`` or ``other``.
        view: where it is stored.
        dtype: stored number format, in the spelling of safetensors (``BF16``).
    """

    role: str
    module: str
    block: str
    layer: int | None
    expert: int | None
    axes: tuple[str, ...]
    view: View
    dtype: str

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape in canonical axis order."""
        return self.view.shape

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.view.size


@dataclass(frozen=True, slots=True)
class Attention:
    """What the symmetries of a module's attention depend on.

    Attributes:
        heads, kv_heads, head_dim: sizes; ``None`` where neither config nor shapes
            tell them.
        rotary_dims: dims of each head that rotary positions turn (``0``: none,
            ``None``: unknown). The pairing convention is not needed: tests use sets
            of dims that are closed under both conventions.
    """

    heads: int | None
    kv_heads: int | None
    head_dim: int | None
    rotary_dims: int | None


@dataclass(frozen=True, slots=True)
class Module:
    """A part of a model that could have a parent of its own.

    Attributes:
        name: ``text_decoder``, ``text_encoder``, ``vision_encoder``,
            ``audio_encoder``, ``projector``, ``embedding``, ``head`` or
            ``unrecognised``; a second one of a kind gets a number (``projector_2``).
        family: naming family that explained it (file stem in ``families/``), or
            ``structure`` when shapes did.
        tensors: canonical tensors, in layer order.
        parameters: number of stored weights (buffers are not counted).
        layers: number of repeated layers.
        attention: see :class:`Attention`, or ``None`` without attention.
        symmetric_residual: whether relabelling the residual dims leaves the
            initialisation's law unchanged (false with fixed sinusoidal positions).
        signed_glu: whether flipping a neuron's ``up`` and ``down`` together leaves
            the function unchanged (true for GLU layers without offsets).
    """

    name: str
    family: str
    tensors: tuple[Tensor, ...]
    parameters: int
    layers: int
    attention: Attention | None = None
    symmetric_residual: bool = True
    signed_glu: bool = True


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored tensor as the file lists it: name, format, shape."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of stored elements."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class Model:
    """A described model.

    Attributes:
        name: how it was referred to.
        modules: modules in reading order; the parameters of all modules add up to
            :attr:`parameters`.
        parameters: number of stored weights.
        unrecognised: stored tensors that got no role, with their shapes; their
            share is that of the module ``unrecognised``.
        buffers: stored tensors that are not weights (rotary tables, position ids).
        notes: what the reader should know about this description.
        config: the parsed config (possibly empty). Hints only.
    """

    name: str
    modules: tuple[Module, ...]
    parameters: int
    unrecognised: tuple[Stored, ...] = ()
    buffers: tuple[Stored, ...] = ()
    notes: tuple[str, ...] = ()
    config: dict[str, object] = field(default_factory=dict, compare=False)

    def module(self, name: str) -> Module | None:
        """The module of that name, or ``None``."""
        return next((m for m in self.modules if m.name == name), None)
