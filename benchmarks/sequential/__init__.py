# SPDX-License-Identifier: Apache-2.0
"""False alarms of sequential audits under continuous peeking, and bytes they save."""
