/**
 * The text box, and the stop button beside it.
 *
 * @typedef {{send: (text: string) => void, stop: () => void}} ComposerOrders
 */

import { element } from './elements.js';

export class Composer {
  #form = element('composer', HTMLFormElement);
  #text = element('text', HTMLInputElement);
  #stop = element('stop', HTMLButtonElement);
  /** Responses that are not over. @type {Set<number>} */
  #responses = new Set();

  /** @param {ComposerOrders} orders */
  constructor(orders) {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      const text = this.#text.value.trim();
      this.#text.value = '';
      if (text) orders.send(text);
    });
    this.#stop.addEventListener('click', () => orders.stop());
  }

  /** Whether there is anything to stop. */
  get stoppable() {
    return this.#responses.size > 0;
  }

  /** @param {import('../voice_client.js').VoiceClient} client */
  follow(client) {
    client.on('session.started', () => this.#clear());
    client.on('connection', ({ phase }) => phase === 'closed' && this.#clear());
    client.on('response.started', ({ response }) => this.#show(this.#responses.add(response)));
    client.on('response.done', ({ response }) => {
      this.#responses.delete(response);
      this.#show(this.#responses);
    });
  }

  #clear() {
    this.#responses.clear();
    this.#show(this.#responses);
  }

  /** Not `disabled`, which would take the keyboard's focus away. @param {Set<number>} responses */
  #show(responses) {
    this.#stop.setAttribute('aria-disabled', String(responses.size === 0));
  }
}
