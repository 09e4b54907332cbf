# SPDX-License-Identifier: Apache-2.0
"""Stages of an evaluation programme: points, gates, ranks, and what stays certain.

``load_stage`` reads a stage; ``score_stage(stage, scores, decisions)`` gives totals,
ranks, gate outcomes and who goes on; ``simulate_stage`` shows how that moves under
noise, other points and other gates. Everything is a plain value: no file is written, no
clock is read.
"""
