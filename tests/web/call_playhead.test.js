import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CallPlayhead } from '../../web_client/call_playhead.js';

const MS = 48;
const playhead = (...marks) => {
  const made = new CallPlayhead();
  for (const mark of marks) made.add(mark);
  return made;
};

test('before the first mark, and without one, there is silence', () => {
  assert.deepEqual(playhead().at(0), { mark: null, sinceMs: 0, now: null, passed: [] });
  assert.equal(playhead({ rtp: 1000, response: 1, played_ms: 0 }).at(999).now, null);
});

test('a response sounds from its mark on', () => {
  const head = playhead({ rtp: 1000, response: 1, played_ms: 300 });
  assert.deepEqual(head.at(1000).now, { response: 1, ms: 300 });
  assert.deepEqual(head.at(1000 + 250 * MS).now, { response: 1, ms: 550 });
});

test('where it ended is known to the sample, however seldom one looks', () => {
  const head = playhead({ rtp: 0, response: 1, played_ms: 0 }, { rtp: 730 * MS });
  head.at(700 * MS);
  const { now, passed } = head.at(900 * MS);
  assert.equal(now, null);
  assert.deepEqual(passed, [{ response: 1, ms: 730 }]);
  assert.deepEqual(head.at(950 * MS).passed, []);
});

test('what broke off goes on where its next mark says', () => {
  const head = playhead({ rtp: 0, response: 1, played_ms: 0 }, { rtp: 100 * MS }, { rtp: 400 * MS, response: 1, played_ms: 100 });
  assert.deepEqual(head.at(410 * MS), {
    mark: { rtp: 400 * MS, response: 1, played_ms: 100 },
    sinceMs: 10,
    now: { response: 1, ms: 110 },
    passed: [{ response: 1, ms: 100 }],
  });
});

test('time stamps go round', () => {
  const head = playhead({ rtp: 2 ** 32 - 10 * MS, response: 1, played_ms: 0 }, { rtp: 20 * MS });
  assert.deepEqual(head.at(5 * MS).now, { response: 1, ms: 15 });
  assert.deepEqual(head.at(30 * MS).passed, [{ response: 1, ms: 30 }]);
});

test('a response that began within a packet has no time before its first sample', () => {
  assert.deepEqual(playhead({ rtp: 0, response: 2, played_ms: -10 }).at(0).now, { response: 2, ms: 0 });
});

test('once cleared, it knows nothing', () => {
  const head = playhead({ rtp: 0, response: 1, played_ms: 0 });
  head.clear();
  assert.equal(head.at(10).mark, null);
});
