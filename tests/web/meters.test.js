import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { InputClock, Meters } from '../../web_client/meters.js';

let meters;
beforeEach(() => {
  meters = new Meters();
});

/** Frames of 20 ms, sent from `fromMs` on. */
const hear = (fromMs, count) => {
  for (let i = 0; i < count; i++) meters.frameSent(fromMs + 20 * (i + 1));
};

test('the input clock knows when a sound was made', () => {
  const clock = new InputClock();
  for (const nowMs of [1020, 1040, 1065]) clock.advance(nowMs);
  assert.equal(clock.wallMs(20), 1020);
  assert.equal(clock.wallMs(30), 1030);
  assert.equal(clock.wallMs(60), 1065);
  assert.equal(clock.wallMs(0), null);
  assert.equal(clock.wallMs(61), null);
});

test('the input clock forgets what is long ago', () => {
  const clock = new InputClock();
  for (let i = 0; i < 4000; i++) clock.advance(20 * (i + 1));
  assert.equal(clock.wallMs(100), null);
  assert.equal(clock.wallMs(80_000), 80_000);
});

test('the turn gap is from the end of speech to the first sound of the answer', () => {
  hear(5000, 100);
  meters.receive({ type: 'speech.started', at_ms: 300 });
  meters.receive({ type: 'speech.stopped', at_ms: 1500 });
  meters.receive({ type: 'response.started', response: 1 });
  assert.equal(meters.turnGapMs, null);
  meters.started(1, 6830);
  assert.equal(meters.turnGapMs, 330);
});

test('a typed turn leaves the turn gap as it was', () => {
  hear(0, 100);
  meters.receive({ type: 'speech.stopped', at_ms: 1000 });
  meters.typed();
  meters.receive({ type: 'response.started', response: 1 });
  meters.started(1, 9000);
  assert.equal(meters.turnGapMs, null);
});

test('barge-in stop is from the start of speech to silence', () => {
  hear(0, 100);
  meters.receive({ type: 'response.stop', response: 4, reason: 'barge_in', at_ms: 1900 });
  meters.stopped(3, 1990);
  assert.equal(meters.bargeInMs, null);
  meters.stopped(4, 2005);
  assert.equal(meters.bargeInMs, 105);
});

test('a second stop by the same speech changes nothing', () => {
  hear(0, 200);
  const stop = { type: 'response.stop', response: 4, reason: 'barge_in', at_ms: 1900 };
  for (const silentAtMs of [2005, 3900]) {
    meters.receive(stop);
    meters.stopped(4, silentAtMs);
  }
  assert.equal(meters.bargeInMs, 105);
  meters.receive({ ...stop, at_ms: 3000 });
  meters.stopped(4, 3070);
  assert.equal(meters.bargeInMs, 70);
});

test('the stop button is no barge-in', () => {
  hear(0, 100);
  meters.receive({ type: 'response.stop', response: 1, reason: 'client', at_ms: 1000 });
  meters.stopped(1, 5000);
  assert.equal(meters.bargeInMs, null);
});

test('a new session counts its input from the start', () => {
  hear(0, 100);
  meters.receive({ type: 'session.started' });
  hear(8000, 50);
  meters.receive({ type: 'speech.stopped', at_ms: 500 });
  meters.receive({ type: 'response.started', response: 1 });
  meters.started(1, 8700);
  assert.equal(meters.turnGapMs, 200);
});

test('the waterfall of the last turn is kept', () => {
  meters.receive({ type: 'response.done', response: 1, latency: { turn_end: 5 } });
  meters.receive({ type: 'response.done', response: 2, latency: {} });
  assert.deepEqual(meters.latency, { turn_end: 5 });
});
