# SPDX-License-Identifier: Apache-2.0
"""The tokenizer that all bundled models share: byte-level BPE."""

from __future__ import annotations

from functools import cache

from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from zoo.recipes import images, text

SPECIAL = ("<s>", "</s>", "<image>")
BEGIN, END, IMAGE = range(3)


@cache
def shared(vocabulary: int = 512, seed: int = 0) -> Tokenizer:
    """Train the tokenizer on a sample of every corpus and of the captions.

    Args:
        vocabulary: number of tokens.
        seed: seed of the sample.

    Returns:
        The tokenizer; tokens 0, 1 and 2 are :data:`SPECIAL`.
    """
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(ByteLevel.alphabet()),
        show_progress=False,
    )
    sample = [
        d for name in sorted(text.GRAMMARS) for d in text.corpus(name, seed, 1500)
    ]
    sample.extend(images.gallery(seed, 500)[1])
    tokenizer.train_from_iterator(sample, trainer)
    return tokenizer
