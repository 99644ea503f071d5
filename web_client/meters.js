/**
 * The two numbers that rule a conversation, measured here on this device's clock.
 *
 * - turn gap: from the end of the user's speech to the first audible sample of the answer;
 * - barge-in stop: from the start of the user's speech to silence.
 *
 * The server tells when speech began and ended on the input clock, which counts the audio it received. `InputClock`
 * knows when that audio was sent.
 */

const REMEMBERED_FRAMES = 3000; // one minute

export class InputClock {
  #sentAt = new Float64Array(REMEMBERED_FRAMES);
  #frames = 0;

  /** @param {number} frameMs */
  constructor(frameMs = 20) {
    this.frameMs = frameMs;
  }

  /** A frame was sent. @param {number} nowMs */
  advance(nowMs) {
    this.#sentAt[this.#frames++ % REMEMBERED_FRAMES] = nowMs;
  }

  reset() {
    this.#frames = 0;
  }

  /**
   * When the sound at `inputMs` was made, on the clock of `advance`.
   *
   * @param {number} inputMs
   * @returns {number | null} null if that was not sent, or is forgotten.
   */
  wallMs(inputMs) {
    const frame = Math.ceil(inputMs / this.frameMs) - 1; // a frame is sent when its last sample has sounded
    if (frame < 0 || frame >= this.#frames || frame < this.#frames - REMEMBERED_FRAMES) return null;
    return this.#sentAt[frame % REMEMBERED_FRAMES] - (frame + 1) * this.frameMs + inputMs;
  }
}

export class Meters {
  /** @type {number | null} */
  turnGapMs = null;
  /** @type {number | null} */
  bargeInMs = null;
  /** @type {import('./types/protocol').Latency | null} */
  latency = null;

  #clock = new InputClock();
  /** @type {number | null} */
  #speechEndedAt = null;
  /** Responses that answer speech, so that their first sound ends a turn gap. @type {Set<number>} */
  #answers = new Set();
  /** The response that was last spoken over, and when that speech began. @type {{response: number, at: number} | null} */
  #barged = null;
  /** Where the last speech began that stopped a response, on the input clock. */
  #onsetMs = -1;

  /** @param {number} nowMs When a frame was sent. */
  frameSent(nowMs) {
    this.#clock.advance(nowMs);
  }

  /** @param {import('./types/protocol').ServerMessage} message */
  receive(message) {
    switch (message.type) {
      case 'session.started':
        this.#restart();
        break;
      case 'speech.stopped':
        this.#speechEndedAt = this.#clock.wallMs(message.at_ms);
        break;
      case 'response.started':
        if (this.#speechEndedAt !== null) this.#answers.add(message.response);
        break;
      case 'response.stop':
        if (message.reason === 'barge_in') this.#bargedIn(message);
        break;
      case 'response.done':
        if (message.latency && Object.keys(message.latency).length) this.latency = message.latency;
        break;
    }
  }

  /** A typed turn has no turn gap. */
  typed() {
    this.#speechEndedAt = null;
  }

  /** The first sample of a response could be heard. @param {number} response @param {number} atMs */
  started(response, atMs) {
    if (!this.#answers.delete(response) || this.#speechEndedAt === null) return;
    this.turnGapMs = Math.round(atMs - this.#speechEndedAt);
    this.#speechEndedAt = null;
  }

  /** A stopped response became silent. @param {number} response @param {number} atMs */
  stopped(response, atMs) {
    if (response === this.#barged?.response) this.bargeInMs = Math.round(atMs - this.#barged.at);
  }

  /**
   * Where a stop was taken back and the same speech stops the response again, the first stop is the one that counts.
   *
   * @param {{response: number, at_ms: number}} stop Its `at_ms` is where the speech began that caused it.
   */
  #bargedIn({ response, at_ms }) {
    const at = at_ms > this.#onsetMs ? this.#clock.wallMs(at_ms) : null;
    this.#onsetMs = at_ms;
    this.#barged = at === null ? null : { response, at };
  }

  /** The last numbers stay to be seen; what they are measured from belongs to the session. */
  #restart() {
    this.#clock.reset();
    this.#speechEndedAt = null;
    this.#answers.clear();
    this.#barged = null;
    this.#onsetMs = -1;
  }
}
