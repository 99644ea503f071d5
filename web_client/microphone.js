/**
 * The microphone, as 20 ms frames of 16 kHz PCM.
 *
 * @typedef {'denied' | 'missing' | 'busy' | 'insecure' | 'lost' | 'failed'} MicrophoneFault
 */

import { Emitter } from './emitter.js';

/** @type {Record<string, MicrophoneFault>} By the name of what getUserMedia throws. */
const FAULTS = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'missing',
  OverconstrainedError: 'missing',
  NotReadableError: 'busy',
};

const WANTED = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };

export class MicrophoneError extends Error {
  /** @param {MicrophoneFault} fault @param {unknown} [cause] */
  constructor(fault, cause) {
    super(`No microphone: ${fault}`, { cause });
    this.fault = fault;
  }
}

/** @extends {Emitter<{frame: Int16Array, lost: void}>} */
export class Microphone extends Emitter {
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {AudioContext | null} */
  #context = null;
  /** Being opened: the browser asks the user, and whoever presses twice wants it once. @type {Promise<void> | null} */
  #opening = null;

  /**
   * Ask for the microphone and begin to emit frames.
   *
   * @throws {MicrophoneError}
   */
  open() {
    this.#opening ??= this.#open().finally(() => (this.#opening = null));
    return this.#opening;
  }

  async #open() {
    if (this.#stream) return;
    if (!globalThis.navigator?.mediaDevices?.getUserMedia) throw new MicrophoneError('insecure');
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ audio: WANTED });
      await this.#listen(this.#stream);
    } catch (error) {
      await this.close();
      throw new MicrophoneError(FAULTS[error instanceof Error ? error.name : ''] ?? 'failed', error);
    }
  }

  /** What it hears, as a track; null while closed. */
  get track() {
    return this.#stream?.getAudioTracks()[0] ?? null;
  }

  /** Let go of the microphone: the browser's sign that it is in use goes out. */
  async close() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    const context = this.#context;
    this.#context = null;
    await context?.close();
  }

  /** Go on after the browser held the context back. Call it from a gesture. */
  async wake() {
    if (this.#context?.state === 'suspended') await this.#context.resume();
  }

  /** @param {MediaStream} stream */
  async #listen(stream) {
    const context = (this.#context = new AudioContext());
    await context.audioWorklet.addModule(new URL('./worklets/capture.js', import.meta.url));
    const capture = new AudioWorkletNode(context, 'voice-capture', { channelCount: 1, channelCountMode: 'explicit' });
    capture.port.onmessage = ({ data }) => this.emit('frame', data);
    // Its output is silence; without a way to the destination some browsers do not run it.
    context.createMediaStreamSource(stream).connect(capture).connect(context.destination);
    stream.getAudioTracks()[0].onended = () => void this.close().then(() => this.emit('lost', undefined));
  }
}
