# SPDX-License-Identifier: Apache-2.0
"""Putting the parts of quantised weights together, whoever wrote them.

Which scheme it is follows from the names and shapes of the parts; the config is a hint
where shapes do not tell.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from parentage.artifact.entry import Problem, shown
from parentage.artifact.quantised.float4 import blocks_and_scales, packed_float4
from parentage.artifact.quantised.integers import gptq_or_awq, packed_rows
from parentage.artifact.quantised.parts import Group, Weight
from parentage.artifact.quantised.scaled import rows_of_int8, scaled
from parentage.artifact.quantised.table4 import STATES, table4

if TYPE_CHECKING:
    from parentage.artifact.contents import Contents

_MOST_PROBLEMS: Final = 8

_Reader = Callable[[Group], Weight | None]

_SCHEMES: Final[tuple[tuple[str, tuple[_Reader, ...]], ...]] = (
    (".qweight", (gptq_or_awq,)),
    *((ending, (partial(table4, ending=ending),)) for ending in STATES),
    (".SCB", (rows_of_int8,)),
    (".weight_packed", (packed_float4, packed_rows)),
    (
        ".weight_scale_inv",
        (partial(scaled, weight=".weight", scale=".weight_scale_inv"),),
    ),
    (
        ".weight_scale",
        (
            partial(packed_float4, ending=".weight"),
            partial(scaled, weight=".weight", scale=".weight_scale"),
        ),
    ),
    ("_blocks", (blocks_and_scales,)),
    ("_scale_inv", (partial(scaled, weight="", scale="_scale_inv"),)),
    ("_scale", (partial(scaled, weight="", scale="_scale"),)),
)
"""End of a name that gives a scheme away -> readers to try."""


def assemble(contents: Contents) -> None:
    """Replace the parts of each quantised weight by the weight.

    Parts that are not complete stay as they are, and become a problem.

    Raises:
        LayoutError: parts are there but contradict each other.
    """
    lonely: list[str] = []
    for ending, readers in _SCHEMES:
        for name in [n for n in contents.entries if n.endswith(ending)]:
            stem = name.removesuffix(ending)
            if not stem or name not in contents.entries:
                continue
            for read in readers:
                group = Group(contents, stem)
                weight = read(group)
                if weight is not None:
                    contents.drop(group.used)
                    contents.add(weight.entry, weight.values)
                    break
            else:
                if ending.startswith("."):
                    lonely.append(name)
    for name in lonely[:_MOST_PROBLEMS]:
        if name not in contents.entries:
            continue
        message = f"{shown(name)} is part of a weight that was not put together"
        contents.problems.append(
            Problem("incomplete-weight", "warning", message, None, shown(name))
        )
