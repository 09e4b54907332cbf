# SPDX-License-Identifier: Apache-2.0
"""Tokenizer lineage: how two tokenizers are related, judged against real ones.

A tokenizer is never evidence about weights: teams reuse tokenizers openly and train
new weights on them. What is found here is context.

* :func:`.compare.compare_tokenizers`: the numbers of a pair;
* :func:`.relate.relate`: what they support, with their place among real pairs;
* :func:`.nearest.nearest`, :func:`.nearest.common_ancestors`: known tokenizers;
* :func:`.points.order_points`: data for a figure.

The background is :func:`parentage.evidence.background.tokenizers.load_tokenizers`.
"""
