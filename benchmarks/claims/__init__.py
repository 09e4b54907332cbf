# SPDX-License-Identifier: Apache-2.0
"""Error rates of the statistics that published claims name."""
