# SPDX-License-Identifier: Apache-2.0
"""Checks of training records on honest logs and on logs that were tampered with."""
