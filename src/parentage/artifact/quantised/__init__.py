# SPDX-License-Identifier: Apache-2.0
"""Weights of few bits that share scales with their neighbours."""
