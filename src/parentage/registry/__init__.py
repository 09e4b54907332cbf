# SPDX-License-Identifier: Apache-2.0
"""Fingerprints of models, and the registries that hold them."""
