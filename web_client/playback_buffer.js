/**
 * What waits to be played, and how much of it has sounded. All of the playback worklet's thinking is here.
 *
 * Samples are known by (response, position). A position that was buffered before is skipped, so that what is
 * sent twice sounds once; `resume` is the way to hear something again.
 *
 * @typedef {{response: number, position: number, samples: Float32Array, last: boolean}} Chunk
 * @typedef {{response: number, position: number, length: number, last: boolean}} Segment
 * @typedef {{type: 'started' | 'stopped' | 'ended' | 'underrun', response: number, position: number}} PlaybackEvent
 */

import { peak } from './pcm.js';
import { RingBuffer } from './ring_buffer.js';

const AUDIBLE = 0.01; // -40 dBFS: where the turn gap ends

export class PlaybackBuffer {
  #ring;
  #fadeSamples;
  #rebufferSamples;
  /** @type {Segment[]} What is in the ring, oldest first. */
  #segments = [];
  /** What sounds next. */
  #playhead = { response: 0, position: 0 };
  /** What is expected next. */
  #writer = { response: 0, position: 0 };
  /** @type {number | null} The response that may not sound until it is resumed. */
  #stopped = null;
  /** The end of what was stopped, fading out. */
  #tail = new Float32Array(0);
  /** Samples that are still to be faded in. */
  #fadeIn = 0;
  /** Whether the last samples that were read came from a response that goes on. */
  #sounding = false;
  /** After an underrun: more has to gather first, and these samples were waited already. */
  #starved = false;
  #waited = 0;
  /** The latest response that could be heard. */
  #audible = 0;
  /** @type {PlaybackEvent[]} */
  #events = [];

  /**
   * @param {number} rate In Hz.
   * @param {{capacityMs?: number, fadeMs?: number, rebufferMs?: number}} [options] `rebufferMs` is what must
   *   have gathered after an underrun before playing goes on: one longer gap is heard less than many short ones.
   */
  constructor(rate, { capacityMs = 10_000, fadeMs = 4, rebufferMs = 80 } = {}) {
    this.#ring = new RingBuffer(toSamples(capacityMs, rate));
    this.#fadeSamples = toSamples(fadeMs, rate);
    this.#rebufferSamples = toSamples(rebufferMs, rate);
  }

  /** The next sample to sound. */
  get playhead() {
    return this.#playhead;
  }

  /** Whether anything is left to sound. */
  get playing() {
    return this.#segments.length > 0 || this.#tail.length > 0;
  }

  get bufferedSamples() {
    return this.#ring.length;
  }

  /** Events since the last call. */
  takeEvents() {
    return this.#events.splice(0);
  }

  /** @param {Chunk} chunk */
  push({ response, position, samples, last }) {
    if (response === this.#stopped || response < this.#writer.response) return;
    if (response > this.#writer.response) {
      this.#writer = { response, position };
      this.#starved = false;
    }
    const known = Math.max(0, this.#writer.position - position);
    if (known > samples.length || (known === samples.length && !last)) return;
    const start = position + known;
    const length = this.#ring.write(samples.subarray(known));
    this.#append({ response, position: start, length, last });
    this.#writer.position = start + length;
  }

  /**
   * Fade out and drop what is queued of the response: silent after `fadeMs`, at the next `read`.
   *
   * @param {number} response
   */
  stop(response) {
    if (response < this.#writer.response) return;
    this.#drop(response, this.#sounding && this.#segments[0]?.response === response);
    this.#sounding = false;
    this.#stopped = response;
    const { position } = this.#playhead.response === response ? this.#playhead : { position: 0 };
    this.#events.push({ type: 'stopped', response, position });
  }

  /** What was stopped goes on, with the sample at `position`. @param {number} response @param {number} position */
  resume(response, position) {
    if (response < this.#writer.response) return;
    this.#drop(response, false);
    this.#stopped = null;
    this.#writer = { response, position };
    this.#playhead = { response, position };
    this.#fadeIn = this.#fadeSamples;
    this.#sounding = false;
    this.#starved = false;
  }

  /** Fill `out` with what sounds now; silence where there is nothing. @param {Float32Array} out */
  read(out) {
    out.fill(0);
    let filled = this.#readTail(out);
    if (!this.#ready(out.length)) return;
    while (filled < out.length && this.#segments.length) filled += this.#readSegment(out.subarray(filled));
    if (filled < out.length) this.#runDry(out, filled);
  }

  /** @param {Segment} segment */
  #append(segment) {
    const newest = this.#segments.at(-1);
    const follows =
      newest?.response === segment.response && newest.position + newest.length === segment.position;
    if (!newest || !follows || newest.last) {
      this.#segments.push(segment);
      return;
    }
    newest.length += segment.length;
    newest.last = segment.last;
  }

  /**
   * Samples are stored in order, and a response's are neighbours: at the head, or at the tail.
   *
   * @param {number} response @param {boolean} fade
   */
  #drop(response, fade) {
    if (fade) this.#tail = this.#fadeOut(this.#segments[0].length);
    while (this.#segments[0]?.response === response) {
      this.#ring.discard(this.#segments[0].length);
      this.#segments.shift();
    }
    while (this.#segments.at(-1)?.response === response)
      this.#ring.retract(/** @type {Segment} */ (this.#segments.pop()).length);
  }

  /** @param {number} available */
  #fadeOut(available) {
    const tail = new Float32Array(Math.min(this.#fadeSamples, available));
    this.#segments[0].length -= this.#ring.read(tail);
    return tail.map((sample, i) => sample * (1 - (i + 1) / tail.length));
  }

  /** @param {Float32Array} out @returns {number} */
  #readTail(out) {
    const count = Math.min(out.length, this.#tail.length);
    out.set(this.#tail.subarray(0, count));
    this.#tail = this.#tail.subarray(count);
    return count;
  }

  /**
   * After an underrun: whether enough has gathered, or all there is, or it was waited for long enough.
   *
   * @param {number} elapsed Samples that the loudspeaker has played since the last call.
   */
  #ready(elapsed) {
    if (!this.#starved) return true;
    if (!this.#segments.length) return false;
    this.#waited += elapsed;
    const enough = this.#ring.length >= this.#rebufferSamples || this.#segments.some((s) => s.last);
    if (!enough && this.#waited < 2 * this.#rebufferSamples) return false;
    this.#starved = false;
    this.#fadeIn = this.#fadeSamples;
    return true;
  }

  /** @param {Float32Array} out @returns {number} */
  #readSegment(out) {
    const segment = this.#segments[0];
    const piece = out.subarray(0, Math.min(out.length, segment.length));
    this.#ring.read(piece);
    this.#applyFadeIn(piece);
    this.#noteAudible(segment.response, segment.position, piece);
    this.#sounding = true;
    segment.position += piece.length;
    segment.length -= piece.length;
    this.#playhead = { response: segment.response, position: segment.position };
    if (segment.length === 0) this.#finishSegment(segment);
    return piece.length;
  }

  /** @param {Segment} segment */
  #finishSegment(segment) {
    this.#segments.shift();
    if (!segment.last) return;
    this.#sounding = false;
    this.#events.push({ type: 'ended', response: segment.response, position: segment.position });
  }

  /** @param {number} response @param {number} position @param {Float32Array} piece */
  #noteAudible(response, position, piece) {
    if (this.#audible === response || peak(piece) < AUDIBLE) return;
    this.#audible = response;
    this.#events.push({ type: 'started', response, position });
  }

  /** @param {Float32Array} piece */
  #applyFadeIn(piece) {
    for (let i = 0; i < piece.length && this.#fadeIn > 0; i++, this.#fadeIn--)
      piece[i] *= 1 - this.#fadeIn / this.#fadeSamples;
  }

  /**
   * Nothing is left in the middle of a response: ramp down from its last sample, so that it does not click.
   *
   * @param {Float32Array} out @param {number} filled
   */
  #runDry(out, filled) {
    if (!this.#sounding) return;
    const from = filled > 0 ? out[filled - 1] : 0;
    for (let i = filled; i < out.length; i++) out[i] = from * (1 - (i - filled + 1) / (out.length - filled));
    this.#sounding = false;
    this.#starved = true;
    this.#waited = 0;
    this.#events.push({ type: 'underrun', ...this.#playhead });
  }
}

/** @param {number} ms @param {number} rate */
function toSamples(ms, rate) {
  return Math.round((ms * rate) / 1000);
}
