import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RingBuffer } from '../../web_client/ring_buffer.js';

const read = (ring, count) => {
  const out = new Float32Array(count);
  return [...out.subarray(0, ring.read(out))];
};

test('what goes in comes out in order, around the end', () => {
  const ring = new RingBuffer(5);
  assert.equal(ring.write(Float32Array.of(1, 2, 3, 4)), 4);
  assert.deepEqual(read(ring, 3), [1, 2, 3]);
  assert.equal(ring.write(Float32Array.of(5, 6, 7, 8)), 4);
  assert.equal(ring.length, 5);
  assert.deepEqual(read(ring, 9), [4, 5, 6, 7, 8]);
  assert.equal(ring.length, 0);
});

test('what does not fit is not written', () => {
  const ring = new RingBuffer(3);
  assert.equal(ring.write(Float32Array.of(1, 2)), 2);
  assert.equal(ring.write(Float32Array.of(3, 4)), 1);
  assert.deepEqual(read(ring, 4), [1, 2, 3]);
});

test('the oldest can be discarded and the newest taken back', () => {
  const ring = new RingBuffer(4);
  ring.write(Float32Array.of(1, 2, 3, 4));
  ring.discard(1);
  ring.retract(1);
  ring.write(Float32Array.of(9));
  assert.deepEqual(read(ring, 4), [2, 3, 9]);
});
