/**
 * Streaming resampler for speech: a polyphase Kaiser-windowed sinc, as in J. O. Smith, "Digital Audio
 * Resampling", https://ccrma.stanford.edu/~jos/resample/. What aliases or images is 80 dB down.
 */

const KAISER_BETA = 8; // 80 dB of stop band
const HALF_WIDTH = 32; // zero crossings on each side: with that beta the band edge is 0.16 Nyquist wide
const ROLL_OFF = 0.92; // so that the edge ends at the lower Nyquist frequency

export class Resampler {
  #up;
  #down;
  #phases;
  #taps;
  #history;
  #phase = 0;

  /** @param {number} inputRate @param {number} outputRate In Hz, whole numbers. */
  constructor(inputRate, outputRate) {
    const divisor = gcd(inputRate, outputRate);
    this.#up = outputRate / divisor;
    this.#down = inputRate / divisor;
    this.#phases = this.#up === this.#down ? null : polyphase(this.#up, this.#down);
    this.#taps = this.#phases ? this.#phases[0].length : 0;
    // The first output sample sits on the first input sample, so the filter starts half its width before it.
    this.#history = new Float32Array(Math.max(0, this.#taps / 2 - 1));
  }

  /**
   * Whatever output the input so far determines. Any chunking of the input gives the same output.
   *
   * @param {Float32Array} input
   * @returns {Float32Array}
   */
  process(input) {
    if (!this.#phases) return input.slice();
    const signal = concat(this.#history, input);
    const output = [];
    let base = 0;
    while (base + this.#taps <= signal.length) {
      output.push(dot(this.#phases[this.#phase], signal, base));
      this.#phase += this.#down;
      base += Math.floor(this.#phase / this.#up);
      this.#phase %= this.#up;
    }
    this.#history = signal.slice(base);
    return Float32Array.from(output);
  }
}

/** Cuts a stream into frames of exactly `size` samples. */
export class Framer {
  #frame;
  #filled = 0;

  /** @param {number} size */
  constructor(size) {
    this.#frame = new Float32Array(size);
  }

  /** @param {Float32Array} samples @returns {Float32Array[]} The frames that became full. */
  push(samples) {
    const frames = [];
    for (let at = 0; at < samples.length; ) {
      const count = Math.min(samples.length - at, this.#frame.length - this.#filled);
      this.#frame.set(samples.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled === this.#frame.length) {
        frames.push(this.#frame.slice());
        this.#filled = 0;
      }
    }
    return frames;
  }
}

/**
 * The filter for each of the `up` positions that an output sample can have between two input samples.
 *
 * @param {number} up @param {number} down
 * @returns {Float32Array[]}
 */
function polyphase(up, down) {
  const scale = Math.min(1, up / down);
  const halfWidth = Math.ceil(HALF_WIDTH / scale);
  return Array.from({ length: up }, (_, phase) => {
    const taps = Float32Array.from({ length: 2 * halfWidth }, (_, k) => {
      const x = k - (halfWidth - 1) - phase / up;
      return sinc(x * scale * ROLL_OFF) * kaiser(x / halfWidth);
    });
    const gain = taps.reduce((sum, tap) => sum + tap, 0);
    return taps.map((tap) => tap / gain);
  });
}

/** @param {number} x */
function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** @param {number} x -1 to 1; outside it is 0. */
function kaiser(x) {
  return Math.abs(x) > 1 ? 0 : bessel0(KAISER_BETA * Math.sqrt(1 - x * x)) / bessel0(KAISER_BETA);
}

/** Modified Bessel function of order 0, by its power series. @param {number} x */
function bessel0(x) {
  let sum = 1;
  for (let k = 1, term = 1; term > 1e-12 * sum; k++) sum += term *= (x / 2 / k) ** 2;
  return sum;
}

/** @param {Float32Array} taps @param {Float32Array} signal @param {number} at */
function dot(taps, signal, at) {
  let sum = 0;
  for (let k = 0; k < taps.length; k++) sum += taps[k] * signal[at + k];
  return sum;
}

/** @param {Float32Array} first @param {Float32Array} second */
function concat(first, second) {
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** @param {number} a @param {number} b @returns {number} */
function gcd(a, b) {
  return b ? gcd(b, a % b) : a;
}
