/**
 * Tells the server how far a response has sounded: every 200 ms while it is there to be played, and once when it
 * stopped or ended. It counts by timer, so that the server also learns of a loudspeaker that is held back.
 */

const INTERVAL_MS = 200;

export class PlaybackReports {
  #report;
  #environment;
  /** @type {any} */
  #timer = null;
  #response = 0;
  #position = 0;
  /** What sounds, or sounded last, and how far. Response 0: nothing yet. */
  last = { response: 0, position: 0 };

  /**
   * @param {(response: number, position: number) => void} report
   * @param {Pick<import('./connection.js').Environment, 'setTimer' | 'clearTimer'>} environment
   */
  constructor(report, environment) {
    this.#report = report;
    this.#environment = environment;
  }

  /**
   * Audio of this response, from this sample on, is there to be played.
   *
   * @param {number} response @param {number} position
   */
  queued(response, position) {
    if (response > this.#response) [this.#response, this.#position] = [response, position];
    if (response === this.#response && this.#timer === null) this.#wait();
  }

  /** It has sounded up to here. @param {number} response @param {number} position */
  progressed(response, position) {
    if (response === this.#response) this.#position = position;
    this.last = { response, position };
  }

  /** It has sounded up to here, and no more of it is there. @param {number} response @param {number} position */
  halted(response, position) {
    if (response === this.#response) this.reset(response);
    this.last = { response, position };
    this.#report(response, position);
  }

  /** Nothing is there to be played. @param {number} [response] The latest one that was. */
  reset(response = 0) {
    this.#environment.clearTimer(this.#timer);
    this.#timer = null;
    this.#response = response;
    if (!response) this.last = { response, position: 0 };
  }

  #wait() {
    this.#timer = this.#environment.setTimer(() => {
      this.#report(this.#response, this.#position);
      this.#wait();
    }, INTERVAL_MS);
  }
}
