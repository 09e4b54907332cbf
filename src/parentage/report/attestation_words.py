# SPDX-License-Identifier: Apache-2.0
"""What is said of an audit that was run again; :mod:`parentage.run.attest` fills it."""

from __future__ import annotations

from parentage.report.language import marked

SAME_DIGEST = marked("The digest is that of the report.")
OTHER_DIGEST = marked("Its digest is {found}; the report is about {expected}.")
SAME = marked("The audit was run again and gives the same.")
SAME_WITH = marked("The audit was run again and gives the same, with {versions}.")
DIFFERS = marked("The audit was run again and differs in {fields}.")
DIFFERS_WITH = marked(
    "The audit was run again and differs in {fields}; versions differ too: {versions}."
)
