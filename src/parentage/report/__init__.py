# SPDX-License-Identifier: Apache-2.0
"""One document, many renderers."""
