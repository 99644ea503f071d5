/** Moves microphone samples: in at the context's rate, out as 20 ms frames of 16 kHz PCM. */

import { toPcm } from '../pcm.js';
import { INPUT_FRAME_SAMPLES, INPUT_RATE } from '../protocol.js';
import { Framer, Resampler } from '../resampler.js';

class Capture extends AudioWorkletProcessor {
  #resampler = new Resampler(sampleRate, INPUT_RATE);
  #framer = new Framer(INPUT_FRAME_SAMPLES);

  /** @param {Float32Array[][]} inputs */
  process([[channel]]) {
    if (!channel) return true;
    for (const frame of this.#framer.push(this.#resampler.process(channel))) {
      const pcm = toPcm(frame);
      this.port.postMessage(pcm, [pcm.buffer]);
    }
    return true;
  }
}

registerProcessor('voice-capture', Capture);
