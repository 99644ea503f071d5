import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { Microphone } from '../../web_client/microphone.js';

const KNOWN = Object.fromEntries(
  ['navigator', 'AudioContext', 'AudioWorkletNode'].map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]),
);

/** What the browser made: the tracks that it gave out, the nodes that hear them. */
let tracks, captures, answers;

class Node {
  port = {};
  connect(to) {
    return to;
  }
}

class Context {
  destination = {};
  audioWorklet = { addModule: async () => undefined };
  createMediaStreamSource() {
    return new Node();
  }
  async close() {}
}

class Capture extends Node {
  constructor() {
    super();
    captures.push(this);
  }
}

/** A stream with one track, when the user has answered. */
function ask() {
  return new Promise((resolve, reject) => {
    const allow = () => {
      const track = { stopped: false, stop: () => (track.stopped = true) };
      tracks.push(track);
      resolve({ getTracks: () => [track], getAudioTracks: () => [track] });
    };
    answers.push({ allow, deny: () => reject(new DOMException('no', 'NotAllowedError')) });
  });
}

function define(name, value) {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}

beforeEach(() => {
  [tracks, captures, answers] = [[], [], []];
  define('navigator', { mediaDevices: { getUserMedia: ask } });
  define('AudioContext', Context);
  define('AudioWorkletNode', Capture);
});

afterEach(() => {
  for (const [name, known] of Object.entries(KNOWN))
    if (known) Object.defineProperty(globalThis, name, known);
    else delete globalThis[name];
});

test('whoever presses twice before the browser has asked is asked once, and heard once', async () => {
  const microphone = new Microphone();
  const heard = [];
  microphone.on('frame', (frame) => heard.push(frame));
  const opened = [microphone.open(), microphone.open()];
  for (const answer of answers) answer.allow();
  await Promise.all(opened);
  for (const capture of captures) capture.port.onmessage({ data: 'a frame' });
  assert.deepEqual(heard, ['a frame']);
  await microphone.close();
  assert.deepEqual(
    tracks.map((track) => track.stopped),
    [true],
  );
});

test('who said no may be asked again', async () => {
  const microphone = new Microphone();
  const refused = assert.rejects(microphone.open(), { fault: 'denied' });
  answers[0].deny();
  await refused;
  const opened = microphone.open();
  answers[1].allow();
  await opened;
  assert.ok(microphone.track);
  await microphone.open(); // it is open
  assert.equal(answers.length, 2);
});
