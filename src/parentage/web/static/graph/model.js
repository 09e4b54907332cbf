// SPDX-License-Identifier: Apache-2.0
// The graph as the server tells it, turned into what is painted and searched.

import { layout } from "./layout.js";

const STRENGTH = ["", "correspondence", "reused", "identical"];

/** How an edge is drawn: what was declared, what was found, or both; "" for neither. */
export function kindOf(edge) {
  if (STRENGTH.indexOf(edge.finding) >= 2) return edge.declared ? "both" : "found";
  if (edge.finding === "correspondence") return "correspondence";
  return edge.declared ? "declared" : "";
}

/** What is told of the same two models, as one edge. */
export function joined(told) {
  const pairs = new Map();
  for (const edge of told) {
    const key = `${edge.child}\n${edge.parent}`;
    const known = pairs.get(key);
    if (!known) {
      pairs.set(key, { ...edge, finding: edge.finding || "" });
      continue;
    }
    known.declared ||= edge.declared;
    known.share = Math.max(known.share || 0, edge.share || 0);
    known.modules = [...new Set([...(known.modules || []), ...(edge.modules || [])])];
    if (STRENGTH.indexOf(edge.finding) > STRENGTH.indexOf(known.finding)) {
      known.finding = edge.finding;
      known.report_id = edge.report_id;
    }
  }
  return [...pairs.values()];
}

/** How a model is drawn: the worst finding of its latest audit. */
function colourOf(node) {
  return node.finding || "unknown";
}

/**
 * @param {{nodes: object[], edges: object[]}} told
 * @returns {object} places, looks, and who is beside whom
 */
export function prepare(told) {
  const number = new Map(told.nodes.map((node, i) => [node.id, i]));
  const names = told.nodes.map((node) => node.name);
  const kinds = { declared: [], correspondence: [], both: [], found: [] };
  const all = [];
  const parents = names.map(() => []);
  const children = names.map(() => []);
  for (const edge of joined(told.edges)) {
    const child = number.get(edge.child);
    const parent = number.get(edge.parent);
    const kind = kindOf(edge);
    if (child === undefined || parent === undefined || child === parent || !kind) continue;
    // What was found outweighs what was only declared.
    const weight = (edge.share || 0) + (kind === "declared" ? 0 : 1);
    const line = { child, parent, kind, weight, told: edge };
    all.push(line);
    kinds[kind].push(line);
    parents[child].push(line);
    children[parent].push(line);
  }
  const places = layout(names, all);
  const byColour = {};
  told.nodes.forEach((node, i) => (byColour[colourOf(node)] ||= []).push(i));
  const important = [...names.keys()].sort(
    (i, j) => places.below[j] - places.below[i] || i - j,
  );
  return { ...places, important, nodes: told.nodes, names, edges: kinds, parents, children, byColour };
}

/** A model with all it descends from and all that descends from it. */
export function relatives(graph, start) {
  const found = new Set([start]);
  for (const [lines, end] of [
    [graph.parents, "parent"],
    [graph.children, "child"],
  ]) {
    const stack = [start];
    while (stack.length) {
      for (const line of lines[stack.pop()]) {
        if (found.has(line[end])) continue;
        found.add(line[end]);
        stack.push(line[end]);
      }
    }
  }
  return found;
}

/** The rectangle around some models, or around all. */
export function bounds(graph, some = graph.names.keys()) {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const i of some) {
    left = Math.min(left, graph.x[i] - graph.r[i]);
    right = Math.max(right, graph.x[i] + graph.r[i]);
    top = Math.min(top, graph.y[i] - graph.r[i]);
    bottom = Math.max(bottom, graph.y[i] + graph.r[i]);
  }
  if (left > right) return { left: -1, right: 1, top: -1, bottom: 1 };
  return { left, right, top, bottom };
}

/** The model at a place, or -1; the smallest wins where discs lie over each other. */
export function at(graph, x, y, slack) {
  let best = -1;
  let distance = Infinity;
  for (let i = 0; i < graph.names.length; i += 1) {
    const away = Math.hypot(graph.x[i] - x, graph.y[i] - y) - graph.r[i];
    if (away < slack && away < distance) {
      best = i;
      distance = away;
    }
  }
  return best;
}

/** Names that hold every word of a query, those that begin with it first. */
export function search(graph, query, limit = 12) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const hits = [];
  graph.names.forEach((name, i) => {
    const text = `${name} ${graph.nodes[i].organisation || ""}`.toLowerCase();
    if (words.every((word) => text.includes(word))) hits.push(i);
  });
  const rank = (i) => (graph.names[i].toLowerCase().startsWith(words[0]) ? 0 : 1);
  hits.sort((i, j) => rank(i) - rank(j) || graph.below[j] - graph.below[i] || i - j);
  return hits.slice(0, limit);
}
