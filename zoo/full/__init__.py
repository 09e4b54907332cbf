# SPDX-License-Identifier: Apache-2.0
"""The full zoo: many small models with known parentage, built outside git."""
