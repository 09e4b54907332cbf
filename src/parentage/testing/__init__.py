# SPDX-License-Identifier: Apache-2.0
"""For tests, benchmarks and third parties: synthetic models and conformance checks."""
