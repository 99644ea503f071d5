/**
 * What to do when the connection closes: the rules of `voice.v1`'s close codes, as a table.
 *
 * - `resume`: come back with the session's token, after a backoff.
 * - `restart`: the session is gone; come back with a new one.
 * - `stay`: coming back would not help; a person has to do something.
 *
 * @typedef {'resume' | 'restart' | 'stay'} Action
 * @typedef {'ended' | 'lost' | 'restarting' | 'busy' | 'unauthorised' | 'forgotten' | 'silent' | 'taken_over'
 *   | 'refused' | 'internal' | 'no_calls' | 'no_way' | 'no_webrtc'} Reason
 * @typedef {{action: Action, reason: Reason}} Verdict
 */

/** This side's own codes, for calls by WebRTC: the server takes none; nothing gets through to it; this browser makes none. */
export const NO_CALLS = 4490;
export const NO_WAY = 4491;
export const NO_WEBRTC = 4492;

/** Thrown where it shows at once that there will be no connection. */
export class CannotConnectError extends Error {
  /** @param {number} code As if it had been closed with this. @param {unknown} cause */
  constructor(code, cause) {
    super(`no connection (${code})`, { cause });
    this.code = code;
  }
}

/** @type {Record<number, Verdict>} */
const VERDICTS = {
  1000: { action: 'stay', reason: 'ended' },
  1012: { action: 'resume', reason: 'restarting' },
  4400: { action: 'stay', reason: 'refused' },
  4401: { action: 'stay', reason: 'unauthorised' },
  4404: { action: 'restart', reason: 'forgotten' },
  4408: { action: 'resume', reason: 'silent' },
  4409: { action: 'stay', reason: 'taken_over' },
  4413: { action: 'stay', reason: 'refused' },
  4429: { action: 'resume', reason: 'busy' },
  4500: { action: 'resume', reason: 'internal' },
  [NO_CALLS]: { action: 'stay', reason: 'no_calls' },
  [NO_WAY]: { action: 'resume', reason: 'no_way' },
  [NO_WEBRTC]: { action: 'stay', reason: 'no_webrtc' },
};

/** @type {Verdict} Anything else is the network's doing. */
const LOST = { action: 'resume', reason: 'lost' };

/**
 * @param {number} code The close code; 1006 when there was none.
 * @param {boolean} resuming Whether `session.resume` was sent and not yet answered.
 * @returns {Verdict}
 */
export function verdictOn(code, resuming) {
  const verdict = VERDICTS[code] ?? LOST;
  // A server that does not know how to resume calls it a bad message.
  return resuming && code === 4400 ? VERDICTS[4404] : verdict;
}
