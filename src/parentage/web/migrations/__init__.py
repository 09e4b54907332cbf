# SPDX-License-Identifier: Apache-2.0
"""How the portal's tables came to be what they are."""
