/** Moves samples to the loudspeaker, and says what has sounded. The thinking is in PlaybackBuffer. */

import { peak } from '../pcm.js';
import { PlaybackBuffer } from '../playback_buffer.js';

const QUANTUM = 128;
const REPORT_EVERY_QUANTA = 4;

class Playback extends AudioWorkletProcessor {
  #buffer = new PlaybackBuffer(sampleRate);
  #quanta = 0;
  #level = 0;
  #quiet = true;

  constructor() {
    super();
    this.port.onmessage = ({ data: [order, ...args] }) => this.#obey(order, args);
  }

  /** @param {'push' | 'stop' | 'resume' | 'clear'} order @param {any[]} args Those of the buffer's method. */
  #obey(order, args) {
    if (order === 'clear') this.#buffer = new PlaybackBuffer(sampleRate);
    else /** @type {Function} */ (this.#buffer[order]).apply(this.#buffer, args);
    this.#report(); // here too, since a suspended context never calls `process`
  }

  /** @param {Float32Array[][]} _inputs @param {Float32Array[][]} outputs */
  process(_inputs, [[channel]]) {
    this.#buffer.read(channel);
    this.#level = Math.max(this.#level, peak(channel));
    this.#report();
    this.#quanta = (this.#quanta + 1) % REPORT_EVERY_QUANTA;
    if (this.#quanta === 0) this.#progress();
    return true;
  }

  #report() {
    const time = currentTime + QUANTUM / sampleRate;
    for (const event of this.#buffer.takeEvents()) this.port.postMessage({ ...event, time });
  }

  #progress() {
    if (!this.#buffer.playing && this.#level === 0 && this.#quiet) return;
    this.#quiet = !this.#buffer.playing;
    const buffered = this.#buffer.bufferedSamples;
    this.port.postMessage({ type: 'progress', ...this.#buffer.playhead, buffered, level: this.#level });
    this.#level = 0;
  }
}

registerProcessor('voice-playback', Playback);
