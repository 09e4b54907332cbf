# SPDX-License-Identifier: Apache-2.0
"""Numbers that others published about these tokenizers, and what is found here.

Each row names its denominator. A number whose files are not at hand is listed as such:
it is checked for arithmetic only.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from parentage.errors import ParentageError
from parentage.evidence.tokenizer.vocabulary import vocabulary
from parentage.model.tokenizer.description import Tokenizer
from parentage.model.tokenizer.read import read_tokenizer


@dataclass(frozen=True)
class Row:
    """One published number beside ours.

    Attributes:
        subject: which tokenizer or pair.
        quantity: what is counted, out of what.
        published, found: as printed; ``found`` is empty if the files are not there.
        note: why they differ.
    """

    subject: str
    quantity: str
    published: str
    found: str
    note: str = ""

    @property
    def agrees(self) -> bool | None:
        """Whether they are equal to the digit; ``None`` without ours."""
        return self.published == self.found if self.found else None


def printable(token: bytes) -> str:
    """A token in the alphabet of byte-level BPE, as merges are published."""
    return "".join(_ALPHABET[byte] for byte in token)


def _alphabet() -> dict[int, str]:
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in kept]
    signs = {byte: chr(byte) for byte in kept}
    signs.update({byte: chr(256 + n) for n, byte in enumerate(others)})
    return signs


_ALPHABET = _alphabet()


def merges_of_ranks(tokenizer: Tokenizer) -> list[tuple[bytes, bytes]]:
    """Every cut of a token into two tokens, by rank: how tiktoken files are converted.

    This is what the usual converter writes into tokenizer.json, so the number of
    "merges" of a converted tokenizer is larger than the number of its tokens.
    """
    rank = tokenizer.index
    found = []
    for token, own in rank.items():
        cuts = [(token[:k], token[k:]) for k in range(1, len(token))]
        known = [
            (left, right) for left, right in cuts if left in rank and right in rank
        ]
        known.sort(key=lambda cut: (rank[cut[0]], rank[cut[1]]))
        found += [(own, left, right) for left, right in known]
    found.sort(key=lambda merge: merge[0])
    return [(left, right) for _, left, right in found]


def lines_of(merges: Iterable[tuple[bytes, bytes]]) -> list[str]:
    """Merges as they stand in a list of merges."""
    return [f"{printable(left)} {printable(right)}" for left, right in merges]


def sha256(text: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def glm_rows(data: Path) -> list[Row]:
    """What the comparison of Solar-Open-100B with GLM-4.5-Air printed about GLM.

    Its file of GLM-4.5-Air is not at hand; GLM-4-9B's is, and gives the same numbers.
    """
    folder = data / "evidence/sionic-solar-vs-glm"
    table = json.loads((folder / "01_tokenizer_compare.json").read_text())
    claimed = table["B_fingerprint"]
    name = "glm-4/glm-4-9b-chat.tokenizer.model.tiktoken"
    tokenizer = read_tokenizer(data / "tokenizers" / name)
    lines = lines_of(merges_of_ranks(tokenizer))
    subject = "GLM-4.5-Air, from GLM-4-9B's file"
    return [
        Row(
            subject,
            "tokens before special ones",
            str(claimed["vocab_size"]),
            str(len(tokenizer.index)),
        ),
        Row(
            subject,
            "merges after conversion",
            str(claimed["merges_len"]),
            str(len(lines)),
        ),
        Row(
            subject,
            "SHA-256 of the first 1,000 merges",
            claimed["merges_sha256_first1000"],
            sha256("".join(line + "\n" for line in lines[:1000])),
        ),
        Row(
            subject,
            "SHA-256 of all merges",
            claimed["merges_sha256_all"],
            sha256("".join(line + "\n" for line in lines)),
        ),
    ]


def solar_rows(data: Path) -> list[Row]:
    """Published shares of Solar-Open-100B and GLM-4.5-Air, recomputed from counts.

    Solar's tokenizer is not at hand, so only the arithmetic can be checked.
    """
    folder = data / "evidence/sionic-solar-vs-glm"
    table = json.loads((folder / "01_tokenizer_compare.json").read_text())
    merges = json.loads((folder / "out_final_tokenizer_stats.json").read_text())
    solar, glm = (
        table["A_fingerprint"]["vocab_size"],
        table["B_fingerprint"]["vocab_size"],
    )
    overlap = table["token_set_overlap"]
    both = overlap["intersection"]
    equal = table["same_id_exact_matches"]
    subject = "Solar-Open-100B and GLM-4.5-Air"
    note = "arithmetic only: Solar's tokenizer is not at hand"
    wanted = [
        ("shared tokens out of either's (union)", overlap["union"], solar + glm - both),
        (
            "Jaccard: 80,339 of the union",
            overlap["jaccard"],
            both / (solar + glm - both),
        ),
        ("80,339 of GLM's 151,329", overlap["overlap_vs_smaller"], both / glm),
        ("80,339 of Solar's 196,608", 0.4086, round(both / solar, 4)),
        ("equal ids, 1 of GLM's 151,329", equal["ratio"], equal["matches"] / glm),
        (
            "76,729 common merges of GLM's 318,088",
            merges["merges_B_in_A_ratio"],
            merges["merges_common"] / merges["merges_B"],
        ),
    ]
    return [
        Row(subject, what, str(said), str(ours), note) for what, said, ours in wanted
    ]


FINGERPRINTS = {
    "gpt2": "gpt2/encoder.json",
    "roberta-base": "roberta/tokenizer.json",
    "phi-2": "phi-2/tokenizer.json",
    "gpt-neox-20b": "gpt-neox/20B_tokenizer.json",
    "pythia-1.4b": "gpt-neox/ggml-vocab-gpt-neox.gguf",
    "falcon-7b": "falcon/tokenizer.json",
    "deepseek-coder-1.3b-instruct": "deepseek-coder/ggml-vocab-deepseek-coder.gguf",
    "Qwen2-1.5B": "qwen2/vocab.json",
    "Qwen2.5-7B": "qwen2.5/vocab.json",
    "Qwen3-8B": "qwen3/vocab.json",
    "Llama-2-7b-hf": "llama2/tokenizer.json",
    "Mistral-7B-v0.1": "mistral/mistral-7b-instruct-v0.2.tokenizer.json",
    "Mistral-7B-Instruct-v0.3": "mistral/mistral-7b-instruct-v0.3.tokenizer.json",
    "Phi-3-mini-4k-instruct": "phi-3/phi-3-mini.tokenizer.json",
    "starcoder2-3b": "starcoder/ggml-vocab-starcoder.gguf",
    "GLM-4-9B-0414": "glm-4/glm-4-9b-chat.tokenizer.model.tiktoken",
    "Meta-Llama-3-8B": "llama3/tokenizer.model.tiktoken",
}
"""Models of a published database of fingerprints, and our file of their tokenizer."""

_SENTENCEPIECE = "llama2", "mistral", "phi-3"
FIRST = 50
"""Merges that the published hash of merges covers."""


def fingerprint_rows(data: Path) -> list[Row]:
    """Merges of a published database (ids of models, counts, hashes of 50 merges)."""
    folder = data / "evidence/cisco-provenance-db/features/base/by-family"
    files = {path.name.split("__")[0]: path for path in folder.glob("*/*.json")}
    rows = []
    for model, name in FINGERPRINTS.items():
        claimed = json.loads(files[model].read_text(encoding="utf-8"))["tfv"]
        tokenizer = read_tokenizer(data / "tokenizers" / name)
        merges = tokenizer.merges or merges_of_ranks(tokenizer)
        lines = lines_of(merges[:FIRST])
        if name.startswith(_SENTENCEPIECE):
            lines = [
                " ".join(side.decode().replace(" ", "\u2581") for side in pair)
                for pair in merges[:FIRST]
            ]
        rows += [
            Row(model, "merges", str(claimed["num_merges"]), str(len(merges))),
            Row(
                model,
                "SHA-256 of the first 50 merges",
                claimed["merge_rule_hash"][:16],
                sha256("\n".join(lines))[:16],
            ),
        ]
    return rows


@dataclass(frozen=True)
class PairTable:
    """How a published table of pairs compares with ours.

    Attributes:
        published: its pairs.
        compared: pairs whose files are both at hand.
        like: those of two files that both count alike.
        stated: for each column, compared pairs that state it.
        equal: for each column, pairs with the same value.
        stated_like, equal_like: the same among ``like``.
        absent: files that are not at hand.
        unlike: files of which both count different tokens, and why.
        offset_share: largest share of tokens at the published offset among pairs of
            two such files whose offset differs.
    """

    published: int
    compared: int
    like: int
    stated: Mapping[str, int]
    equal: Mapping[str, int]
    stated_like: Mapping[str, int]
    equal_like: Mapping[str, int]
    absent: tuple[str, ...]
    unlike: Mapping[str, str]
    offset_share: float


COLUMNS = (
    "inter",
    "jaccard",
    "contain_small",
    "same_id",
    "best_offset",
    "merge_common_prefix",
)


def pair_table(data: Path, step: int = 1) -> PairTable:
    """Recompute a published table of pairs by its own convention.

    It counts every token, special ones included, each byte string once.

    Args:
        data: the data folder.
        step: look at every ``step``-th pair.
    """
    table = json.loads((data / "evidence/tokenizer_pairs.json").read_text())
    sizes = {row[side]: row["n" + side] for row in table for side in "ab"}
    tokens, merges, absent, unlike = {}, {}, [], {}
    for name, size in sorted(sizes.items()):
        path = data / "tokenizers" / name
        try:
            tokenizer = read_tokenizer(path)
        except (ParentageError, OSError):
            absent.append(name)
            continue
        tokens[name] = _all_tokens(tokenizer)
        merges[name] = vocabulary(tokenizer).merges
        own = len(tokens[name][0])
        if own != size:
            unlike[name] = f"it counts {size} tokens, here {own}: special tokens"
        elif name.endswith(("merges.txt", "vocab.bpe")):
            unlike[name] = "a list of merges states no ids: they are assumed"
        if b"\r\n" in path.read_bytes()[:4096] and name.endswith(".txt"):
            unlike[name] = "line ends of Windows were taken for part of the tokens"
    counts = {name: Counter[str]() for name in ("all", "=", "like", "like=")}
    compared = like = 0
    offset_share = 0.0
    for row in table[::step]:
        a, b = row["a"], row["b"]
        if a not in tokens or b not in tokens:
            continue
        compared += 1
        alike = a not in unlike and b not in unlike
        like += alike
        ours = _columns(tokens[a], tokens[b])
        first, second = merges[a], merges[b]
        if first is not None and second is not None:
            ours["merge_common_prefix"] = _common_prefix(first, second)
        if alike and row["best_offset"] != ours["best_offset"]:
            offset_share = max(offset_share, row["best_offset_ratio"])
        for column in COLUMNS:
            if column in row:
                same = row[column] == ours.get(column)
                counts["all"][column] += 1
                counts["="][column] += same
                counts["like"][column] += alike
                counts["like="][column] += alike and same
    return PairTable(
        published=len(table),
        compared=compared,
        like=like,
        stated=counts["all"],
        equal=counts["="],
        stated_like=counts["like"],
        equal_like=counts["like="],
        absent=tuple(absent),
        unlike=unlike,
        offset_share=offset_share,
    )


def _all_tokens(tokenizer: Tokenizer) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of all tokens, each once, ascending, and their ids."""
    hashes = tokenizer.hashes64()
    distinct, ids = np.unique(hashes, return_index=True)
    used = distinct != 0
    return distinct[used], ids[used]


def _columns(
    a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]
) -> dict[str, float]:
    both, rows_a, rows_b = np.intersect1d(
        a[0], b[0], assume_unique=True, return_indices=True
    )
    offsets = a[1][rows_a] - b[1][rows_b]
    values, counts = np.unique(offsets, return_counts=True)
    sizes = len(a[0]), len(b[0])
    return {
        "inter": len(both),
        "jaccard": round(len(both) / (sum(sizes) - len(both)), 5),
        "contain_small": round(len(both) / min(sizes), 5),
        "same_id": int((offsets == 0).sum()),
        "best_offset": int(values[counts.argmax()]) if len(values) else 0,
    }


def _common_prefix(first: np.ndarray, second: np.ndarray) -> int:
    pairs = zip(first.tolist(), second.tolist(), strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def as_table(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows as plain data."""
    return [{**row.__dict__, "agrees": row.agrees} for row in rows]
