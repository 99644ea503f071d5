/** Beside the audio element that plays a call: how loud it is, and a node to connect more to. */

import { peak } from './pcm.js';

const WINDOW = 1024; // 21 ms at 48 kHz: as often as anybody looks

export class CallTap {
  #context;
  #gain;
  #analyser;
  #samples = new Float32Array(WINDOW);

  /** @param {MediaStream} stream */
  constructor(stream) {
    this.#context = new AudioContext();
    this.#gain = this.#context.createGain();
    this.#analyser = new AnalyserNode(this.#context, { fftSize: WINDOW });
    this.#context.createMediaStreamSource(stream).connect(this.#gain).connect(this.#analyser);
  }

  /** @returns {AudioNode} */
  get output() {
    return this.#gain;
  }

  /** The peak of the last moment, 0 to 1. */
  get level() {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    return peak(this.#samples);
  }

  /** @param {boolean} muted */
  set muted(muted) {
    this.#gain.gain.value = muted ? 0 : 1;
  }

  /** Go on after the browser held the sound back. Call it from a gesture. */
  async wake() {
    if (this.#context.state === 'suspended') await this.#context.resume();
  }

  close() {
    void this.#context.close();
  }
}
