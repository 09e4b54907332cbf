# SPDX-License-Identifier: Apache-2.0
"""Measurements that every change must face; each module runs by itself."""
