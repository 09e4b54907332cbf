# SPDX-License-Identifier: Apache-2.0
"""Scripts that build the background data of the package from public files."""
