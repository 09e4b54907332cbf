# SPDX-License-Identifier: Apache-2.0
"""One file per format of training logs; :mod:`..logs` finds the one that applies."""
