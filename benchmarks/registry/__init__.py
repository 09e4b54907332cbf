# SPDX-License-Identifier: Apache-2.0
"""Registries of realistic size: time, what is found, and what is missed."""
