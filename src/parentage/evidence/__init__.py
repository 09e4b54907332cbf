# SPDX-License-Identifier: Apache-2.0
"""Evidence: one file per test. Samples in, frozen :class:`Evidence` out, no I/O."""
