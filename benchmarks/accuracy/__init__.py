# SPDX-License-Identifier: Apache-2.0
"""Error rates on models of known parentage, ours and those of published methods."""
