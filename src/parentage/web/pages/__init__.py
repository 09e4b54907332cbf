# SPDX-License-Identifier: Apache-2.0
"""The portal as pages: thin routes that call services and render templates."""
