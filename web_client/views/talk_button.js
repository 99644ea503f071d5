/**
 * The one big button. It starts the conversation; then it mutes the microphone, or is held to talk.
 *
 * @typedef {'start' | 'mute' | 'unmute' | 'hold'} TalkMode
 *
 * @typedef {object} TalkOrders
 * @property {() => void} start
 * @property {(muted: boolean) => void} mute
 * @property {(held: boolean) => void} hold
 */

import { element } from './elements.js';

/** @type {Record<TalkMode, [string, string]>} */
const FACES = {
  start: ['Start talking', '#i-microphone'],
  mute: ['Mute', '#i-microphone'],
  unmute: ['Muted', '#i-muted'],
  hold: ['Hold to talk', '#i-microphone'],
};

export class TalkButton {
  #button = element('talk', HTMLButtonElement);
  #orders;
  /** @type {TalkMode} */
  #mode = 'start';
  #held = false;

  /** @param {TalkOrders} orders */
  constructor(orders) {
    this.#orders = orders;
    this.#button.addEventListener('click', () => this.#click());
    this.#button.addEventListener('pointerdown', () => this.#hold(true));
    for (const name of ['pointerup', 'pointercancel', 'lostpointercapture'])
      addEventListener(name, () => this.#hold(false));
    addEventListener('keydown', (event) => this.#key(event, true));
    addEventListener('keyup', (event) => this.#key(event, false));
    addEventListener('blur', () => this.#hold(false));
  }

  /** @param {TalkMode} mode */
  show(mode) {
    if (mode === this.#mode) return;
    this.#hold(false);
    this.#mode = this.#button.dataset.mode = mode;
    const [label, icon] = FACES[mode];
    this.#button.querySelector('span')?.replaceChildren(label);
    this.#button.querySelector('use')?.setAttribute('href', icon);
    if (mode === 'unmute') this.#button.setAttribute('aria-label', 'Muted. Unmute');
    else this.#button.removeAttribute('aria-label');
  }

  #click() {
    if (this.#mode === 'start') this.#orders.start();
    else if (this.#mode !== 'hold') this.#orders.mute(this.#mode === 'mute');
  }

  /** @param {boolean} held */
  #hold(held) {
    if (this.#mode !== 'hold' || held === this.#held) return;
    this.#held = held;
    this.#button.toggleAttribute('data-held', held);
    this.#orders.hold(held);
  }

  /** @param {KeyboardEvent} event @param {boolean} down */
  #key(event, down) {
    if (this.#mode !== 'hold' || event.code !== 'Space') return;
    if (!this.#held && this.#isForAnother(event.target)) return;
    event.preventDefault(); // neither scroll nor click
    if (!event.repeat) this.#hold(down);
  }

  /** The space bar means something else in fields and on other buttons. @param {EventTarget | null} target */
  #isForAnother(target) {
    const control = target instanceof Element && target.closest('input, textarea, select, button, summary, a, dialog');
    return Boolean(control) && control !== this.#button;
  }
}
