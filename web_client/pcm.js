/** Conversions between the Web Audio API's floats (-1 to 1) and the wire's 16-bit integers. */

/** @param {Int16Array} pcm @returns {Float32Array} */
export function toFloat(pcm) {
  return Float32Array.from(pcm, (sample) => sample / 32768);
}

/** @param {Float32Array} samples @returns {Int16Array} */
export function toPcm(samples) {
  return Int16Array.from(samples, (s) => Math.max(-32768, Math.min(32767, Math.round(s * 32768))));
}

/** The largest magnitude, 0 to 1. @param {Float32Array} samples */
export function peak(samples) {
  let largest = 0;
  for (const sample of samples) largest = Math.max(largest, Math.abs(sample));
  return largest;
}
