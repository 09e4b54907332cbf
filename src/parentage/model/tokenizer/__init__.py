# SPDX-License-Identifier: Apache-2.0
"""Tokenizers of every common format, as one canonical description."""
