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
"""Catalogues are ``locale/<language>/report.po``, compiled beside it to ``.mo``.

Further catalogues lie beside it (``lineage.po``); all of a language are one.
"""


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
    """Every catalogue of a language, one falling back on the next."""
    found = gettext.NullTranslations()
    if code == "en":
        return found
    folder = resources.files("parentage.report").joinpath(f"locale/{code}")
    files = {file.name: file for file in folder.iterdir()}
    for name in sorted(files):
        if name.endswith(".mo"):
            with files[name].open("rb") as stream:
                made = gettext.GNUTranslations(stream)
            made.add_fallback(found)
            found = made
    return found


ENGLISH: Final = Language("en")
"""What commands speak unless told otherwise."""


def marked(text: str) -> str:
    """A text for the catalogues that is said later, with a language at hand.

    Tables of words hold English; ``tools/translations.py`` finds them by this call.
    """
    return text
