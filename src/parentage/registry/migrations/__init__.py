# SPDX-License-Identifier: Apache-2.0
"""Migrations of registries, run by alembic when a registry is opened."""
