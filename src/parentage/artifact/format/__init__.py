# SPDX-License-Identifier: Apache-2.0
"""How tensors are laid out in files."""
