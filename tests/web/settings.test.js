import assert from 'node:assert/strict';
import { test } from 'node:test';

import { DEFAULTS, loadSettings, saveSettings, toConfig } from '../../web_client/settings.js';

const storageWith = (text) => {
  let kept = text;
  return { getItem: () => kept, setItem: (_, value) => void (kept = value) };
};
const forbidden = {
  getItem: () => {
    throw new Error('SecurityError');
  },
  setItem: () => {
    throw new Error('QuotaExceededError');
  },
};

test('what was saved is loaded', () => {
  const storage = storageWith(null);
  const chosen = { voice: 'ada', instructions: 'Be brief.', responsiveness: 0.8, key: 'k' };
  const settings = { ...chosen, pushToTalk: true, webrtc: true };
  assert.equal(saveSettings(storage, settings), true);
  assert.deepEqual(loadSettings(storage), settings);
});

test('nothing, rubbish and a forbidden storage give the defaults', () => {
  for (const storage of [storageWith(null), storageWith('{'), storageWith('null'), storageWith('[1]'), forbidden])
    assert.deepEqual(loadSettings(storage), { ...DEFAULTS });
  assert.equal(saveSettings(forbidden, { ...DEFAULTS }), false);
});

test('single values that make no sense are put right', () => {
  const saved = { voice: 3, instructions: ' Hi ', responsiveness: 7, pushToTalk: 'yes' };
  const expected = { ...DEFAULTS, instructions: 'Hi', responsiveness: 1 };
  assert.deepEqual(loadSettings(storageWith(JSON.stringify(saved))), expected);
  assert.equal(loadSettings(storageWith('{"responsiveness": "fast"}')).responsiveness, 0.5);
});

test('what is empty is left to the server', () => {
  assert.deepEqual(toConfig({ ...DEFAULTS }), { turn: { mode: 'auto', responsiveness: 0.5 } });
  assert.deepEqual(toConfig({ ...DEFAULTS, voice: 'ada', instructions: 'Sing.', pushToTalk: true }), {
    voice: 'ada',
    instructions: 'Sing.',
    turn: { mode: 'manual', responsiveness: 0.5 },
  });
});
