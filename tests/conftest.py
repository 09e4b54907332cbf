# SPDX-License-Identifier: Apache-2.0
"""Every run of the suite tries the same examples."""

from hypothesis import settings

settings.register_profile("fixed", derandomize=True)
settings.load_profile("fixed")
