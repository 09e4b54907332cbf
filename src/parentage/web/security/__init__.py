# SPDX-License-Identifier: Apache-2.0
"""Who somebody is, and what hostile requests, files and addresses end in."""
