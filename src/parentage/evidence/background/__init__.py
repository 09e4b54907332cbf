# SPDX-License-Identifier: Apache-2.0
"""Facts about public models that comparisons are weighed against: data files only."""
