# SPDX-License-Identifier: Apache-2.0
"""Audits of models of hundreds of billions of parameters over HTTP."""
