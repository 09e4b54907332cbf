# SPDX-License-Identifier: Apache-2.0
"""The languages of a report: English texts are the keys, catalogues hold the rest.

Texts carry named places, ``_("{module} of {reference}", module=…)``, which are filled
in after translation, so that word order is the language's own. A document never holds
translated text: it holds findings and numbers, and is read in any language.
"""

from __future__ import annotations

import gettext
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final, Literal

Code = Literal["en", "ko"]

LANGUAGES: Final[tuple[Code, ...]] = ("en", "ko")

DOMAIN: Final = "report"
"""Catalogues are ``locale/<language>/report.po``, compiled beside it to ``.mo``."""


@dataclass(frozen=True)
class Language:
    """Says texts in one language; called like ``_``.

    Attributes:
        code: ``en`` or ``ko``, also the ``lang`` attribute of pages.
    """

    code: Code

    def __call__(self, text: str, /, **places: object) -> str:
        """A text in this language, its places filled in.

        Args:
            text: the English text, with places in braces.
            places: what goes into them; shown as it is, never parsed again.
        """
        said = _catalogue(self.code).gettext(text) if text else ""
        return said.format(**places) if places else said


@cache
def _catalogue(code: Code) -> gettext.NullTranslations:
    if code == "en":
        return gettext.NullTranslations()
    file = resources.files("parentage.report").joinpath(f"locale/{code}/{DOMAIN}.mo")
    with file.open("rb") as stream:
        return gettext.GNUTranslations(stream)


ENGLISH: Final = Language("en")
"""What commands speak unless told otherwise."""
