# SPDX-License-Identifier: Apache-2.0
"""What documents on lineage say in words, in any language.

Relations, findings and caveats come from the evidence's own texts, which are in every
language; only headings and labels are added here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from parentage.evidence.architecture.words import (
    Text,
    derivations,
    difference_class,
    finding,
    meaning,
    sentence,
)
from parentage.evidence.tokenizer.comparison import Only, SpecialOverlap
from parentage.evidence.tokenizer.finding import (
    Ancestor,
    Placed,
    TokenizerFinding,
    words,
)
from parentage.report.language import ENGLISH, Language, marked
from parentage.report.lineage_architecture import ComponentItem
from parentage.report.lineage_nearest import Missing
from parentage.report.lineage_tokenizer import Ratio, RelationItem, TokenizerPair

RELATIONS: Final = {
    "identical": marked("same tokenizer"),
    "same-with-additions": marked("same with additions"),
    "truncated": marked("part of the same"),
    "re-ordered-copy": marked("copy in another order"),
    "common-ancestor": marked("common ancestor"),
    "trained-separately": marked("trained separately"),
    "unclear": marked("unclear"),
}

SCRIPTS: Final = {
    "whitespace": marked("white space"),
    "digits": marked("digits"),
    "punctuation": marked("punctuation, code"),
    "latin": marked("Latin"),
    "other": marked("other scripts"),
    "cyrillic": marked("Cyrillic"),
    "arabic": marked("Arabic"),
    "han": marked("Han"),
    "kana": marked("Kana"),
    "hangul": marked("Hangul"),
    "fragment": marked("parts of characters"),
}

SHARES: Final = {
    "order": marked("order of learning"),
    "tail": marked("last learned tenth"),
    "ids": marked("ids"),
}

_NUMBERS: Final = {
    "overlap-a": marked("Tokens of {a} that {b} has"),
    "overlap-b": marked("Tokens of {b} that {a} has"),
    "jaccard": marked("Shared tokens of all tokens (Jaccard)"),
    "equal-ids": marked("Shared tokens with equal ids"),
    "offset": marked("Shared tokens whose id differs by {offset}"),
    "neighbours": marked("Neighbours in order that stand the same way round"),
    "prefix": marked("Equal start of both orders"),
    "tail-a": marked("Last learned tenth of {a} that {b} has"),
    "tail-b": marked("Last learned tenth of {b} that {a} has"),
    "merges-a": marked("Merges of {a} that {b} has"),
    "merges-b": marked("Merges of {b} that {a} has"),
    "merge-prefix": marked("Equal start of both lists of merges"),
    "specials-a": marked("Added tokens of {a} that {b} has"),
    "specials-b": marked("Added tokens of {b} that {a} has"),
    "special-ids": marked("Shared added tokens with equal ids"),
}

PATTERNS: Final = {
    "equal": marked("the same on both sides"),
    "different": marked("different"),
    "not stated": marked("not stated on both sides"),
}

COMPONENTS: Final = {
    "text_decoder": marked("text decoder"),
    "vision_encoder": marked("vision encoder"),
    "audio_encoder": marked("audio encoder"),
}

GROUPS: Final = {
    "size": marked("size"),
    "attention": marked("attention"),
    "latent": marked("latent attention"),
    "experts": marked("experts"),
    "feed_forward": marked("feed-forward part"),
    "norms": marked("norms"),
    "positions": marked("positions"),
    "pattern": marked("pattern of layers"),
    "recurrent": marked("recurrent layers"),
    "vocabulary": marked("vocabulary"),
    "context": marked("context"),
    "encoder": marked("encoder"),
    "heads": marked("heads"),
}

FIELD_RELATIONS: Final = {
    "equal": marked("equal"),
    "different": marked("different"),
    "unclear": marked("unclear: one side is assumed"),
    "only the candidate": marked("candidate only"),
    "only the reference": marked("reference only"),
}

SOURCES: Final = {
    "stated": marked("stated"),
    "derived": marked("derived"),
    "defaulted": marked("assumed"),
    "from shapes": marked("from shapes"),
}

READ_FROM: Final = {
    "config": marked("config"),
    "GGUF metadata": marked("GGUF metadata"),
    "tensors and config": marked("shapes of tensors, and config"),
    "tensors": marked("shapes of tensors"),
}

DIFFERENCES: Final = {
    "quantitative": marked("quantitative"),
    "module": marked("module or block"),
    "architecture": marked("architecture"),
}


def table_word(table: Mapping[str, str], key: str, lang: Language = ENGLISH) -> str:
    """A word of one of the tables above; what it does not hold is shown as it is."""
    return lang(table[key]) if key in table else key


def shown_numbers(pair: TokenizerPair) -> tuple[Ratio, ...]:
    """The counts worth a line: without empty ones and an offset of 0 said twice."""
    return tuple(
        number
        for number in pair.numbers
        if number.out_of and not (number.id == "offset" and pair.offset == 0)
    )


def number_label(number: Ratio, pair: TokenizerPair, lang: Language = ENGLISH) -> str:
    """What a count of a pair of tokenizers counts."""
    text = _NUMBERS.get(number.id)
    if text is None:
        return number.id
    offset = f"{pair.offset:+,}"
    return lang(text, a=pair.a.name, b=pair.b.name, offset=offset)


def further_numbers(pair: TokenizerPair, lang: Language = ENGLISH) -> tuple[str, ...]:
    """Numbers of a pair that are no shares, one sentence each."""
    said = []
    if pair.tau is not None:
        tau = f"{pair.tau:.4f}"
        said.append(
            lang("Kendall’s tau of the two orders: {tau}.", tau=tau)
            if pair.order_basis == "learned"
            else lang("Kendall’s tau of the two orders of ids: {tau}.", tau=tau)
        )
    if pair.score_correlation is not None:
        value = f"{pair.score_correlation:.4f}"
        said.append(lang("Correlation of the scores: {value}.", value=value))
    pattern = table_word(PATTERNS, pair.pattern, lang)
    said.append(lang("Expression that cuts text first: {pattern}.", pattern=pattern))
    return tuple(said)


def sentences(
    finding: RelationItem, a: str, b: str, lang: Language = ENGLISH
) -> tuple[str, ...]:
    """A relation in words: itself, its numbers, its error rate, the caveat."""
    plain = finding.model_dump()
    plain.pop("sentences")
    said = TokenizerFinding(
        **{
            **plain,
            "a": a,
            "b": b,
            "added": Only(finding.added, 0, ()),
            "missing": Only(finding.missing, 0, ()),
            "specials": SpecialOverlap(**plain["specials"]),
            "shares": tuple(Placed(**share) for share in plain["shares"]),
            "ancestors": tuple(Ancestor(**one) for one in plain["ancestors"]),
        }
    )
    return said.sentences(lang.code)


def pair_sentences(pair: TokenizerPair, lang: Language = ENGLISH) -> tuple[str, ...]:
    """:func:`sentences` of a pair."""
    return sentences(pair.finding, pair.a.name, pair.b.name, lang)


def tokenizer_caveat(lang: Language = ENGLISH) -> str:
    """What a tokenizer is not evidence of."""
    return words(lang.code)["caveat"]


def architecture_caveat(lang: Language = ENGLISH) -> str:
    """What an architecture is not evidence of."""
    return in_language(sentence(), lang)


def in_language(text: Text, lang: Language = ENGLISH) -> str:
    """A text that the evidence holds in every language."""
    return text.ko if lang.code == "ko" else text.en


def architecture_word(word: str, lang: Language = ENGLISH) -> str:
    """What a finding about an architecture is called."""
    return in_language(finding(word), lang)


def architecture_meaning(word: str, lang: Language = ENGLISH) -> str:
    """What a finding about an architecture means."""
    return in_language(meaning(word), lang)


def difference_text(word: str, lang: Language = ENGLISH) -> str:
    """A class of difference, as the programme's form words it."""
    return in_language(difference_class(word), lang)


def largest_difference(word: str, lang: Language = ENGLISH) -> str:
    """The highest class among the differing fields, in a sentence."""
    return lang(
        "Largest class of difference: {kind}.", kind=difference_text(word, lang)
    )


def derived_text(component: ComponentItem, lang: Language = ENGLISH) -> str:
    """Whether the two are one design in two sizes; empty where nothing differs."""
    derived = component.derived
    texts = {step.id: step.text for step in derivations()}
    steps = ", ".join(in_language(texts[s], lang) for s in derived.steps if s in texts)
    if derived.complete:
        said = lang(
            "The same design in another size: what differs follows from {steps}.",
            steps=steps,
        )
    elif derived.others and steps:
        said = lang(
            "Other sizes explain a part of what differs: {steps}. Not explained: "
            "{others}.",
            steps=steps,
            others=", ".join(derived.others),
        )
    elif derived.others:
        said = lang(
            "No change of size explains: {others}.", others=", ".join(derived.others)
        )
    else:
        return ""
    if derived.scale is not None:
        scale = f"{derived.scale:.4g}"
        said += " " + lang("All widths differ by the factor {scale}.", scale=scale)
    return said


def component_sentence(component: ComponentItem, lang: Language = ENGLISH) -> str:
    """The finding about one component with the bits that it rests on."""
    return lang(
        "{component}: {finding}. {shared} bits of rare agreement ({needed} are needed "
        "to call a design shared), {different} bits differ.",
        component=_capital(table_word(COMPONENTS, component.kind, lang)),
        finding=architecture_word(component.word, lang),
        shared=f"{component.shared_bits:.1f}",
        needed=f"{component.needed_bits:.0f}",
        different=f"{component.different_bits:.1f}",
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


_MISSING: Final = {
    ("tokenizer", "none"): marked("no tokenizer files lie beside {model}’s weights"),
    ("tokenizer", "unreadable"): marked("{model}’s tokenizer cannot be read"),
    ("tokenizer", "internal"): marked("reading {model}’s tokenizer failed"),
    ("architecture", "none"): marked("{model} states no architecture"),
    ("architecture", "unreadable"): marked("{model}’s architecture cannot be read"),
    ("architecture", "internal"): marked("reading {model}’s architecture failed"),
}


def missing_text(kind: str, missing: Missing, lang: Language = ENGLISH) -> str:
    """Why something was not compared, without the error itself."""
    return lang(_MISSING[kind, missing.code], model=missing.model)


def visible(text: str) -> str:
    """A token's text with its spaces and control characters made visible."""
    return "".join(_sign(sign) for sign in text)


def _sign(sign: str) -> str:
    if sign == " ":
        return "␣"
    if sign.isprintable():
        return sign
    return sign.encode("unicode_escape", "surrogatepass").decode("ascii")


def value_text(value: object) -> str:
    """A field's value as readers see it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.7g}" if abs(value) >= 1 else f"{value:.7g}"
    if isinstance(value, tuple | list):
        shown = ", ".join(str(item) for item in value[:12])
        return shown + (", …" if len(value) > 12 else "")
    return str(value)
