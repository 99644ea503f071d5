/** Sounds to test with. */

/** @param {number} hz @param {number} rate @param {number} length @param {number} [amplitude] */
export function tone(hz, rate, length, amplitude = 0.5) {
  return Float32Array.from({ length }, (_, i) => amplitude * Math.sin((2 * Math.PI * hz * i) / rate));
}

/** 1/50, 2/50, …: every sample tells its position. @param {number} length @param {number} [from] */
export function ramp(length, from = 0) {
  return Float32Array.from({ length }, (_, i) => (from + i + 1) / 50);
}

/** @param {Float32Array} samples */
export function rms(samples) {
  return Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length);
}

/** The amplitude of the part of a signal that has this frequency. */
export function amplitudeAt(hz, rate, samples) {
  let re = 0;
  let im = 0;
  samples.forEach((s, i) => {
    re += s * Math.cos((2 * Math.PI * hz * i) / rate);
    im += s * Math.sin((2 * Math.PI * hz * i) / rate);
  });
  return (2 * Math.hypot(re, im)) / samples.length;
}
