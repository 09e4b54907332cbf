# SPDX-License-Identifier: Apache-2.0
"""Parentage testing for foundation models.

Does this model, or any module in it, carry another model's weights? ::

    import parentage

    report = parentage.audit("candidate", ["reference"])
    print(report.headline)

Names are loaded when they are first used, so ``import parentage`` is cheap. The
names in ``__all__`` are the public API.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parentage.artifact.source.locate import Reference
    from parentage.registry.store import Registry as Registry
    from parentage.report.comparison import Comparison
    from parentage.report.load import load_report as load_report
    from parentage.run.audit import audit as audit
    from parentage.run.fingerprint import fingerprint as fingerprint
    from parentage.run.inspect import inspect_model as inspect_model
    from parentage.run.judge import judge as judge
    from parentage.run.planning import plan_audit as plan_audit
    from parentage.run.screen import screen as screen

__version__ = "0.1.0"

__all__ = [
    "Registry",
    "__version__",
    "audit",
    "compare",
    "fingerprint",
    "inspect_model",
    "judge",
    "load_report",
    "plan_audit",
    "screen",
]

_LAZY = {
    "Registry": "parentage.registry.store",
    "audit": "parentage.run.audit",
    "fingerprint": "parentage.run.fingerprint",
    "inspect_model": "parentage.run.inspect",
    "judge": "parentage.run.judge",
    "load_report": "parentage.report.load",
    "plan_audit": "parentage.run.planning",
    "screen": "parentage.run.screen",
}


def compare(
    a: Reference,
    b: Reference,
    *,
    budget: int = 64_000_000,
    seed: int = 0,
    command: Sequence[str] = (),
    progress: Callable[[str, int, int], None] | None = None,
) -> Comparison:
    """Evidence about every module of ``a`` against ``b``, without a judgement.

    Args:
        a: path of the first model; the evidence is about its modules.
        b: path of the second model.
        budget: bytes to read of each model at most.
        seed: decides which bytes; fixed before anything is looked at.
        command: how the comparison was called, for the document.
        progress: told about each module.

    Raises:
        ParentageError: a file cannot be used; see its subclasses.
    """
    from parentage.report.comparison import Comparison
    from parentage.run.audit import audit

    report = audit(a, [b], budget=budget, seed=seed, command=command, progress=progress)
    return Comparison.from_report(report)


def __getattr__(name: str) -> object:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
