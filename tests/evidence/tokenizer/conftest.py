# SPDX-License-Identifier: Apache-2.0
"""Small tokenizers trained by the library that real ones are trained with."""

import os
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from parentage.evidence.tokenizer.vocabulary import vocabulary
from parentage.model.tokenizer.read import read_tokenizer

LETTERS = list("aeioutnrslmdkpgbfvhw")


def word_list(seed=0, count=4000):
    """Made-up words of one language: the same for every corpus in it."""
    rng = np.random.default_rng(seed)
    chances = rng.dirichlet(np.full(len(LETTERS), 0.6), size=len(LETTERS))
    words = set()
    while len(words) < count:
        letter = int(rng.integers(len(LETTERS)))
        word = LETTERS[letter]
        for _ in range(int(rng.integers(1, 9))):
            letter = int(rng.choice(len(LETTERS), p=chances[letter]))
            word += LETTERS[letter]
        words.add(word)
    return sorted(words, key=lambda w: (len(w), w))


def corpus(seed, words, lines=1500):
    """Text of one source: the same words, each more or less frequent than usual."""
    rng = np.random.default_rng(seed)
    weights = 1.0 / np.arange(1, len(words) + 1)
    weights *= rng.lognormal(0, 1.0, len(words))
    weights /= weights.sum()
    return [" ".join(rng.choice(words, 20, p=weights)) for _ in range(lines)]


def train(lines, size, special=("<|end|>",)):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(special),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines, trainer)
    return tokenizer


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A reader of freshly trained tokenizers: ``trained(seed, size)``."""
    words = word_list()
    folder = tmp_path_factory.mktemp("tokenizers")
    known = {}

    def make(seed, size=1500, lines=None):
        key = (seed, size, lines is None)
        if lines is not None or key not in known:
            path = folder / f"{seed}-{size}.json"
            train(lines or corpus(seed, words), size).save(str(path))
            found = vocabulary(read_tokenizer(path), f"t{seed}")
            if lines is not None:
                return found
            known[key] = found
        return known[key]

    make.words = words
    make.corpus = lambda seed, lines=1500: corpus(seed, words, lines)
    return make


@pytest.fixture(scope="session")
def data():
    folder = os.environ.get("PARENTAGE_DATA")
    if not folder:
        pytest.skip("PARENTAGE_DATA names no folder of real tokenizers")
    return Path(folder)
