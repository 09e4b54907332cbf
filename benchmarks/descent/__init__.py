# SPDX-License-Identifier: Apache-2.0
"""Kinds of descent on models whose recipes are known."""
