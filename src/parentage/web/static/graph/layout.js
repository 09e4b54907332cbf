// SPDX-License-Identifier: Apache-2.0
// Places of models: every family is an island, a parent lies among its children.
//
// The same graph always gets the same places: nothing is random, and ties are broken by
// name. A model with several parents lies with the one that gave it most; the others
// are drawn as lines across.

import { packEnclose, packSiblings } from "../vendor/d3-hierarchy.min.js";

/** Distance kept free around a model, in units of the layout. */
const GAP = 2.5;

/**
 * The parent that each model lies with, or -1.
 *
 * An edge that would close a circle is left out here (it is still drawn).
 *
 * @param {number} count number of models
 * @param {{child: number, parent: number, weight: number}[]} edges
 * @returns {Int32Array}
 */
export function mainParents(count, edges) {
  const parent = new Int32Array(count).fill(-1);
  const order = edges
    .map((_, i) => i)
    .sort((i, j) => edges[j].weight - edges[i].weight || i - j);
  for (const i of order) {
    const { child, parent: above } = edges[i];
    if (parent[child] !== -1 || child === above) continue;
    let at = above;
    while (at !== -1 && at !== child) at = parent[at];
    if (at === -1) parent[child] = above;
  }
  return parent;
}

/** Children first: every model comes after all that lie with it. */
function upwards(children, roots) {
  const order = [];
  const stack = [...roots];
  while (stack.length) {
    const at = stack.pop();
    order.push(at);
    for (const child of children[at]) stack.push(child);
  }
  return order.reverse();
}

/**
 * Places and sizes.
 *
 * @param {string[]} names names, which break ties
 * @param {{child: number, parent: number, weight: number}[]} edges
 * @returns {{x: Float64Array, y: Float64Array, r: Float64Array, parent: Int32Array,
 *   below: Int32Array, root: Int32Array}} `r` grows with the number of descendants
 *   (`below`); `root` is the first model of the family.
 */
export function layout(names, edges) {
  const count = names.length;
  const parent = mainParents(count, edges);
  const children = names.map(() => []);
  const roots = [];
  for (let i = 0; i < count; i += 1) {
    if (parent[i] === -1) roots.push(i);
    else children[parent[i]].push(i);
  }
  const order = upwards(children, roots);
  const below = new Int32Array(count);
  for (const i of order) if (parent[i] !== -1) below[parent[i]] += below[i] + 1;

  const r = new Float64Array(count);
  const reach = new Float64Array(count); // Radius of the island.
  const own = names.map(() => null); // The model in its island,
  const shift = names.map(() => null); // and the island in the one around it.
  const larger = (i, j) =>
    reach[j] - reach[i] || (names[i] < names[j] ? -1 : names[i] > names[j] ? 1 : i - j);
  for (const i of order) {
    r[i] = 4 + 2.4 * Math.log2(1 + below[i]);
    own[i] = { r: r[i] + GAP, x: 0, y: 0 };
    const island = children[i].sort(larger).map((j) => (shift[j] = { r: reach[j] }));
    // The smallest second: what is packed lies around where the first two touch, which
    // is then near the parent's own middle.
    const all = [own[i], ...island.slice(-1), ...island.slice(0, -1)];
    packSiblings(all);
    const round = packEnclose(all);
    reach[i] = round.r + (island.length ? GAP : 0);
    for (const circle of all) {
      circle.x -= round.x;
      circle.y -= round.y;
    }
  }
  packSiblings(roots.sort(larger).map((i) => (shift[i] = { r: reach[i] + 2 * GAP })));

  const middle = names.map(() => null);
  const x = new Float64Array(count);
  const y = new Float64Array(count);
  const root = new Int32Array(count);
  for (const i of order.reverse()) {
    const around = parent[i] === -1 ? { x: 0, y: 0 } : middle[parent[i]];
    middle[i] = { x: around.x + shift[i].x, y: around.y + shift[i].y };
    x[i] = middle[i].x + own[i].x;
    y[i] = middle[i].y + own[i].y;
    root[i] = parent[i] === -1 ? i : root[parent[i]];
  }
  return { x, y, r, parent, below, root };
}
