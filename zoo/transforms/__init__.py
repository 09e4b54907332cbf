# SPDX-License-Identifier: Apache-2.0
"""What people do to models: each transformation of weights in plain numpy, seeded."""
