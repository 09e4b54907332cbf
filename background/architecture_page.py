# SPDX-License-Identifier: Apache-2.0
"""The tables of measured rates on the methods page, made from the committed numbers.

Run: ``python -m background.architecture_page``
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RATES = ROOT / "src/parentage/evidence/background/architecture_rates.json"
PAGE = ROOT / "docs/methods/architecture.md"
BEGIN, END = "<!-- rates -->\n", "<!-- /rates -->\n"
KINDS = {
    "text_decoder": "Text decoders",
    "vision_encoder": "Vision encoders",
    "audio_encoder": "Audio encoders",
}
CLASSES = {
    "copy": "one model, other copies",
    "copy_weighable": "the same, where the design has enough bits",
    "generation": "one family, other models",
    "reuse": "documented reuse by others",
    "part": "documented reuse of a part",
    "unrelated": "**unrelated**",
}


def _cell(row: dict[str, Any]) -> str:
    if not row["trials"]:
        return "none"
    low, high = (f"{100 * row[side]:.3g}" for side in ("low", "high"))
    return f"{row['events']} of {row['trials']} ({low} to {high} %)"


def tables(rates: dict[str, Any]) -> str:
    """The tables in Markdown."""
    out: list[str] = []
    for kind, title in KINDS.items():
        found = rates[kind]
        limits = found["thresholds"]
        out += [
            f"**{title}**, from {limits['shared_bits']:g} bits and "
            f"{100 * limits['agreement']:g} % agreement:",
            "",
            "| pairs | shared | shared or near | the same by pair of makers |",
            "|---|---|---|---|",
        ]
        for name, text in CLASSES.items():
            row = found["classes"][name]
            either = row["shared_or_near"]
            out.append(
                f"| {text} | {_cell(row['shared']['pairs'])} "
                f"| {_cell(either['pairs'])} | {_cell(either['maker_pairs'])} |"
            )
        held, near = found["held_out"], found["nearest"]["rate"]
        strongest = found["strongest_unrelated"][0]
        out += [
            "",
            f"Threshold chosen without the organisation judged: "
            f"{_cell(held['maker_pairs'])} false by pair of makers "
            f"(thresholds {', '.join(f'{t:g}' for t in held['thresholds'])}). "
            f"Nearest earlier design right: {_cell(near)}. Strongest unrelated pair: "
            f"{strongest['candidate']} and {strongest['reference']}, "
            f"{strongest['shared_bits']:.1f} bits.",
            "",
        ]
    return "\n".join(out)


def main() -> None:
    """Rewrite the block of the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    made = tables(json.loads(RATES.read_text(encoding="utf-8")))
    PAGE.write_text(before + BEGIN + made + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
