/** A strip of sound: the assistant above the line, the user below it, the newest at the right. */

const FLOOR_DB = -42;
const CEILING_DB = 0;
const PITCH = 5; // CSS pixels from bar to bar
const BAR = 3;

/** How tall a bar is, 0 to 1: loudness is heard in decibels. @param {number} peak 0 to 1 */
export function barHeight(peak) {
  const decibels = 20 * Math.log10(Math.max(peak, 1e-6));
  return Math.min(1, Math.max(0, (decibels - FLOOR_DB) / (CEILING_DB - FLOOR_DB)));
}

/** The last levels of both directions, one column per `tick`. */
export class Levels {
  /** @type {{user: number, agent: number, stop: boolean}[]} Oldest first. */
  columns = [];
  #next = { user: 0, agent: 0, stop: false };

  /** @param {number} capacity In columns. */
  constructor(capacity) {
    this.capacity = capacity;
  }

  /** @param {'user' | 'agent'} who @param {number} peak 0 to 1 */
  hear(who, peak) {
    this.#next[who] = Math.max(this.#next[who], peak);
  }

  /** The assistant was told to stop. */
  markStop() {
    this.#next.stop = true;
  }

  /** The time of one column has passed. */
  tick() {
    this.columns.push(this.#next);
    if (this.columns.length > this.capacity) this.columns.shift();
    this.#next = { user: 0, agent: 0, stop: false };
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {{width: number, height: number}} size In CSS pixels.
 * @param {Levels} levels
 * @param {{user: string, agent: string, line: string, stop: string}} colours
 */
export function drawWaveform(context, { width, height }, levels, colours) {
  const middle = height / 2;
  context.clearRect(0, 0, width, height);
  fillBar(context, colours.line, 0, middle - 0.5, width, 1);
  levels.columns.toReversed().forEach((column, age) => {
    const x = width - (age + 1) * PITCH;
    if (x < -BAR) return;
    const reach = middle - 4;
    if (column.agent) fillBar(context, colours.agent, x, middle - 2, BAR, -barHeight(column.agent) * reach);
    if (column.user) fillBar(context, colours.user, x, middle + 2, BAR, barHeight(column.user) * reach);
    if (column.stop) fillBar(context, colours.stop, x + 1, 0, 1, height);
  });
}

/** @param {CanvasRenderingContext2D} context @param {string} colour */
function fillBar(context, colour, /** @type {number[]} */ ...[x, y, width, height]) {
  context.fillStyle = colour;
  context.fillRect(x, y, width, height);
}
