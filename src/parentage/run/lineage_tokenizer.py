# SPDX-License-Identifier: Apache-2.0
"""Two tokenizers, from files to their document. No weights are touched."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from parentage.artifact.source.locate import Reference, locate
from parentage.artifact.source.place import Location
from parentage.evidence.background.tokenizers import load_tokenizers
from parentage.evidence.tokenizer.compare import compare_tokenizers
from parentage.evidence.tokenizer.finding import words
from parentage.evidence.tokenizer.nearest import common_ancestors, nearest
from parentage.evidence.tokenizer.points import order_points
from parentage.evidence.tokenizer.relate import relate
from parentage.evidence.tokenizer.vocabulary import Vocabulary, vocabulary
from parentage.model.tokenizer.read import read_tokenizer
from parentage.report.lineage_tokenizer import (
    BackgroundItem,
    BlockItem,
    OnlyItem,
    Ratio,
    RelationItem,
    ScriptItem,
    TokenizerDocument,
    TokenizerInfo,
    TokenizerNearest,
    TokenizerNeighbour,
    TokenizerPair,
    TokenText,
)
from parentage.run.lineage_frame import clock, frame, names_of

if TYPE_CHECKING:
    from parentage.evidence.background.tokenizers import TokenizerBackground
    from parentage.evidence.tokenizer.comparison import Only, TokenizerComparison
    from parentage.evidence.tokenizer.finding import TokenizerFinding
    from parentage.model.tokenizer.description import Tokenizer

POINTS: Final = 2000
"""Points of the figure of both orders; an audit shows fewer."""

EXAMPLES: Final = 12
"""Tokens of a block whose text is given."""

MAX_TEXT: Final = 80
"""Characters of a token's text; longer ones are cut."""


@dataclass(frozen=True, eq=False)
class ReadTokenizer:
    """A tokenizer with what comparisons need of it.

    Attributes:
        name: what the document calls it.
        path: where it was looked for.
        bytes_read: size of its files, ``None`` where only a header was read.
    """

    name: str
    path: Location
    tokenizer: Tokenizer
    vocabulary: Vocabulary
    bytes_read: int | None


def open_tokenizer(path: Reference, name: str | None = None) -> ReadTokenizer:
    """Read a tokenizer from a file or a folder.

    Raises:
        TokenizerError: there is none, or it is malformed.
        UnreadableError: a file cannot be read.
    """
    where = locate(path)
    tokenizer = read_tokenizer(where)
    label = name or where.name or where.resolve().name
    folder = where if where.is_dir() else where.parent
    return ReadTokenizer(
        label,
        where,
        tokenizer,
        vocabulary(tokenizer, label),
        None if tokenizer.format == "gguf" else _size(folder, tokenizer.source),
    )


def _size(folder: Location, source: str) -> int | None:
    """Bytes of the files that a tokenizer names as its source."""
    files = [folder / name for name in source.split(" + ")]
    try:
        return sum(file.stat().st_size for file in files)
    except OSError:
        return None


def compare_tokenizer_files(
    a: Reference,
    b: Reference,
    *,
    command: Sequence[str] = (),
    count: int = 5,
) -> TokenizerDocument:
    """How the tokenizer of ``a``, the candidate, is related to that of ``b``.

    Args:
        a: a tokenizer file of any known format, or a folder with one.
        b: the reference's.
        command: how the comparison was called, for the document.
        count: known tokenizers to name for each side.

    Raises:
        ArtifactError: a file cannot be read, or holds no tokenizer.
    """
    started = clock()
    first, second = (
        open_tokenizer(path, name)
        for path, name in zip((a, b), names_of([a, b]), strict=True)
    )
    background = load_tokenizers()
    return TokenizerDocument(
        pair=compare_pair(first, second, background),
        nearest=(
            nearest_tokenizers(first, background, count),
            nearest_tokenizers(second, background, count),
        ),
        caveat=words("en")["caveat"],
        **frame(command, started),
    )


def compare_pair(
    a: ReadTokenizer,
    b: ReadTokenizer,
    background: TokenizerBackground,
    points: int = POINTS,
) -> TokenizerPair:
    """The numbers of a pair, what they support, and the data of its figures."""
    found = compare_tokenizers(a.vocabulary, b.vocabulary)
    finding = relate(found, background)
    if finding.relation == "common-ancestor":
        ancestors = common_ancestors(a.vocabulary, b.vocabulary, background)
        finding = relate(found, background, ancestors)
    return TokenizerPair(
        a=tokenizer_info(a, found.learned_a),
        b=tokenizer_info(b, found.learned_b),
        finding=_relation(finding),
        numbers=_numbers(found),
        offset=found.offset,
        order_basis=found.order_basis,
        tau=found.order.tau,
        score_correlation=found.score_correlation,
        pattern=found.pattern,
        scripts=tuple(
            ScriptItem(**asdict(script))
            for script in found.scripts
            if script.a or script.b
        ),
        profile_a=found.profile_a,
        profile_b=found.profile_b,
        points=order_points(a.vocabulary, b.vocabulary, points),
        only_a=_only(found.only_a, a, b),
        only_b=_only(found.only_b, b, a),
        background=tuple(
            BackgroundItem(
                name=share.name,  # type: ignore[arg-type]
                independent=_rounded(background.independent[share.name].tolist()),
                related=_rounded(background.related[share.name].tolist()),
            )
            for share in finding.shares
        ),
    )


def _rounded(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(round(value, 4) for value in values)


def tokenizer_info(read: ReadTokenizer, learned: int | None = None) -> TokenizerInfo:
    """A tokenizer as it was read."""
    made = read.tokenizer
    if learned is None:
        learned = int((read.vocabulary.order >= 0).sum())
    template = made.chat_template
    return TokenizerInfo(
        name=read.name,
        path=str(read.path),
        source=made.source,
        format=made.format,
        algorithm=made.algorithm,
        ids=made.size,
        regular=read.vocabulary.size,
        learned=learned,
        merges=None if made.merges is None else len(made.merges),
        added=len(made.added),
        byte_level=made.byte_level,
        roles={
            role: TokenText(id=number, text=text_of(made.tokens[number]))
            for role, number in sorted(made.special.items())
        },
        normalizer=made.normalizer,
        pattern=made.pattern,
        template_sha256=None
        if template is None
        else hashlib.sha256(template.encode("utf-8", "surrogatepass")).hexdigest(),
        digest=made.digest,
        vocabulary_digest=made.vocabulary_digest,
        notes=made.notes,
        bytes_read=read.bytes_read,
    )


def nearest_tokenizers(
    read: ReadTokenizer, background: TokenizerBackground, count: int
) -> TokenizerNearest:
    """The known tokenizers nearest to one."""
    entries = {entry.name: entry for entry in background.entries}
    return TokenizerNearest(
        name=read.name,
        known=len(entries),
        nearest=tuple(
            TokenizerNeighbour(
                name=one.name,
                title=one.title,
                owner=entries[one.name].owner,
                size=one.comparison.size_b,
                shared=one.comparison.shared,
                jaccard=one.comparison.jaccard,
                contained=one.comparison.contained_a,
                neighbours=one.comparison.order.agreement,
                relation=one.finding.relation,
            )
            for one in nearest(read.vocabulary, background, count)
        ),
    )


def _relation(finding: TokenizerFinding) -> RelationItem:
    plain = asdict(finding)
    for side in ("added", "missing"):
        plain[side] = plain[side]["tokens"]
    for name in ("a", "b"):
        plain.pop(name)
    return RelationItem(**plain, sentences=finding.sentences("en"))


def _numbers(c: TokenizerComparison) -> tuple[Ratio, ...]:
    """Every count of a pair with what it is out of."""
    shared = "tokens that both have"
    order = "neighbours among shared tokens in the order of " + (
        "learning" if c.order_basis == "learned" else "ids"
    )
    found = [
        ("overlap-a", c.shared, c.size_a, "regular tokens of a"),
        ("overlap-b", c.shared, c.size_b, "regular tokens of b"),
        ("jaccard", c.shared, c.union, "regular tokens of either"),
        ("equal-ids", c.equal_ids, c.shared, shared),
        ("offset", c.at_offset, c.shared, shared),
        ("neighbours", c.order.ascents, max(c.order.n - 1, 0), order),
        ("prefix", c.order.prefix, c.order.n, shared + ", with a place in both orders"),
    ]
    for side, profile, learned in (
        ("a", c.profile_a, c.learned_a),
        ("b", c.profile_b, c.learned_b),
    ):
        if profile:
            size = learned - learned * 9 // 10
            count = round(profile[-1] * size)
            found.append((f"tail-{side}", count, size, f"last learned tenth of {side}"))
    if c.merges is not None:
        shorter = max(min(c.merges.a, c.merges.b), c.merges.prefix)
        found += [
            ("merges-a", c.merges.common, c.merges.a, "different merges of a"),
            ("merges-b", c.merges.common, c.merges.b, "different merges of b"),
            ("merge-prefix", c.merges.prefix, shorter, "merges of the shorter list"),
        ]
    found += [
        ("specials-a", c.specials.shared, c.specials.a, "added tokens of a"),
        ("specials-b", c.specials.shared, c.specials.b, "added tokens of b"),
        ("special-ids", c.specials.equal_ids, c.specials.shared, "shared added tokens"),
    ]
    return tuple(
        Ratio(id=name, count=count, out_of=out_of, of=of)
        for name, count, out_of, of in found
    )


def _only(only: Only | None, own: ReadTokenizer, other: ReadTokenizer) -> OnlyItem:
    """Blocks of one side alone, with the text of some tokens of each."""
    made = own.tokenizer
    ids = own.vocabulary.ids
    blocks = []
    for block in only.largest if only else ():
        start = int(ids.searchsorted(block.first))
        shown = min(block.count, EXAMPLES)
        spread = [
            start + n * (block.count - 1) // max(shown - 1, 1) for n in range(shown)
        ]
        first = ids[spread].tolist()
        blocks.append(
            BlockItem(
                **asdict(block),
                tokens=tuple(
                    TokenText(id=number, text=text_of(made.tokens[number]))
                    for number in first
                ),
            )
        )
    alone = [
        TokenText(id=number, text=text[:MAX_TEXT])
        for text, number in own.vocabulary.specials.items()
        if text not in other.vocabulary.specials
    ]
    alone.sort(key=lambda token: token.id)
    return OnlyItem(
        tokens=only.tokens if only else 0,
        blocks=only.blocks if only else 0,
        largest=tuple(blocks),
        added=tuple(alone[:EXAMPLES]),
    )


def text_of(token: bytes | None) -> str:
    """A token's bytes as text, cut if long; bytes that are no text are escaped."""
    text = (token or b"").decode("utf-8", "backslashreplace")
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
