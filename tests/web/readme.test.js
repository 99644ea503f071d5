import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { tmpdir } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { STARTED, Socket } from './world.js';

const CLIENT = fileURLToPath(new URL('../../web_client/', import.meta.url));

const example = async () => {
  const readme = await readFile(`${CLIENT}README.md`, 'utf8');
  return readme.match(/```js\n([^]*?)```/)[1];
};

test('the example has 20 lines', async () => {
  const lines = (await example()).split('\n').filter((line) => line.trim());
  assert.ok(lines.length <= 20, `${lines.length} lines`);
});

test('the example works', async (t) => {
  const sockets = [];
  const lines = [];
  t.mock.method(console, 'log', (...words) => lines.push(words.join(' ')));
  globalThis.WebSocket = class extends Socket {
    constructor(...address) {
      super(...address);
      sockets.push(this);
    }
  };
  const folder = await mkdtemp(`${tmpdir()}/readme-`);
  t.after(() => rm(folder, { recursive: true }));
  const code = (await example()).replace("'./voice_client.js'", `'${pathToFileURL(CLIENT)}voice_client.js'`);
  await writeFile(`${folder}/example.mjs`, code);
  const { begin, ask, end } = await import(pathToFileURL(`${folder}/example.mjs`));

  await begin();
  const [socket] = sockets;
  socket.open();
  assert.equal(socket.url, 'ws://localhost:8000/v1/voice');
  assert.equal(socket.sent[0].config.instructions, 'You take orders for coffee.');
  socket.message(STARTED);
  assert.equal(ask('A coffee, please.'), true);
  socket.message({ type: 'response.done', seq: 2, t_ms: 9, response: 1, status: 'completed', heard: 'At once.' });
  await end();
  assert.deepEqual(lines, [
    'connecting ',
    'microphone: insecure', // Node has none
    'open ',
    'Assistant: At once.',
    'closed ',
    'microphone: closed',
  ]);
});
