/**
 * Whether there is a connection, and what to do if not.
 *
 * @typedef {import('../connection.js').ConnectionState} ConnectionState
 * @typedef {{retry: () => void, openSettings: () => void}} ConnectionOrders
 */

import { NEW_CONVERSATION, RESTORED, finalTrouble, waitingTrouble } from '../troubles.js';
import { element } from './elements.js';

/** @type {Record<ConnectionState['phase'], string>} */
const NAMES = {
  idle: 'Not connected',
  connecting: 'Connecting…',
  open: 'Connected',
  waiting: 'Reconnecting…',
  closed: 'Not connected',
};

export class ConnectionView {
  #status = element('connection', HTMLElement);
  #notices;
  #orders;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticking;

  /** @param {import('./notices.js').Notices} notices @param {ConnectionOrders} orders */
  constructor(notices, orders) {
    this.#notices = notices;
    this.#orders = orders;
  }

  /** @param {ConnectionState} state */
  show(state) {
    clearInterval(this.#ticking);
    this.#status.dataset.phase = state.phase;
    this.#status.textContent = state.phase === 'connecting' && state.reason ? NAMES.waiting : NAMES[state.phase];
    if (state.phase === 'open') this.#opened(state);
    if (state.phase === 'waiting') this.#waiting(state);
    if (state.phase === 'closed') this.#closed(state);
  }

  /** @param {ConnectionState} state */
  #opened({ fresh, restored }) {
    this.#notices.clear('connection');
    if (fresh) this.#notices.show('connection', NEW_CONVERSATION);
    if (restored) this.#notices.show('connection', RESTORED);
  }

  /** @param {ConnectionState} state */
  #waiting({ reason, retryAtMs }) {
    const trouble = waitingTrouble(reason ?? 'lost', navigator.onLine);
    this.#notices.show('connection', trouble, { label: 'Try now', run: this.#orders.retry });
    const tick = () => {
      const leftS = Math.ceil(((retryAtMs ?? 0) - performance.now()) / 1000);
      this.#notices.countDown('connection', leftS > 0 ? `in ${leftS} s` : 'now');
    };
    tick();
    this.#ticking = setInterval(tick, 500);
  }

  /** @param {ConnectionState} state */
  #closed({ reason, error }) {
    const trouble = reason && finalTrouble(reason, error);
    const action = { label: 'Open settings', run: this.#orders.openSettings };
    if (trouble) this.#notices.show('connection', trouble, trouble.settings ? action : undefined);
    else this.#notices.clear('connection');
  }
}
