/** A ring of samples with one writer and one reader. */
export class RingBuffer {
  #data;
  #start = 0;

  /** @param {number} capacity In samples. */
  constructor(capacity) {
    this.capacity = capacity;
    this.length = 0;
    this.#data = new Float32Array(capacity);
  }

  /** Append as many of `samples` as fit. @param {Float32Array} samples @returns {number} How many fitted. */
  write(samples) {
    const count = Math.min(samples.length, this.capacity - this.length);
    const at = (this.#start + this.length) % this.capacity;
    const upToEnd = Math.min(count, this.capacity - at);
    this.#data.set(samples.subarray(0, upToEnd), at);
    this.#data.set(samples.subarray(upToEnd, count), 0);
    this.length += count;
    return count;
  }

  /** Take the oldest samples into `out`. @param {Float32Array} out @returns {number} How many there were. */
  read(out) {
    const count = Math.min(out.length, this.length);
    const upToEnd = Math.min(count, this.capacity - this.#start);
    out.set(this.#data.subarray(this.#start, this.#start + upToEnd));
    out.set(this.#data.subarray(0, count - upToEnd), upToEnd);
    this.discard(count);
    return count;
  }

  /** Drop the `count` oldest samples. @param {number} count */
  discard(count) {
    this.#start = (this.#start + count) % this.capacity;
    this.length -= count;
  }

  /** Drop the `count` newest samples. @param {number} count */
  retract(count) {
    this.length -= count;
  }
}
