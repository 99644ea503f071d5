/**
 * Plays the responses, and says how much of them has really sounded. Times are ms of `performance.now()`.
 *
 * @typedef {import('./types/protocol').AudioFrame} AudioFrame
 * @typedef {{response: number, position: number}} Point
 * @typedef {Point & {atMs: number}} TimedPoint
 * @typedef {object} LoudspeakerEvents
 * @property {Point & {level: number}} progress What sounds next, about every 25 ms while something sounds.
 * @property {TimedPoint} started The first audible sample of a response sounded.
 * @property {TimedPoint} stopped A response that was told to stop is silent.
 * @property {TimedPoint} ended The last sample of a response sounded.
 * @property {TimedPoint} underrun Nothing is left in the middle of a response.
 * @property {Point} queued Sound from here on is on its way: of calls alone, on which no frames come.
 * @property {boolean} suspended Whether the browser holds the sound back until a gesture.
 */

import { Emitter } from './emitter.js';
import { toFloat } from './pcm.js';

/** @extends {Emitter<LoudspeakerEvents>} */
export class Loudspeaker extends Emitter {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {AudioWorkletNode | null} */
  #node = null;
  /** Orders that came before the worklet was there. @type {any[][]} */
  #early = [];

  /** Whether this browser can play at all: worklets exist on secure pages only. */
  get supported() {
    return typeof AudioContext === 'function' && 'audioWorklet' in AudioContext.prototype;
  }

  /** Hz of the samples that it plays, 0 while closed. */
  get rate() {
    return this.#context?.sampleRate ?? 0;
  }

  /** What it plays, to connect more to: a recorder, say. @returns {AudioNode | null} */
  get output() {
    return this.#node;
  }

  /**
   * Open it at the rate of the samples; the browser resamples to the device. Open at that rate already, it
   * stays as it is.
   *
   * @param {number} rate In Hz.
   */
  async open(rate) {
    if (this.rate === rate) return;
    await this.close();
    const context = new AudioContext({ sampleRate: rate, latencyHint: 'interactive' });
    this.#context = context;
    context.onstatechange = () => this.#announce(context);
    try {
      await context.audioWorklet.addModule(new URL('./worklets/playback.js', import.meta.url));
    } catch (error) {
      if (this.#context !== context) return; // it was closed meanwhile
      await this.close();
      throw error;
    }
    if (this.#context === context) this.#connect(context);
  }

  async close() {
    const context = this.#context;
    this.#context = this.#node = null;
    this.#early = [];
    if (context && context.state !== 'closed') await context.close();
  }

  /** Go on after the browser held the sound back. Call it from a gesture. */
  async wake() {
    if (this.#context?.state === 'suspended') await this.#context.resume();
  }

  /** @param {AudioFrame} frame */
  play({ response, position, samples, last }) {
    this.#post('push', { response, position, samples: toFloat(samples), last });
  }

  /** Silence this response, now. @param {number} response */
  stop(response) {
    this.#post('stop', response);
  }

  /** Let it go on with the sample at `position`. @param {number} response @param {number} position */
  resume(response, position) {
    this.#post('resume', response, position);
  }

  /** Silence everything and forget it. */
  clear() {
    this.#post('clear');
  }

  /** @param {AudioContext} context */
  #connect(context) {
    const node = new AudioWorkletNode(context, 'voice-playback', { numberOfInputs: 0, outputChannelCount: [1] });
    node.port.onmessage = ({ data }) => this.#report(data);
    node.connect(context.destination);
    this.#node = node;
    for (const order of this.#early.splice(0)) node.port.postMessage(order);
    this.#announce(context);
  }

  /** @param {any[]} order A method of PlaybackBuffer and its arguments. */
  #post(...order) {
    if (this.#node) this.#node.port.postMessage(order);
    else if (this.#context) this.#early.push(order);
  }

  /** @param {any} report */
  #report({ type, time, ...what }) {
    this.emit(type, time === undefined ? what : { ...what, atMs: this.#wallMs(time) });
  }

  /** When what the context renders at `time` leaves the device. @param {number} time In s. */
  #wallMs(time) {
    const context = /** @type {AudioContext} */ (this.#context);
    const { contextTime = 0, performanceTime = 0 } = context?.getOutputTimestamp?.() ?? {};
    return performanceTime > 0 ? performanceTime + (time - contextTime) * 1000 : performance.now();
  }

  /** @param {AudioContext} context */
  #announce(context) {
    if (context === this.#context) this.emit('suspended', context.state === 'suspended');
  }
}
