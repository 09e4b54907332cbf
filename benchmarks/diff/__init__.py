# SPDX-License-Identifier: Apache-2.0
"""Speed and memory of `parentage diff`, beside reading alone and a torch script."""
