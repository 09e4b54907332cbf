# SPDX-License-Identifier: Apache-2.0
"""The models of the full zoo, parents before children."""

from __future__ import annotations

from zoo.full.bases import BASES, CHECKPOINTS
from zoo.full.spec import Item
from zoo.full.trained import trained
from zoo.full.untrained import untrained

PLAN: tuple[Item, ...] = (*BASES, *CHECKPOINTS, *trained(), *untrained())
