# SPDX-License-Identifier: Apache-2.0
"""The record of a training run: the packet that a team hands in, and its logs.

A packet is a folder with a manifest, ``packet.toml``. Nothing in it is believed
because it is written there: this package reads it, says what is missing and what is
malformed, and hands plain values on to the checks in ``evidence/``.
"""
