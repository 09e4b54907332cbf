// SPDX-License-Identifier: Apache-2.0
// The lineage graph: wires the canvas, the search and the panel together.
//
// The page holds `<div data-lineage="URL">` with a canvas, a search field, a list, a
// panel and buttons; texts come from it too, so that they are in the page's language.
// Without this script the page still shows all models in a table.

import { Camera } from "./camera.js";
import { at, bounds, prepare, relatives, search } from "./model.js";
import { Painter } from "./painter.js";
import { showModel } from "./panel.js";

const STEP = 60;
const NODE_COLOURS = {
  identical: "--identical",
  reused: "--reused",
  correspondence: "--correspondence",
  "no-dependence-found": "--clear",
  "not-testable": "--untested",
  unknown: "--node",
};
const EDGE_COLOURS = {
  declared: "--edge",
  correspondence: "--correspondence",
  both: "--clear",
  found: "--reused",
};

/** Colours of the page as it is now. */
function palette(element) {
  const style = getComputedStyle(element);
  const value = (name) => style.getPropertyValue(name).trim();
  const all = (names) =>
    Object.fromEntries(Object.entries(names).map(([key, name]) => [key, value(name)]));
  return {
    card: value("--card"),
    ink: value("--ink"),
    muted: value("--muted"),
    accent: value("--accent"),
    font: style.fontFamily,
    node: all(NODE_COLOURS),
    edge: all(EDGE_COLOURS),
  };
}

/** One graph on the page. */
export class LineageView {
  constructor(element, told) {
    this.element = element;
    this.canvas = element.querySelector("canvas");
    this.panel = element.querySelector("[data-panel]");
    this.field = element.querySelector("[data-search]");
    this.list = element.querySelector("[data-results]");
    this.graph = prepare(told);
    this.camera = new Camera();
    this.painter = new Painter(this.canvas, this.graph, this.camera);
    this.painter.colours(palette(element));
    this.painter.resize();
    this.fit();
    this.pointers = new Map();
    this.listen();
    this.select(this.wanted(), true);
    element.dataset.ready = "true";
  }

  /** The model that the address names, as `#id`. */
  wanted() {
    const id = decodeURIComponent(location.hash.slice(1));
    return id ? this.graph.nodes.findIndex((node) => node.id === id) : -1;
  }

  fit(some) {
    const fitted = this.camera.fit(bounds(this.graph, some), some ? 80 : 24);
    if (!some) this.camera.smallest = fitted / 2;
    if (some && this.camera.scale > 4) this.camera.zoom(4 / this.camera.scale);
    this.painter.stale();
  }

  /** Show a model with its relatives; -1 for none. */
  select(i, move = false) {
    const { painter, graph } = this;
    painter.selected = i;
    painter.marked = i < 0 ? new Set() : relatives(graph, i);
    if (i >= 0 && move) this.fit(painter.marked);
    if (i >= 0) {
      const address = new URL(location.href);
      address.hash = encodeURIComponent(graph.nodes[i].id);
      history.replaceState(null, "", address);
    }
    painter.stale();
    showModel(this.panel, graph, i, (j) => this.select(j, true), this.element.dataset);
  }

  listen() {
    const { canvas, element } = this;
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.drag(event));
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, (event) => this.release(event));
    }
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("dblclick", (event) => {
      this.scale(2, event.offsetX, event.offsetY);
    });
    element.addEventListener("click", (event) => {
      const button = event.target.closest("[data-do]");
      if (button) this.act(button.dataset.do);
    });
    this.field.addEventListener("input", () => this.find());
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.clearSearch();
    });
    this.field.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const [first] = search(this.graph, this.field.value, 1);
      if (first !== undefined) this.select(first, true);
      this.list.replaceChildren();
    });
    new ResizeObserver(() => this.painter.resize()).observe(canvas);
    const recolour = () => this.painter.colours(palette(element));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
    new MutationObserver(recolour).observe(document.documentElement, {
      attributeFilter: ["data-theme"],
    });
  }

  scale(factor, px, py) {
    this.camera.zoom(factor, px, py);
    this.painter.scaling();
  }

  move(dx, dy) {
    this.camera.pan(dx, dy);
    this.painter.ask();
  }

  press(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
    this.travelled = 0;
  }

  drag(event) {
    const before = this.pointers.get(event.pointerId);
    const now = [event.offsetX, event.offsetY];
    if (!before) {
      const over = this.under(now);
      this.canvas.classList.toggle("over", over >= 0);
      this.canvas.title = over < 0 ? "" : this.graph.names[over];
      return;
    }
    const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
    if (this.pointers.size === 2) {
      const [other] = [...this.pointers].filter(([id]) => id !== event.pointerId);
      const away = (p) => Math.hypot(p[0] - other[1][0], p[1] - other[1][1]) || 1;
      this.scale(away(now) / away(before), other[1][0], other[1][1]);
    } else {
      this.move(dx, dy);
    }
    this.travelled += Math.abs(dx) + Math.abs(dy);
    this.pointers.set(event.pointerId, now);
  }

  release(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    if (event.type === "pointerup" && this.travelled < 5) {
      this.select(this.under([event.offsetX, event.offsetY]));
    }
  }

  under([px, py]) {
    const [x, y] = this.camera.toPlane(px, py);
    return at(this.graph, x, y, 4 / this.camera.scale);
  }

  wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 30 : 1;
    const factor = Math.exp(-Math.max(-240, Math.min(240, event.deltaY * lines)) / 400);
    this.scale(factor, event.offsetX, event.offsetY);
  }

  key(event) {
    const moves = {
      ArrowLeft: [STEP, 0],
      ArrowRight: [-STEP, 0],
      ArrowUp: [0, STEP],
      ArrowDown: [0, -STEP],
    };
    const acts = { "+": "in", "=": "in", "-": "out", 0: "fit", Escape: "none" };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (moves[event.key]) this.move(...moves[event.key]);
    else if (acts[event.key]) this.act(acts[event.key]);
    else if (event.key === "Enter") this.panel.querySelector("a, button")?.focus();
    else return;
    event.preventDefault();
  }

  act(name) {
    if (name === "in") this.scale(1.5);
    else if (name === "out") this.scale(1 / 1.5);
    else if (name === "fit") this.fit();
    else if (name === "none") this.select(-1);
  }

  find() {
    const hits = search(this.graph, this.field.value);
    this.list.replaceChildren(
      ...hits.map((i) => {
        const item = document.createElement("li");
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = this.graph.names[i];
        button.addEventListener("click", () => {
          this.select(i, true);
          this.clearSearch();
          this.canvas.focus();
        });
        item.append(button);
        return item;
      }),
    );
  }

  clearSearch() {
    this.list.replaceChildren();
  }
}

const element = document.querySelector("[data-lineage]");
if (element) {
  const answer = await fetch(element.dataset.lineage, {
    headers: { Accept: "application/json" },
  });
  if (answer.ok) element.lineage = new LineageView(element, await answer.json());
  else element.dataset.failed = "true";
}
