# SPDX-License-Identifier: Apache-2.0
"""Frame times of the lineage graph in a real browser.

``python -m benchmarks.portal.graph`` lets Chromium open the lineage page with a
made-up graph of 5,000 models, moves and scales it with the events that a mouse makes,
and writes how long frames took (``graph.json`` beside this file, and to stdout). The
page, its scripts and its policy are the portal's own; only the answer of its data
address is replaced. Without a graphics card Chromium draws on the processor.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from benchmarks.portal.graph_data import lineage

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

# Tests have no types, and are no part of what is checked here.
served: Any = importlib.import_module("tests.web.browser.served")

COUNT = 5000
WIDTH, HEIGHT = 1280, 900
RESULT = Path(__file__).with_suffix(".json")

MEASURE = """
async () => {
  const view = document.querySelector('[data-lineage]').lineage;
  const canvas = view.canvas;
  canvas.setPointerCapture = () => {};
  const box = canvas.getBoundingClientRect();
  const next = () => new Promise(done => requestAnimationFrame(done));
  const point = (type, x, y) => canvas.dispatchEvent(new PointerEvent(type, {
    pointerId: 1, bubbles: true, clientX: x + box.left, clientY: y + box.top }));
  const wheel = amount => canvas.dispatchEvent(new WheelEvent('wheel', {
    deltaY: amount, cancelable: true, bubbles: true,
    clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 }));
  const rest = async () => { for (let i = 0; i < 90; i += 1) await next(); };
  const frames = async (count, step) => {
    const times = [];
    let last = await next();
    for (let i = 0; i < count; i += 1) {
      step(i / count);
      const now = await next();
      times.push(now - last);
      last = now;
    }
    return times;
  };
  const [cx, cy] = [box.width / 2, box.height / 2];
  const around = t => [cx + cx * 0.8 * Math.sin(6.28 * 3 * t),
                       cy + cy * 0.8 * Math.sin(6.28 * 2 * t)];
  const pan = async () => {
    point('pointerdown', cx, cy);
    const times = await frames(600, t => point('pointermove', ...around(t)));
    point('pointerup', -9999, -9999);
    return times;
  };
  const found = {};
  await rest();
  found['pan, all in sight'] = await pan();
  for (let i = 0; i < 30; i += 1) wheel(-20);
  await rest();
  found['pan, closer'] = await pan();
  found['scale'] = await frames(480, t => wheel(t % 0.5 < 0.25 ? -16 : 16));
  await rest();
  view.select(view.graph.important[0]);
  await rest();
  found['pan, a family marked'] = await pan();
  return found;
}
"""
PREPARE = """
async told => {
  const { prepare } = await import('/static/graph/model.js');
  const times = [];
  for (let i = 0; i < 5; i += 1) {
    const start = performance.now();
    prepare(told);
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[2];
}
"""


def summary(times: list[float]) -> dict[str, float]:
    """Median, tail and what a reader notices of some frame times in milliseconds."""
    ordered = sorted(times)

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)

    return {
        "frames": len(ordered),
        "median_ms": at(0.5),
        "p95_ms": at(0.95),
        "p99_ms": at(0.99),
        "longest_ms": round(ordered[-1], 1),
        "over_34_ms": round(sum(t > 34 for t in ordered) / len(ordered), 4),
    }


def measure(browser: Any, base: str, told: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """Open the page, move it about, and sum up."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    body = json.dumps(told)
    page.route("**/api/v1/lineage*", lambda route: route.fulfill(body=body))
    page.goto(f"{base}/lineage")
    page.wait_for_selector("[data-ready]")
    frames = {name: summary(times) for name, times in page.evaluate(MEASURE).items()}
    prepared = page.evaluate(PREPARE, told)
    made = {
        "models": len(told["nodes"]),
        "edges": len(told["edges"]),
        "window": [WIDTH, HEIGHT],
        "browser": browser.version,
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "drawn_by": "processor (no graphics card)",
        "load_before": round(os.getloadavg()[0], 1),
        "layout_ms": round(prepared, 1),
        "bytes_of_graph": len(body),
        "frames": frames,
        "complaints": complaints,
    }
    page.close()
    return made


def seeded(base: str, state: Any) -> None:  # noqa: ANN401, ARG001
    """One model, so that the page has a graph at all."""
    from parentage.web.database import writing
    from parentage.web.tables import Model

    with writing(state.engine) as db:
        db.add(Model(name="family-0/model-0"))
        db.commit()


def main() -> int:
    """Measure and write."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            served.serving(folder / "data") as (base, state),
            sync_playwright() as play,
            served.browsing(play, folder / "home") as browser,
        ):
            seeded(base, state)
            result = measure(browser, base, lineage(COUNT))
    text = json.dumps(result, indent=2)
    RESULT.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")
    return 1 if result["complaints"] else 0


if __name__ == "__main__":
    sys.exit(main())
