# SPDX-License-Identifier: Apache-2.0
"""Plans the reads, carries values between the stages, and owns nothing else."""
