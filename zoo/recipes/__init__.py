# SPDX-License-Identifier: Apache-2.0
"""Recipes that train the bundled models, each from data that they make themselves."""
