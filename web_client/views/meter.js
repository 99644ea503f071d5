/** The numbers of the last turn. */

import { drawWaterfall } from '../waterfall.js';
import { element } from './elements.js';

export class MeterView {
  #turnGap = element('turn-gap', HTMLElement);
  #bargeIn = element('barge-in', HTMLElement);
  #waterfall = element('waterfall', HTMLElement);

  constructor() {
    const roomy = matchMedia('(min-width: 52rem)');
    element('meter', HTMLDetailsElement).open = roomy.matches;
  }

  /** @param {import('../meters.js').Meters} meters */
  show({ turnGapMs, bargeInMs, latency }) {
    this.#turnGap.textContent = milliseconds(turnGapMs);
    this.#bargeIn.textContent = milliseconds(bargeInMs);
    if (latency) drawWaterfall(this.#waterfall, latency);
  }
}

/** @param {number | null} ms */
function milliseconds(ms) {
  return ms === null ? '–' : `${ms} ms`;
}
