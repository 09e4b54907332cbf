# SPDX-License-Identifier: Apache-2.0
"""docs/benchmark.md from results.json: tables, figures, and what beats us first."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmark.md"
FIGURE = ROOT / "docs" / "figures" / "benchmark.svg"
HELD = "held-back"

INTRO = """# Error rates on models of known parentage

`make zoo-full` trains the zoo (see [zoo/README.md](../zoo/README.md)); `make bench`
audits every pair of it and scores the same pairs by published methods. All numbers on
this page are written by `make bench` from `benchmarks/accuracy/results.json`.

Pairs are split by a hash of their names: a quarter for choosing thresholds, the rest
held back. Each baseline gets the lowest threshold that accuses no independent pair of
the choosing part, so that all methods are compared at the same demand; modelDNA's own
verdicts are taken as they are.

Our level of accusation (exact p, 1e-6 over all tests of an audit) was not chosen on any
data. But a first run of this benchmark was looked at as a whole, held-back part
included, and four things were changed after it: experts of a layer share their coins
(copied experts had given 5 false correspondences), layers that are copies inside one
model do too, the order test was added for pruned widths, and token tensors beside a
copied one need half of its correlation (three output matrices had been wrongly named).
A review then had fixed position tables left out and copies looked for in the whole
module. So the held-back part below is not untouched for us.

A first replica of the zoo, with other seeds, was measured then: no independent pair of
1,126 was accused or called correspondence, all 250 honest descendants were found, and
98.7 % of their modules were named. The modules missed there and here were of two kinds:
embeddings and output matrices at a correlation of 0.05 to 0.11 in models 64 dims wide,
and decoders whose residual width was cut in order. After that, ranks of blocks of eight
dims and matched dims were added for them (docs/methods/embedding-columns.md and
docs/methods/order-test.md), and nothing else was changed. The second replica below is
untouched: it was trained with yet other seeds and measured once after that.

Later still, tests of aligned units were added, which look behind relabellings
(docs/methods/aligned-units.md has their own rates, on held-back pairs and replicas).
Their thresholds come from the choosing part and the first replica; the tests that the
second replica confirmed were not changed. The tables below, other than the replica's,
are of everything together.
"""

CONFIRMED = Path(__file__).parent / "confirmation.json"


def write(result: dict[str, Any]) -> None:
    """Write the page and its figure."""
    PAGE.write_text(
        "\n".join(
            [
                INTRO,
                _beaten(result),
                _confirmation(),
                _rates(result),
                _detection(result),
                _localisation(result),
                _misses(result),
                _baselines(result),
            ]
        )
    )
    figure(result)


def _percent(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.1f} %"


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    names = list(head)
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    lines += [f"| {' | '.join(map(str, row))} |" for row in rows]
    return "\n".join(lines) + "\n"


def _kinds(result: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = result["detection"][HELD]
    return found


def _beaten(result: dict[str, Any]) -> str:
    """Kinds on which a baseline finds more than we do, at no false accusation."""
    rows = []
    for kind, ours in _kinds(result).items():
        own = ours["found"] / ours["pairs"]
        better = [
            f"{b['title']} ({b['detection'][kind]['found']} of {ours['pairs']})"
            for b in result["baselines"].values()
            if "detection" in b
            and kind in b["detection"]
            and b["detection"][kind]["found"] / ours["pairs"] > own
        ]
        tool = result["modeldna"][HELD]["detection"].get(kind)
        if tool and tool["found"] / tool["pairs"] > own:
            better.append(f"modelDNA ({tool['found']} of {tool['pairs']})")
        if better:
            rows.append(
                (kind, f"{ours['found']} of {ours['pairs']}", ", ".join(better))
            )
    text = "## Where a published method finds more than we do\n\n"
    if not rows:
        return text + "Nowhere on the held-back pairs.\n"
    return text + _table(("what was done", "ours", "found by"), rows)


def _confirmation() -> str:
    """Rates on the replica of the zoo, all of its pairs."""
    text = "## On a replica of the zoo that no choice has looked at\n\n"
    if not CONFIRMED.exists():
        return text + "Not measured.\n"
    result = json.loads(CONFIRMED.read_text())
    false = result["false_accusations"][HELD]
    weak = result["false_correspondence"][HELD]
    modules, layers = result["modules"][HELD], result["layers"][HELD]
    kinds = result["detection"][HELD]
    honest = [k for k in kinds if kinds[k]["honest"]]
    missed = [
        f"{k} ({v['found']} of {v['pairs']})"
        for k, v in kinds.items()
        if v["honest"] and v["found"] < v["pairs"]
    ]
    rows = [
        (
            "independent pairs accused",
            f"{false['events']} of {false['trials']}, upper bound "
            f"{100 * false['upper_bound']:.2f} %",
        ),
        (
            "independent pairs called correspondence",
            f"{weak['events']} of {weak['trials']}, upper bound "
            f"{100 * weak['upper_bound']:.2f} %",
        ),
        ("honest descendants found", _share(kinds, honest)),
        ("disguised descendants found", _share(kinds, set(kinds) - set(honest))),
        (
            "modules: precision, recall",
            f"{_percent(modules['precision'])}, {_percent(modules['recall'])}",
        ),
        (
            "layers: precision, recall",
            f"{_percent(layers['precision'])}, {_percent(layers['recall'])}",
        ),
    ]
    text += _table(("measured", "result"), rows)
    if missed:
        text += "\nHonest kinds missed: " + "; ".join(missed) + ".\n"
    for title, found in (
        ("Accused", false["pairs"]),
        ("Called correspondence", weak["pairs"]),
        ("Wrongly named", modules["wrongly_named"]),
    ):
        if found:
            text += f"\n{title}: " + "; ".join(found) + ".\n"
    text += (
        "\n`correspondence` begins at 1e-3 over all tests of an audit, so about one "
        "independent pair in a thousand is expected there; it accuses nobody.\n"
    )
    lost = [f"{m['candidate']} ({', '.join(m['modules'])})" for m in result["misses"]]
    if lost:
        text += "\nReused modules not named: " + "; ".join(lost) + ".\n"
    return text


def _rates(result: dict[str, Any]) -> str:
    rows = []
    for split, found in result["false_accusations"].items():
        weak = result["false_correspondence"][split]
        rows.append(
            (
                split,
                found["trials"],
                found["events"],
                f"{100 * found['upper_bound']:.2f} %",
                weak["events"],
                f"{100 * weak['upper_bound']:.2f} %",
            )
        )
    text = "## False accusations\n\n" + _table(
        (
            "pairs",
            "independent",
            "accused",
            "upper bound (95 %)",
            "correspondence",
            "upper bound (95 %)",
        ),
        rows,
    )
    wrong = [p for f in result["false_accusations"].values() for p in f["pairs"]]
    if wrong:
        text += "\nAccused: " + "; ".join(wrong) + ".\n"
    text += (
        "\nDistilled students against their teachers and models of equal configuration "
        "are among them. Clopper-Pearson bounds treat pairs as independent; pairs that "
        "share a model are not quite.\n\n### Models that share the initial seed\n\n"
    )
    for pair in result["same_seed"]:
        words = ", ".join(f"{m}: {w}" for m, w in pair["findings"].items())
        text += f"- {pair['candidate']} against {pair['reference']}: {words}.\n"
    return text + (
        "\nShared initialisation is not descent, and exact tests reject for both; "
        "these pairs are reported as what they are and counted neither way. Every "
        "report carries the caveat.\n"
    )


def _detection(result: dict[str, Any]) -> str:
    rows = [
        (
            kind,
            "yes" if row["honest"] else "no",
            f"{row['found']} of {row['pairs']}",
            result["modeldna"][HELD]["detection"].get(kind, {}).get("found", "–"),
        )
        for kind, row in _kinds(result).items()
    ]
    return (
        "## Detection, held-back pairs\n\nFound: at least one module is called "
        "identical or reused. Not honest: done to hide the parent. Units of the "
        "same number no longer agree then; tests of aligned units find them again.\n\n"
        + _table(("what was done", "honest", "ours", "modelDNA"), rows)
        + "\n![Detection by method](figures/benchmark.svg)\n"
    )


def _localisation(result: dict[str, Any]) -> str:
    rows = []
    for split in ("choose", HELD):
        modules, layers = result["modules"][split], result["layers"][split]
        rows.append(
            (
                split,
                _percent(modules["precision"]),
                _percent(modules["recall"]),
                _percent(layers["precision"]),
                _percent(layers["recall"]),
            )
        )
    text = "## Localisation, honest descendants\n\n" + _table(
        (
            "pairs",
            "modules: precision",
            "modules: recall",
            "layers: precision",
            "layers: recall",
        ),
        rows,
    )
    weak = [
        (kind, _percent(row["precision"]), _percent(row["recall"]))
        for kind, row in result["layers"][HELD]["by_kind"].items()
        if not (row["precision"] >= 0.95 and row["recall"] >= 0.95)
    ]
    if weak:
        text += "\nBelow 95 % by layer:\n\n"
        text += _table(("what was done", "precision", "recall"), weak)
    wrong = [w for s in ("choose", HELD) for w in result["modules"][s]["wrongly_named"]]
    if wrong:
        text += "\nWrongly named: " + "; ".join(wrong) + ".\n"
    return text


def _misses(result: dict[str, Any]) -> str:
    text = "## Reused modules that were not named, honest descendants\n\n"
    if not result["misses"]:
        return text + "None.\n"
    return text + _table(
        ("pair", "what was done", "module: finding", "anything found"),
        (
            (
                f"{m['candidate']} against {m['reference']}",
                m["kind"],
                ", ".join(f"{k}: {v}" for k, v in m["modules"].items()),
                "yes" if m["anything_found"] else "**no**",
            )
            for m in result["misses"]
        ),
    )


def _baselines(result: dict[str, Any]) -> str:
    honest = [k for k, v in _kinds(result).items() if v["honest"]]
    ours = _kinds(result)
    false = result["false_accusations"][HELD]
    rows = [
        (
            "**parentage**",
            f"{false['events']} of {false['trials']}",
            _share(ours, honest),
            _share(ours, [k for k in ours if k not in honest]),
            "–",
            "–",
        )
    ]
    tool = result["modeldna"][HELD]
    rows.append(
        (
            "modelDNA 0.1.0",
            f"{tool['false_accusations']['events']} of "
            f"{tool['false_accusations']['trials']}; unsure on "
            f"{tool['unsure_on_independent']['events']}",
            _share(tool["detection"], honest),
            _share(
                tool["detection"], [k for k in tool["detection"] if k not in honest]
            ),
            "–",
            "–",
        )
    )
    for b in result["baselines"].values():
        if "detection" not in b:
            continue
        bad = b["false_accusations"]
        rows.append(
            (
                f"{b['title']} ({b['paper']})",
                f"{bad['events']} of {bad['trials']}",
                _share(b["detection"], honest),
                _share(b["detection"], [k for k in b["detection"] if k not in honest]),
                f"{b['auc']:.3f}",
                f"{b['independent_median']:.3g} / {b['independent_largest']:.3g}",
            )
        )
    return "## Published methods on the same held-back pairs\n\n" + _table(
        (
            "method",
            "independent pairs accused",
            "honest descendants found",
            "disguised ones found",
            "AUC",
            "score of independents: median / largest",
        ),
        rows,
    )


def _share(detection: dict[str, Any], kinds: Iterable[str]) -> str:
    chosen = [detection[k] for k in kinds if k in detection]
    found, pairs = sum(c["found"] for c in chosen), sum(c["pairs"] for c in chosen)
    return f"{found} of {pairs} ({_percent(found / pairs)})" if pairs else "–"


def figure(result: dict[str, Any]) -> None:
    """Detection by kind and method, false accusations on top."""
    import matplotlib as mpl
    import numpy as np

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "parentage"
    from matplotlib import pyplot as plt

    ours = _kinds(result)
    kinds = sorted(ours, key=lambda k: (not ours[k]["honest"], k))
    columns: dict[str, dict[str, float]] = {
        "parentage": {k: ours[k]["found"] / ours[k]["pairs"] for k in kinds},
        "modelDNA": {
            k: v["found"] / v["pairs"]
            for k, v in result["modeldna"][HELD]["detection"].items()
        },
    }
    for b in result["baselines"].values():
        if "detection" in b:
            columns[b["title"]] = {
                k: v["found"] / v["pairs"] for k, v in b["detection"].items()
            }
    values = np.array([[c.get(k, np.nan) for c in columns.values()] for k in kinds])
    fig, axes = plt.subplots(
        figsize=(3 + 0.42 * len(columns), 1.8 + 0.22 * len(kinds)), layout="constrained"
    )
    image = axes.imshow(values, vmin=0, vmax=1, cmap="viridis", aspect="auto")
    axes.set_xticks(range(len(columns)), list(columns), rotation=90, fontsize=7)
    axes.set_yticks(
        range(len(kinds)),
        [k if ours[k]["honest"] else f"{k} (hidden)" for k in kinds],
        fontsize=7,
    )
    fig.colorbar(image, label="share of held-back descendants found")
    FIGURE.parent.mkdir(parents=True, exist_ok=True)
    fig.savefig(FIGURE, metadata={"Date": None})
    plt.close(fig)


if __name__ == "__main__":
    write(json.loads((Path(__file__).parent / "results.json").read_text()))
