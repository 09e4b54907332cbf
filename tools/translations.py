# SPDX-License-Identifier: Apache-2.0
"""Texts of reports and their translations: ``extract``, ``compile``, ``check``.

``extract`` collects every text that a report can show and brings the catalogues
``src/parentage/report/locale/<language>/*.po`` up to date: new texts come in
without a translation, texts that are gone go out. ``compile`` writes the ``.mo`` file
beside each, which is what the package reads. ``check`` writes nothing, lists what is
wrong and ends with 1 if anything is. Needs babel (``pip install -e ".[dev]"``).
"""

from __future__ import annotations

import ast
import io
import string
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes

from parentage.evidence.catalogue import methods
from parentage.report.language import LANGUAGES
from parentage.report.training_words import catalogue_texts
from parentage.run.document import ASSUMPTIONS
from parentage.verdict.licences import table as licences
from parentage.web.permissions import actions

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "parentage"
LOCALE = PACKAGE / "report" / "locale"

CALLS = frozenset({"_", "lang", "language", "marked"})
"""Functions whose first argument is a text."""

DOMAINS = (
    "report",
    "lineage",
    "descent",
    "difference",
    "verdict",
    "page",
    "markdown",
    "attestation",
    "reply",
    "plan",
    "claim",
    "case",
    "screen",
    "training",
    "stage",
    "web",
)
"""Catalogues of a language. Texts that stand only in files whose names begin like one
of the others (``lineage...``) are there; those of the portal are in ``web``."""

FILES = (
    ("report", "*.py"),
    ("cli", "*.py"),
    ("report", "*.j2"),
    ("web", "*.py"),
    ("web/templates", "*.html"),
)
"""Folders of the package, and which of their files hold texts."""

Texts = Mapping[str, frozenset[str]]
"""Text -> files in which it stands."""


def texts(domain: str = DOMAINS[0]) -> Texts:
    """Every text of one catalogue, with the files it stands in."""
    return {text: files for text, files in _all().items() if _home(files) == domain}


def _home(files: frozenset[str]) -> str:
    for domain in DOMAINS[1:]:
        if all(_of_domain(file, domain) for file in files):
            return domain
    return DOMAINS[0]


def _of_domain(file: str, domain: str) -> bool:
    if file.startswith("src/parentage/web/"):
        return domain == "web"
    return any(part.startswith(domain) for part in Path(file).parts[-2:])


@cache
def _all() -> Texts:
    """Every text that a report can show, with the files it stands in."""
    found: dict[str, set[str]] = defaultdict(set)
    for folder, suffix in FILES:
        for file in sorted((PACKAGE / folder).rglob(suffix)):
            source = file.read_text(encoding="utf-8")
            read = _in_python if suffix == "*.py" else _in_template
            for text in read(source):
                found[text].add(file.relative_to(ROOT).as_posix())
    for method in methods().values():
        rows = (*method.assumptions, *method.blind_spots)
        parts = (method.title, method.question, method.statistic, method.null)
        for text in (*parts, *rows, method.cost, method.reference):
            found[text].add("src/parentage/evidence/catalogue.toml")
    for licence in licences().values():
        for term in licence.terms:
            found[term.text].add("src/parentage/verdict/verdict_licences.toml")
    for text in catalogue_texts():
        found[text].add("src/parentage/training/pieces.toml")
    for action in actions().values():
        found[action.text].add("src/parentage/web/permissions.toml")
    for assumption in ASSUMPTIONS:
        for text in (assumption.text, assumption.id.replace("-", " ")):
            found[text].add("src/parentage/run/document.py")
    return {text: frozenset(files) for text, files in found.items()}


def _in_python(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        function, text = node.func, node.args[0]
        name = getattr(function, "id", getattr(function, "attr", ""))
        if name in CALLS and isinstance(text, ast.Constant):
            yield str(text.value)


def _in_template(source: str) -> Iterator[str]:
    tree = Environment(autoescape=True).parse(source)
    for call in tree.find_all(nodes.Call):
        named = isinstance(call.node, nodes.Name) and call.node.name in CALLS
        if named and call.args and isinstance(call.args[0], nodes.Const):
            yield str(call.args[0].value)


def places(text: str) -> frozenset[str]:
    """Names of the places in a text."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name)


class Sorted(Catalog):
    """A catalogue whose files depend on its texts alone, not on date or tool."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        """What readers of a catalogue need to know."""
        return [
            ("Language", str(self.locale)),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
        ]


def read_catalogue(language: str, domain: str = DOMAINS[0]) -> Catalog:
    """The catalogue of a language as it is; an empty one if there is none."""
    file = LOCALE / language / f"{domain}.po"
    if not file.exists():
        return Catalog(locale=language)
    with file.open("rb") as stream:
        return read_po(stream, locale=language)


@cache
def _known(language: str) -> Mapping[str, Message]:
    """Every text that any catalogue held at first.

    A text moves to another one when files begin or cease to share it.
    """
    return {
        str(message.id): message
        for domain in reversed(DOMAINS)
        for message in read_catalogue(language, domain)
        if message.id and message.string
    }


def extracted(language: str, domain: str = DOMAINS[0]) -> bytes:
    """The catalogue's text with exactly the texts of today, sorted."""
    moved = _known(language)
    old = read_catalogue(language, domain)
    new = Sorted(
        locale=language,
        header_comment="# SPDX-License-Identifier: Apache-2.0\n"
        "# Written by tools/translations.py; translations are edited here.",
        fuzzy=False,
    )
    for text, files in texts(domain).items():
        known = old.get(text) or moved.get(text)
        new.add(
            text,
            known.string if known else "",
            locations=[(file, 0) for file in sorted(files)],
            flags=[f for f in known.flags if f == "fuzzy"] if known else [],
        )
    buffer = io.BytesIO()
    write_po(buffer, new, width=88, sort_output=True, include_lineno=False)
    return buffer.getvalue()


def compiled(language: str, domain: str = DOMAINS[0]) -> bytes:
    """What the ``.mo`` file must hold."""
    buffer = io.BytesIO()
    catalogue = Sorted(locale=language, fuzzy=False)
    for message in read_catalogue(language, domain):
        if message.id and message.string:
            catalogue.add(message.id, message.string, flags=message.flags)
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def complaints(language: str, domain: str = DOMAINS[0]) -> list[str]:
    """Everything that is wrong with a catalogue, one line each."""
    catalogue, wanted = read_catalogue(language, domain), texts(domain)
    have = {str(message.id): message for message in catalogue if message.id}
    wrong = [f"not in the catalogue: {text}" for text in wanted if text not in have]
    for text, message in have.items():
        if text not in wanted:
            wrong.append(f"not used any more: {text}")
        elif not message.string:
            wrong.append(f"not translated: {text}")
        elif message.fuzzy:
            wrong.append(f"fuzzy: {text}")
        elif places(str(message.string)) != places(text):
            wrong.append(f"other places than in the text: {text}")
    file = LOCALE / language / f"{domain}.mo"
    if not file.exists() or file.read_bytes() != compiled(language, domain):
        wrong.append(f"stale: {file.relative_to(ROOT).as_posix()}")
    return sorted(wrong)


def main(words: list[str]) -> int:
    """Do what the only word says, for every language but English."""
    if words not in (["extract"], ["compile"], ["check"]):
        sys.stderr.write("usage: python tools/translations.py extract|compile|check\n")
        return 2
    wrong: list[str] = []
    for language in LANGUAGES:
        if language == "en":
            continue
        folder = LOCALE / language
        folder.mkdir(parents=True, exist_ok=True)
        for domain in DOMAINS:
            file = folder / domain
            if words == ["extract"]:
                file.with_suffix(".po").write_bytes(extracted(language, domain))
            elif words == ["compile"]:
                file.with_suffix(".mo").write_bytes(compiled(language, domain))
            else:
                wrong += [f"{language}: {w}" for w in complaints(language, domain)]
    sys.stdout.writelines(f"{line}\n" for line in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
