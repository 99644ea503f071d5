/** What is wrong, one sentence for each thing, until it is put right. */

import { element, make } from './elements.js';

/**
 * @typedef {import('../troubles.js').Trouble} Trouble
 * @typedef {{label: string, run: () => void}} NoticeAction
 */

export class Notices {
  #container = element('notices', HTMLElement);
  /** @type {Map<string, {trouble: Trouble, item: HTMLElement}>} */
  #shown = new Map();

  /**
   * @param {string} about What it is about: it replaces what was said about that before.
   * @param {Trouble} trouble
   * @param {NoticeAction} [action]
   */
  show(about, trouble, action) {
    if (this.#shown.get(about)?.trouble.text === trouble.text) return; // not to be read out again
    this.clear(about);
    const item = make('div', 'notice', make('p', '', trouble.text));
    item.dataset.level = trouble.level;
    if (action) item.append(button(action.label, action.run));
    item.append(button('Dismiss', () => this.clear(about)));
    this.#shown.set(about, { trouble, item });
    this.#container.append(item);
  }

  /** @param {string} about @param {string} text Shown, but not read out: it changes every second. */
  countDown(about, text) {
    const item = this.#shown.get(about)?.item;
    if (!item) return;
    const span = item.querySelector('.countdown') ?? make('span', 'countdown');
    span.setAttribute('aria-hidden', 'true');
    span.textContent = text;
    item.querySelector('p')?.after(span);
  }

  /** @param {string} about */
  clear(about) {
    this.#shown.get(about)?.item.remove();
    this.#shown.delete(about);
  }
}

/** @param {string} label @param {() => void} run */
function button(label, run) {
  const made = make('button', 'quiet', label);
  made.setAttribute('type', 'button');
  made.addEventListener('click', run);
  return made;
}
