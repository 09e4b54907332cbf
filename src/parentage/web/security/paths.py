# SPDX-License-Identifier: Apache-2.0
"""Where a browser may be sent on to: addresses of this portal, and nothing else."""

from __future__ import annotations


def inside(address: str, otherwise: str = "/", most: int = 2000) -> str:
    """An address of this portal; anything else is not followed.

    Args:
        address: as a form, a link or a cookie gives it.
        otherwise: taken instead.
        most: characters of an address.
    """
    own = address.startswith("/") and not address.startswith(("//", "/\\"))
    plain = all(32 < ord(c) < 127 and c != "\\" for c in address)
    return address if own and plain and len(address) < most else otherwise
