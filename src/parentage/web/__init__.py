# SPDX-License-Identifier: Apache-2.0
"""A portal where evidence, claims, replies, decisions and scores are public."""
