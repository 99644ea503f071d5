/**
 * Which moment of which response sounds, on a call: from the server's `sound` messages and the RTP time stamp of what
 * the browser plays (docs/reference/protocol.md, "Over WebRTC").
 *
 * @typedef {{rtp: number, response?: number, played_ms?: number}} Mark From this time stamp on the response sounds, from
 *   `played_ms` on; without a response there is silence.
 * @typedef {{response: number, ms: number}} Moment
 */

const TICKS_PER_MS = 48; // Opus' clock, RFC 7587

export class CallPlayhead {
  /** That which sounds, and those to come. @type {Mark[]} */
  #marks = [];

  /** @param {Mark} mark Marks come in order. */
  add(mark) {
    this.#marks.push(mark);
  }

  clear() {
    this.#marks = [];
  }

  /**
   * What sounds now. Each mark is passed once: what is asked for is not to go back.
   *
   * @param {number} rtp The time stamp that sounds.
   * @returns {{mark: Mark | null, sinceMs: number, now: Moment | null, passed: Moment[]}} The mark in force, and since
   *   when; the moment, null in silence; and where the responses were that have ended since, or have gone on elsewhere.
   */
  at(rtp) {
    const passed = [];
    while (this.#marks.length > 1 && since(this.#marks[1].rtp, rtp) >= 0) {
      const moment = momentOf(this.#marks[0], this.#marks[1].rtp);
      if (moment) passed.push(moment);
      this.#marks.shift();
    }
    const [mark = null] = this.#marks;
    const sinceMs = mark ? since(mark.rtp, rtp) / TICKS_PER_MS : -1;
    if (!mark || sinceMs < 0) return { mark: null, sinceMs: 0, now: null, passed };
    return { mark, sinceMs, now: momentOf(mark, rtp), passed };
  }
}

/** @param {Mark} mark @param {number} rtp @returns {Moment | null} */
function momentOf({ rtp: from, response, played_ms = 0 }, rtp) {
  return response === undefined ? null : { response, ms: Math.max(0, played_ms + since(from, rtp) / TICKS_PER_MS) };
}

/** Time stamps have 32 bits, and go round. @param {number} earlier @param {number} later */
function since(earlier, later) {
  return (later - earlier) | 0;
}
