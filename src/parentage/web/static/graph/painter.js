// SPDX-License-Identifier: Apache-2.0
// Shows the graph in squares that are drawn once and kept.
//
// Moving the view shifts squares that exist, and draws those that come into sight, a few
// milliseconds' worth in each frame. While the reader scales, squares of the scale
// before are stretched until those of the new one are drawn. So the cost of a frame
// hardly depends on how many models there are.

import { draw, labels } from "./drawing.js";

const SIZE = 320; // Pixels of a square's side.
const BUDGET = 5; // Milliseconds of a frame that may go into new squares.
const KEPT = 64; // Squares that are kept.
const REST = 140; // Milliseconds without scaling after which squares are drawn sharp.

/** Paints one graph through one camera onto one canvas. */
export class Painter {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {object} graph what `prepare` of model.js made
   * @param {import("./camera.js").Camera} camera
   */
  constructor(canvas, graph, camera) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.graph = graph;
    this.camera = camera;
    this.marked = new Set();
    this.selected = -1;
    this.level = null; // Squares of the scale now,
    this.before = null; // and of the look or scale before.
    this.spare = [];
    this.asked = 0;
    this.restAt = 0;
    this.ratio = 1;
  }

  /** Take on colours, and draw all anew. */
  colours(palette) {
    this.palette = palette;
    this.stale();
  }

  /** What is drawn no longer shows what it should. */
  stale() {
    if (this.level) this.turn();
    this.ask();
  }

  resize() {
    this.ratio = Math.min(2, window.devicePixelRatio || 1);
    const { clientWidth, clientHeight } = this.canvas;
    this.camera.width = clientWidth;
    this.camera.height = clientHeight;
    this.canvas.width = Math.round(clientWidth * this.ratio);
    this.canvas.height = Math.round(clientHeight * this.ratio);
    this.stale();
  }

  /** Show at the next frame. */
  ask() {
    if (!this.asked) this.asked = requestAnimationFrame(() => this.frame());
  }

  /** The reader scales: sharp squares follow once the scale rests. */
  scaling() {
    this.restAt = performance.now() + REST;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.ask(), REST + 10);
    this.ask();
  }

  /** Begin a new level; the old one is shown where the new one is not drawn yet. */
  turn() {
    if (this.level && this.level.squares.size) {
      if (this.before) this.drop(this.before);
      this.before = this.level;
    }
    const { graph, camera, marked } = this;
    const { scale } = camera;
    this.level = { scale, squares: new Map(), labels: labels(graph, scale, marked) };
  }

  drop(level) {
    for (const square of level.squares.values()) this.spare.push(square.canvas);
    level.squares.clear();
  }

  frame() {
    this.asked = 0;
    const { camera } = this;
    const factor = this.level ? camera.scale / this.level.scale : Infinity;
    const rested = performance.now() > this.restAt;
    if (factor > 1.8 || factor < 0.6 || (factor !== 1 && rested)) this.turn();
    const missing = this.show();
    // Before the first picture there is nothing to wait with.
    const until = this.before || this.painted ? performance.now() + BUDGET : Infinity;
    for (const [a, b] of missing) {
      this.paint(a, b);
      if (performance.now() > until) break;
    }
    this.painted = true;
    this.ring();
    const left = missing.filter(([a, b]) => !this.level.squares.has(`${a},${b}`));
    if (left.length) this.ask();
    else this.settle();
  }

  /** Squares of a level that lie in the window, as whole numbers. */
  inSight(level, spare = 0) {
    const { camera } = this;
    const factor = camera.scale / level.scale;
    const [w, h] = [camera.width / factor / 2, camera.height / factor / 2];
    const [x, y] = [camera.x * level.scale, camera.y * level.scale];
    return {
      a: [Math.floor((x - w) / SIZE) - spare, Math.floor((x + w) / SIZE) + spare],
      b: [Math.floor((y - h) / SIZE) - spare, Math.floor((y + h) / SIZE) + spare],
    };
  }

  /** All is sharp: what is far away is let go, what is near is drawn ahead. */
  settle() {
    const { level, before } = this;
    if (before) {
      this.drop(before);
      this.before = null;
    }
    const near = this.inSight(level, 1);
    if (level.squares.size > KEPT) {
      const far = (s) =>
        s.a < near.a[0] || s.a > near.a[1] || s.b < near.b[0] || s.b > near.b[1];
      for (const [key, square] of level.squares) {
        if (!far(square)) continue;
        this.spare.push(square.canvas);
        level.squares.delete(key);
      }
    }
    this.spare.length = Math.min(this.spare.length, KEPT);
    if (level.scale !== this.camera.scale) return;
    for (let a = near.a[0]; a <= near.a[1]; a += 1) {
      for (let b = near.b[0]; b <= near.b[1]; b += 1) {
        if (level.squares.has(`${a},${b}`)) continue;
        this.make(a, b);
        this.ask(); // One square ahead in each quiet frame.
        return;
      }
    }
  }

  make(a, b) {
    const { graph, level, palette, marked, ratio } = this;
    const canvas = this.spare.pop() || document.createElement("canvas");
    if (canvas.width !== SIZE * ratio) canvas.width = canvas.height = SIZE * ratio;
    const context = canvas.getContext("2d", { alpha: false });
    const look = { palette, marked, ratio, labels: level.labels };
    const place = { scale: level.scale, left: a * SIZE, top: b * SIZE, size: SIZE };
    draw(context, graph, look, place);
    const square = { a, b, canvas };
    level.squares.set(`${a},${b}`, square);
    return square;
  }

  paint(a, b) {
    this.put(this.level, this.make(a, b));
  }

  /** A square onto the window; whole pixels, so that no seam shows. */
  put(level, square) {
    const { camera, context, canvas, ratio } = this;
    const factor = camera.scale / level.scale;
    const x = (n) =>
      Math.round((n * SIZE - camera.x * level.scale) * factor * ratio + canvas.width / 2);
    const y = (n) =>
      Math.round((n * SIZE - camera.y * level.scale) * factor * ratio + canvas.height / 2);
    const [x1, y1] = [x(square.a), y(square.b)];
    const [x2, y2] = [x(square.a + 1), y(square.b + 1)];
    if (x2 <= 0 || y2 <= 0 || x1 >= canvas.width || y1 >= canvas.height) return;
    context.drawImage(square.canvas, x1, y1, x2 - x1, y2 - y1);
  }

  /** Show what is drawn; returns the squares that are missing, the middle first. */
  show() {
    const { context, canvas, level, before, palette } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.imageSmoothingQuality = "low";
    const { a, b } = this.inSight(level);
    const missing = [];
    for (let i = a[0]; i <= a[1]; i += 1) {
      for (let j = b[0]; j <= b[1]; j += 1) {
        if (!level.squares.has(`${i},${j}`)) missing.push([i, j]);
      }
    }
    if (missing.length) {
      context.fillStyle = palette.card;
      context.fillRect(0, 0, canvas.width, canvas.height);
      if (before) for (const square of before.squares.values()) this.put(before, square);
    }
    for (const square of level.squares.values()) this.put(level, square);
    const [ma, mb] = [(a[0] + a[1]) / 2, (b[0] + b[1]) / 2];
    const away = ([i, j]) => Math.abs(i - ma) + Math.abs(j - mb);
    return missing.sort((p, q) => away(p) - away(q));
  }

  /** A ring around the chosen model. */
  ring() {
    const { graph, selected, camera, context, palette, ratio } = this;
    if (selected < 0) return;
    const [x, y] = camera.toScreen(graph.x[selected], graph.y[selected]);
    const radius = Math.max(5, graph.r[selected] * camera.scale) + 3;
    context.lineWidth = 2.5 * ratio;
    context.strokeStyle = palette.accent;
    context.beginPath();
    context.arc(x * ratio, y * ratio, radius * ratio, 0, 2 * Math.PI);
    context.stroke();
  }
}
