// SPDX-License-Identifier: Apache-2.0
// Where the reader looks: a middle in the layout's units and a scale in pixels per unit.

/** A view of the plane that can be moved, scaled and fitted. */
export class Camera {
  constructor() {
    this.x = 0;
    this.y = 0;
    this.scale = 1;
    this.width = 1;
    this.height = 1;
    this.smallest = 0.01;
    this.largest = 12;
  }

  /** Pixel of a place. */
  toScreen(x, y) {
    return [
      (x - this.x) * this.scale + this.width / 2,
      (y - this.y) * this.scale + this.height / 2,
    ];
  }

  /** Place of a pixel. */
  toPlane(px, py) {
    return [
      (px - this.width / 2) / this.scale + this.x,
      (py - this.height / 2) / this.scale + this.y,
    ];
  }

  /** Move by pixels. */
  pan(dx, dy) {
    this.x -= dx / this.scale;
    this.y -= dy / this.scale;
  }

  /** Scale by a factor, holding still what lies under a pixel. */
  zoom(factor, px = this.width / 2, py = this.height / 2) {
    const [x, y] = this.toPlane(px, py);
    this.scale = Math.min(this.largest, Math.max(this.smallest, this.scale * factor));
    this.x = x - (px - this.width / 2) / this.scale;
    this.y = y - (py - this.height / 2) / this.scale;
  }

  /** Show a rectangle whole. */
  fit({ left, right, top, bottom }, margin = 24) {
    this.x = (left + right) / 2;
    this.y = (top + bottom) / 2;
    const across = Math.max(1, this.width - 2 * margin) / Math.max(1, right - left);
    const down = Math.max(1, this.height - 2 * margin) / Math.max(1, bottom - top);
    this.scale = Math.min(this.largest, across, down);
    return this.scale;
  }
}
