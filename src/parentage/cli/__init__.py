# SPDX-License-Identifier: Apache-2.0
"""The command line: it calls ``run``, shows documents, and knows nothing deeper."""
