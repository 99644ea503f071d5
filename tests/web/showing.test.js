import assert from 'node:assert/strict';
import { test } from 'node:test';

import { backoffMs } from '../../web_client/backoff.js';
import { finalTrouble, microphoneTrouble, serverTrouble, waitingTrouble } from '../../web_client/troubles.js';
import { waterfallRows } from '../../web_client/waterfall.js';
import { Levels, barHeight } from '../../web_client/waveform.js';

test('each stage of the waterfall begins where what it waits for ended', () => {
  const latency = {
    transcript_final: 120,
    turn_end: 210,
    first_token: 150,
    first_clause: 180,
    first_audio: 240,
    first_playback: 260,
  };
  const rows = waterfallRows(latency).map(({ label, startMs, endMs }) => [label, startMs, endMs]);
  assert.deepEqual(rows, [
    ['Transcript', 0, 120],
    ['End of turn', 0, 210],
    ['First token', 120, 150],
    ['First clause', 150, 180],
    ['First audio', 180, 240],
    ['First sound', 240, 260],
  ]);
});

test('stages that were not reached are left out, work that was done early has no length', () => {
  assert.deepEqual(waterfallRows({ transcript_final: 100, first_token: 60, first_audio: null }), [
    { label: 'Transcript', startMs: 0, endMs: 100 },
    { label: 'First token', startMs: 60, endMs: 60 },
  ]);
});

test('bars are as high as it sounds loud', () => {
  assert.equal(barHeight(0), 0);
  assert.equal(barHeight(1), 1);
  assert.ok(Math.abs(barHeight(10 ** (-21 / 20)) - 0.5) < 1e-9);
});

test('a column of the waveform keeps the loudest of its time, and the strip its newest columns', () => {
  const levels = new Levels(2);
  levels.tick();
  levels.hear('user', 0.2);
  levels.hear('user', 0.1);
  levels.tick();
  levels.hear('agent', 0.3);
  levels.markStop();
  levels.tick();
  assert.deepEqual(levels.columns, [
    { user: 0.2, agent: 0, stop: false },
    { user: 0, agent: 0.3, stop: true },
  ]);
});

test('the backoff grows to a limit, and chance spreads it', () => {
  assert.deepEqual([0, 1, 2].map((attempt) => backoffMs(attempt, 1)), [500, 1000, 2000]);
  assert.equal(backoffMs(50, 1), 15_000);
  assert.equal(backoffMs(50, 0), 200);
});

test('every trouble says what to do, or that there is nothing to do', () => {
  const action = /press Start|Press Start|Open this page|Reload it|[Tt]his page (connects|waits)|Change it|reload/;
  const troubles = [
    ...['denied', 'missing', 'busy', 'insecure', 'lost', 'failed'].map(microphoneTrouble),
    ...['unauthorised', 'taken_over', 'refused', 'no_calls', 'no_webrtc', 'ended'].map(finalTrouble),
    ...['lost', 'busy', 'restarting', 'internal', 'silent'].map((reason) => waitingTrouble(reason, true)),
    waitingTrouble('lost', false),
    serverTrouble({ message: 'config.voice: no such voice', field: 'config.voice' }),
    serverTrouble({ message: 'Synthesis failed.' }),
  ];
  for (const { text } of troubles) assert.match(text, action);
});

test('a wrong key leads to the settings, a lost network to the network', () => {
  assert.equal(finalTrouble('unauthorised').settings, true);
  const voice = finalTrouble('refused', { message: 'there is no voice "x"', field: 'config.voice' });
  assert.match(voice.text, /no voice "x"\. Change it under Settings/);
  assert.equal(voice.settings, true);
  assert.match(waitingTrouble('lost', true).text, /lost.*network/);
  assert.match(waitingTrouble('busy', true).text, /busy/);
  assert.match(waitingTrouble('lost', false).text, /offline/);
  assert.match(serverTrouble({ message: 'no', field: 'config.voice' }).text, /no\. Change it under Settings/);
});
