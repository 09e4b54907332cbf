# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/registry.md and their figure, from results.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "registry.md"
FIGURE = ROOT / "docs" / "figures" / "registry.svg"
ENGINES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


def write(data: dict[str, Any]) -> None:
    """Put what was measured into the page, between its marks."""
    text = PAGE.read_text()
    for mark, make in (("sizes", sizes), ("misses", missed), ("ray", scaling)):
        begin, end = f"<!-- {mark} begins -->", f"<!-- {mark} ends -->"
        if begin in text and make(data):
            head, rest = text.split(begin)
            text = f"{head}{begin}\n{make(data)}{end}{rest.split(end)[1]}"
    PAGE.write_text(text)
    figure(data)


def sizes(data: dict[str, Any]) -> str:
    """Findings and times by engine and size."""
    lines = [
        "| fingerprints | database | descendants found at the right modules, and "
        "nothing else | strangers accused | median seconds, warm | largest, warm "
        "| largest, first time | search alone | index made, opened in seconds |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for engine, name in ENGINES.items():
        for row in data.get(engine, {}).get("sizes", ()):
            took, tried = row["seconds"], len(row["rows"])
            lines.append(
                f"| {row['fingerprints']:,} | {name} | {row['found']} of {tried} "
                f"| {row['strangers accused']} of {tried} | {took['median']:.2f} "
                f"| {took['largest']:.2f} | {took['largest of first']:.2f} "
                f"| {took['search']:.2f} | {row['index seconds']:.1f}, "
                f"{row['open seconds']:.1f} |"
            )
    peak = max(
        row["peak MB"] for e in ENGINES for row in data.get(e, {}).get("sizes", ())
    )
    loads = [data[e]["load"] for e in ENGINES if e in data]
    return "\n".join(lines) + (
        "\n\n![Time against size](figures/registry.svg)\n\n"
        f"Measured on two cores with a load of {max(loads):.1f} at most. Memory stayed "
        f"under {peak / 1000:.1f} GB, nearly all of it while an index was made.\n"
    )


def missed(data: dict[str, Any]) -> str:
    """What passes the search and what is found, by correlation."""
    found = data.get("misses")
    if not found:
        return ""
    lines = [
        "| copy | correlation | copies | passed the search | found "
        "| power stated (correlation) |",
        "|---|---|---|---|---|---|",
    ]
    for row in found["rows"]:
        stated = row["stated power"]
        lines.append(
            f"| {row['descent']} | {row['correlation']:g} | {row['draws']} "
            f"| {row['passed']} | {row['found']} "
            f"| {'–' if stated is None else f'{stated:.3f}'} |"
        )
    return "\n".join(lines) + "\n"


def scaling(data: dict[str, Any]) -> str:
    """Many screenings with one process and with several."""
    found = data.get("ray")
    if not found:
        return ""
    lines = [
        "| run by | workers | seconds | of these starting workers "
        "| models for each second | as fast as one process |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['engine']} | {row['workers']} | {row['seconds']:.1f} "
        f"| {row['first']:.1f} | {found['models'] / row['seconds']:.2f} "
        f"| {row['ratio']:.2f} times, {row['ratio warm']:.2f} once started |"
        for row in found["rows"]
    ]
    return "\n".join(lines) + (
        f"\n\n{found['models']} models against {found['registered']:,} fingerprints, "
        f"on {found['cores']} cores with a load of {found['load']:.1f} before; all "
        "gave the same documents.\n"
    )


def figure(data: dict[str, Any]) -> None:
    """Time against size, both engines."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "parentage"
    from matplotlib import pyplot as plt

    fig, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    marks = {"sqlite": ("o", "C0"), "postgres": ("s", "C1")}
    for engine, name in ENGINES.items():
        rows = data.get(engine, {}).get("sizes", ())
        if not rows:
            continue
        mark, colour = marks[engine]
        x = [row["fingerprints"] for row in rows]
        for key, style, said in (
            ("largest", ":", "slowest"),
            ("median", "-", "median"),
            ("search", "--", "search alone"),
        ):
            y = [row["seconds"][key] for row in rows]
            label = f"{name}, {said}"
            axes.plot(x, y, style, marker=mark, color=colour, label=label)
    axes.axhline(5, color="0.6", linewidth=0.8)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="fingerprints in the registry",
        ylabel="seconds for a screening, warm",
    )
    axes.legend(fontsize=7, ncols=2)
    axes.grid(visible=True, which="major", linewidth=0.3)
    fig.savefig(FIGURE, metadata={"Date": None})
