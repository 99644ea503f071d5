/** Records what the loudspeaker plays: blocks of samples, each with the context's time of its first. */

const BLOCK = 16 * 128;

class Recorder extends AudioWorkletProcessor {
  #samples = new Int16Array(BLOCK);
  #filled = 0;
  #time = 0;

  process([[channel = new Float32Array(128)]]) {
    if (this.#filled === 0) this.#time = currentTime;
    for (const sample of channel) this.#samples[this.#filled++] = Math.round(sample * 32767);
    if (this.#filled >= BLOCK) {
      this.port.postMessage({ time: this.#time, samples: this.#samples });
      this.#filled = 0;
    }
    return true;
  }
}

registerProcessor('e2e-recorder', Recorder);
