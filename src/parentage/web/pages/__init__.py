# SPDX-License-Identifier: Apache-2.0
"""The portal's pages: they call services and fill in templates, and nothing else."""
