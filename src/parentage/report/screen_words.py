# SPDX-License-Identifier: Apache-2.0
"""What every screening says about itself."""

from __future__ import annotations

from typing import Final

from parentage.report.language import marked

CAVEATS: Final = (
    marked(
        "A registry can only name what is in it: finding nothing is no proof of "
        "training from scratch."
    ),
    marked(
        "Fingerprints hold values at published places. Copies that were permuted, "
        "re-signed or rotated on purpose, and models of another width, are not found "
        "by screening; an audit against a named reference looks further."
    ),
    marked(
        "Models initialised by the same code from the same seed are found dependent "
        "without derivation."
    ),
)
