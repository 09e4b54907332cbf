# SPDX-License-Identifier: Apache-2.0
"""Copies whose units were relabelled, re-signed, rotated or pruned out of order.

The exact tests compare same-numbered units; these find out first which unit is which.
"""
