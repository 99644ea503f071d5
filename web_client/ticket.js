/**
 * What is needed to come back to a session, kept for the tab: so that a reloaded page goes on with its conversation.
 *
 * @typedef {object} Ticket
 * @property {string} session
 * @property {string} token
 * @property {number} lastSeq The last message that arrived.
 * @property {number} windowMs How long the server keeps the session.
 * @property {number} outputRate Of its audio, in Hz.
 * @property {boolean} capture Whether the server writes the session down.
 *
 * @typedef {object} TicketBox
 * @property {() => Ticket | null} load
 * @property {(ticket: Ticket | null) => void} save
 */

const STORAGE_KEY = 'voice.session';

/** @type {TicketBox} Nothing outlives the page. */
export const NOWHERE = { load: () => null, save: () => undefined };

/**
 * @param {Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>} storage
 * @param {string} url Of the server; a ticket is good for no other.
 * @param {() => number} now Ms since 1970.
 * @returns {TicketBox}
 */
export function ticketsIn(storage, url, now) {
  return {
    load: () => fresh(read(storage), url, now()),
    save: (ticket) => {
      try {
        if (ticket) storage.setItem(STORAGE_KEY, JSON.stringify({ ...ticket, url, savedAtMs: now() }));
        else storage.removeItem(STORAGE_KEY);
      } catch {
        // a full or forbidden storage: a reloaded page begins anew
      }
    },
  };
}

/** @param {Pick<Storage, 'getItem'>} storage @returns {any} */
function read(storage) {
  try {
    return JSON.parse(storage.getItem(STORAGE_KEY) ?? 'null');
  } catch {
    return null;
  }
}

/** @param {any} kept @param {string} url @param {number} nowMs @returns {Ticket | null} */
function fresh(kept, url, nowMs) {
  const known = typeof kept?.session === 'string' && typeof kept.token === 'string' && Number.isInteger(kept.lastSeq);
  if (!known || kept.url !== url || !(nowMs - kept.savedAtMs < kept.windowMs)) return null;
  const { session, token, lastSeq, windowMs, outputRate, capture } = kept;
  return { session, token, lastSeq, windowMs, outputRate, capture };
}
