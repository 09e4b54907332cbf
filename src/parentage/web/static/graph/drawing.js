// SPDX-License-Identifier: Apache-2.0
// Draws what of the graph lies in one square of the plane.

const KINDS = ["declared", "correspondence", "both", "found"];
const TEXT = 12; // Height of names in pixels.
const LONGEST = 34; // Letters of a name that are shown.
const SMALLEST = 7; // A model is named from this radius on, in pixels.

/**
 * Which models are named at a scale, and where: those with most descendants first, and
 * none over another. The same wherever the reader looks, so names stand still.
 *
 * @returns {{i: number, text: string, x: number, y: number, half: number}[]} places in
 *   pixels at this scale, from the plane's origin
 */
export function labels(graph, scale, marked) {
  const { x, y, r, names, important } = graph;
  const taken = new Map();
  const found = [];
  const cell = 64;
  const first = [...marked].sort((i, j) => graph.below[j] - graph.below[i] || i - j);
  for (const i of [...first, ...important]) {
    if (!marked.has(i) && r[i] * scale < SMALLEST) continue;
    if (names[i] === undefined) continue;
    const text = names[i].length > LONGEST ? `${names[i].slice(0, LONGEST - 1)}…` : names[i];
    const half = (text.length * TEXT * 0.56) / 2 + 3;
    const px = x[i] * scale;
    const below = y[i] * scale + r[i] * scale * 0.9 + 2;
    const above = y[i] * scale - r[i] * scale * 0.9 - TEXT - 4;
    // What the reader chose is named above where below is no room.
    for (const py of marked.has(i) ? [below, above] : [below]) {
      const cells = [];
      for (let a = Math.floor((px - half) / cell); a <= Math.floor((px + half) / cell); a += 1) {
        for (let b = Math.floor(py / cell); b <= Math.floor((py + TEXT) / cell); b += 1) {
          cells.push(`${a},${b}`);
        }
      }
      const hits = (o) =>
        Math.abs(o.x - px) < o.half + half && Math.abs(o.y - py) < TEXT + 4;
      if (cells.some((key) => (taken.get(key) || []).some(hits))) continue;
      const label = { i, text, x: px, y: py, half };
      found.push(label);
      for (const key of cells) {
        if (!taken.has(key)) taken.set(key, []);
        taken.get(key).push(label);
      }
      break;
    }
  }
  return found;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {object} graph what `prepare` of model.js made
 * @param {object} look `palette`, `marked` models, `ratio` of pixels, `labels`
 * @param {object} square `scale` in pixels per unit; `left`, `top` and `size` in pixels
 *   from the plane's origin
 */
export function draw(context, graph, look, square) {
  const { ratio, palette } = look;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalAlpha = 1;
  context.fillStyle = palette.card;
  context.fillRect(0, 0, square.size * ratio, square.size * ratio);
  context.setTransform(ratio, 0, 0, ratio, -square.left * ratio, -square.top * ratio);
  drawLines(context, graph, look, square);
  drawDiscs(context, graph, look, square);
  drawLabels(context, look, square);
}

function drawLines(context, graph, { palette, marked }, square) {
  const { x, y, edges } = graph;
  const { scale, left, top, size } = square;
  const [right, bottom] = [left + size, top + size];
  const trace = (lines, wanted) => {
    context.beginPath();
    for (const line of lines) {
      if (wanted && !(marked.has(line.child) && marked.has(line.parent))) continue;
      const x1 = x[line.child] * scale;
      const x2 = x[line.parent] * scale;
      if ((x1 < left && x2 < left) || (x1 > right && x2 > right)) continue;
      const y1 = y[line.child] * scale;
      const y2 = y[line.parent] * scale;
      if ((y1 < top && y2 < top) || (y1 > bottom && y2 > bottom)) continue;
      context.moveTo(x1, y1);
      context.lineTo(x2, y2);
    }
    context.stroke();
  };
  for (const kind of KINDS) {
    context.strokeStyle = palette.edge[kind];
    context.lineWidth = (kind === "found" ? 1.8 : 1.1) * Math.min(1, Math.max(0.45, scale / 2));
    context.globalAlpha = marked.size ? 0.22 : 1;
    trace(edges[kind], false);
  }
  context.globalAlpha = 1;
  if (!marked.size) return;
  for (const kind of KINDS) {
    context.strokeStyle = kind === "declared" ? palette.ink : palette.edge[kind];
    context.lineWidth = 2;
    trace(edges[kind], true);
  }
}

function drawDiscs(context, graph, { palette, marked }, square) {
  const { x, y, r, byColour } = graph;
  const { scale, left, top, size } = square;
  const trace = (models, lit) => {
    context.beginPath();
    for (const i of models) {
      if (marked.size && marked.has(i) !== lit) continue;
      const radius = Math.max(0.8, r[i] * scale * 0.9);
      const px = x[i] * scale;
      const py = y[i] * scale;
      if (px + radius < left || px - radius > left + size) continue;
      if (py + radius < top || py - radius > top + size) continue;
      if (radius < 1.2) {
        context.rect(px - radius, py - radius, 2 * radius, 2 * radius);
      } else {
        context.moveTo(px + radius, py);
        context.arc(px, py, radius, 0, 2 * Math.PI);
      }
    }
    context.fill();
  };
  for (const [finding, models] of Object.entries(byColour)) {
    context.fillStyle = palette.node[finding];
    if (marked.size) {
      context.globalAlpha = 0.28;
      trace(models, false);
      context.globalAlpha = 1;
    }
    trace(models, true);
  }
}

function drawLabels(context, { palette, labels: named, marked }, square) {
  const { left, top, size } = square;
  context.font = `${TEXT}px ${palette.font}`;
  context.textAlign = "center";
  context.textBaseline = "top";
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.strokeStyle = palette.card;
  for (const label of named) {
    if (label.x + label.half < left || label.x - label.half > left + size) continue;
    if (label.y + TEXT + 4 < top || label.y - 4 > top + size) continue;
    const dim = marked.size && !marked.has(label.i);
    context.fillStyle = dim ? palette.muted : palette.ink;
    context.strokeText(label.text, label.x, label.y);
    context.fillText(label.text, label.x, label.y);
  }
}
