/**
 * How long to wait before the next attempt: exponential with "full jitter", so that clients that were cut off
 * together do not come back together. M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015;
 * the first attempt keeps a small floor, since a server that restarts needs a moment.
 */

const FIRST_MS = 500;
const LONGEST_MS = 15_000;
const FLOOR_MS = 200;

/** @param {number} attempt From 0. @param {number} random 0 to 1. @returns {number} Milliseconds. */
export function backoffMs(attempt, random) {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return Math.round(FLOOR_MS + random * (ceiling - FLOOR_MS));
}
