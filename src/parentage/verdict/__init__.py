# SPDX-License-Identifier: Apache-2.0
"""What the evidence supports, in words: findings per module, and nothing stronger."""
