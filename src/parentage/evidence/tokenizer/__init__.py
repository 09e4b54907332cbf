# SPDX-License-Identifier: Apache-2.0
"""Tokenizer lineage: how two tokenizers are related, judged against real ones.

A tokenizer is never evidence about weights: teams reuse tokenizers openly and train
new weights on them. What is found here is context.
"""
