# SPDX-License-Identifier: Apache-2.0
"""How alike two architectures are, weighed by how rare the agreement is.

Architecture is never evidence about weights; every result says so.
"""

from parentage.evidence.architecture.background import (
    Background,
    Known,
    known,
    load_background,
)
from parentage.evidence.architecture.compare import (
    ComponentEvidence,
    DerivedSize,
    FieldComparison,
    compare,
    information,
)
from parentage.evidence.architecture.keys import KeyAgreement, stated_agreement
from parentage.evidence.architecture.nearest import (
    ArchitectureEvidence,
    ComponentFinding,
    compare_architectures,
    find,
    nearest,
    weigher,
)

__all__ = [
    "ArchitectureEvidence",
    "Background",
    "ComponentEvidence",
    "ComponentFinding",
    "DerivedSize",
    "FieldComparison",
    "KeyAgreement",
    "Known",
    "compare",
    "compare_architectures",
    "find",
    "information",
    "known",
    "load_background",
    "nearest",
    "stated_agreement",
    "weigher",
]
