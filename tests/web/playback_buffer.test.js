import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { PlaybackBuffer } from '../../web_client/playback_buffer.js';
import { ramp } from './signals.js';

const RATE = 1000; // so that samples are milliseconds
const QUANTUM = 10;

/** @type {PlaybackBuffer} */
let buffer;
beforeEach(() => {
  buffer = new PlaybackBuffer(RATE, { capacityMs: 1000, fadeMs: 4, rebufferMs: 20 });
});

const read = (count = QUANTUM) => {
  const out = new Float32Array(count);
  buffer.read(out);
  return out;
};
const push = (response, position, length, last = false) =>
  buffer.push({ response, position, samples: ramp(length, position), last });
const events = () => buffer.takeEvents().map(({ type, response, position }) => [type, response, position]);
const quiet = (count = QUANTUM) => new Float32Array(count);

test('samples sound in order and the playhead says how many did', () => {
  push(1, 0, 15);
  push(1, 15, 15);
  assert.deepEqual(read(), ramp(10));
  assert.deepEqual(read(), ramp(10, 10));
  assert.deepEqual(buffer.playhead, { response: 1, position: 20 });
});

test('the start is told once, when it can be heard', () => {
  buffer.push({ response: 1, position: 0, samples: new Float32Array(10), last: false });
  push(1, 10, 20);
  read();
  assert.deepEqual(events(), []);
  read();
  read();
  assert.deepEqual(events(), [['started', 1, 10]]);
});

test('the end is told after the last sample, also when the last frame is empty', () => {
  push(1, 0, 10);
  push(1, 10, 0, true);
  read();
  read();
  assert.deepEqual(events(), [['started', 1, 0], ['ended', 1, 10]]);
  assert.equal(buffer.playing, false);
});

test('a stop fades out, and is silent within one quantum', () => {
  push(1, 0, 200);
  read();
  buffer.stop(1);
  const faded = read();
  assert.ok(faded[0] > 0 && faded[0] < ramp(1, 10)[0]);
  assert.deepEqual(faded.subarray(3), quiet(7));
  assert.deepEqual(read(), quiet());
  assert.deepEqual(events(), [['started', 1, 0], ['stopped', 1, 10]]);
  assert.equal(buffer.bufferedSamples, 0);
});

test('after a stop, stragglers of that response are not heard, the next response is', () => {
  push(1, 0, 20);
  read();
  buffer.stop(1);
  read();
  push(1, 20, 20);
  assert.deepEqual(read(), quiet());
  push(2, 0, 20);
  assert.deepEqual(read(), ramp(10));
  push(1, 40, 20);
  assert.deepEqual(read(), ramp(10, 10));
  assert.deepEqual(read(), quiet());
});

test('a stop of what has not begun to sound is told at sample 0', () => {
  push(1, 0, 10, true);
  read();
  events();
  buffer.stop(2);
  assert.deepEqual(events(), [['stopped', 2, 0]]);
  push(2, 0, 20);
  assert.deepEqual(read(), quiet());
});

test('a stop leaves what is queued of another response', () => {
  push(1, 0, 20, true);
  push(2, 0, 20);
  buffer.stop(2);
  assert.deepEqual(read(20), ramp(20));
  assert.deepEqual(read(), quiet());
});

test('a resume goes on at its sample, even at one that has sounded before, and fades in', () => {
  push(1, 0, 100);
  read(50);
  buffer.stop(1);
  read();
  buffer.resume(1, 30);
  assert.deepEqual(read(), quiet());
  push(1, 30, 40);
  const sounded = read();
  assert.equal(sounded[0], 0);
  assert.deepEqual(sounded.subarray(4), ramp(6, 34));
  assert.deepEqual(buffer.playhead, { response: 1, position: 40 });
  assert.ok(!events().some(([type]) => type === 'underrun'));
});

test('a resume without a stop before it drops what was queued beyond it', () => {
  push(1, 0, 100);
  read();
  buffer.resume(1, 20);
  push(1, 20, 20);
  assert.deepEqual(read().subarray(4), ramp(6, 24));
});

test('what is sent twice sounds once', () => {
  push(1, 0, 10);
  push(1, 5, 10);
  push(1, 0, 10);
  assert.deepEqual(read(15), ramp(15));
  assert.equal(buffer.bufferedSamples, 0);
});

test('a gap keeps the positions true', () => {
  push(1, 0, 10);
  push(1, 50, 10);
  read(20);
  assert.deepEqual(buffer.playhead, { response: 1, position: 60 });
});

test('an underrun ramps down, is told once, and goes on when enough has gathered', () => {
  push(1, 0, 5);
  const out = read();
  assert.ok(out[4] > out[5] && out[9] === 0);
  read();
  assert.deepEqual(events(), [['started', 1, 0], ['underrun', 1, 5]]);
  push(1, 5, 10);
  assert.deepEqual(read(), quiet());
  push(1, 15, 10);
  assert.deepEqual(read().subarray(4), ramp(6, 9));
});

test('after an underrun the last samples of a response do not wait for more', () => {
  push(1, 0, 5);
  read();
  push(1, 5, 5, true);
  assert.deepEqual(read().subarray(4, 5), ramp(1, 9));
});

test('after an underrun nothing waits for ever', () => {
  push(1, 0, 5);
  read();
  push(1, 5, 8);
  for (let i = 0; i < 3; i++) assert.deepEqual(read(), quiet());
  assert.notDeepEqual(read(), quiet());
});

test('an underrun does not hold up the next response', () => {
  push(1, 0, 5);
  read();
  push(2, 0, 10);
  assert.deepEqual(read(), ramp(10));
});

test('the next response follows on what is left of the one before', () => {
  push(1, 0, 5, true);
  push(2, 0, 15);
  assert.deepEqual(read(), Float32Array.of(...ramp(5), ...ramp(5)));
  assert.deepEqual(events(), [['started', 1, 0], ['ended', 1, 5], ['started', 2, 0]]);
});

test('what does not fit is lost, and the positions stay true', () => {
  push(1, 0, 1200);
  assert.equal(buffer.bufferedSamples, 1000);
  read(1000);
  push(1, 1200, 10);
  read(10);
  assert.deepEqual(buffer.playhead, { response: 1, position: 1210 });
});
