# SPDX-License-Identifier: Apache-2.0
"""Training runs whose whole record is kept, and records that were tampered with."""
