# SPDX-License-Identifier: Apache-2.0
"""Work that outlives a request: audits and checks of claims."""
