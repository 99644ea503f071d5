/** VoiceClient, by WebRTC: only what differs from a WebSocket. */

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { BROWSER_CALLS } from '../../web_client/call.js';
import { CallLoudspeaker } from '../../web_client/call_loudspeaker.js';
import { finalTrouble } from '../../web_client/troubles.js';
import { VoiceClient } from '../../web_client/voice_client.js';
import { makeCalls, makeSound, settled } from './phone_world.js';
import { STARTED, ToldMicrophone, makeWorld } from './world.js';

globalThis.RTCPeerConnection ??= class {}; // that there is one is all that is asked

const MS = 48;
let world, calls, sound, microphone, client;
beforeEach(() => {
  world = makeWorld();
  calls = makeCalls(world.environment);
  sound = makeSound(world.environment);
  microphone = new ToldMicrophone();
  microphone.track = { enabled: true };
  const loudspeaker = new CallLoudspeaker(sound.surroundings);
  const url = 'http://test/v1/voice/calls';
  const { environment } = world;
  client = new VoiceClient({ url, environment, microphone, loudspeaker, calls: calls.surroundings });
});

const establish = async () => {
  await client.start();
  await settled();
  calls.peer().channel.open();
  calls.peer().ontrack({ receiver: sound.receiver });
  calls.peer().channel.message({ ...STARTED, config: { audio: { input_rate: 48_000, output_rate: 48_000 } } });
};
const sent = (type) => calls.peer().channel.sent.filter((message) => message.type === type);
const says = (message) => calls.peer().channel.message(message);

test('it starts a session in a call', async () => {
  await establish();
  assert.equal(client.connection.phase, 'open');
  assert.equal(sent('session.start').length, 1);
  assert.equal(client.loudspeaker.rate, 48_000);
  assert.equal(calls.peer().microphone, microphone.track);
});

test('a browser with WebRTC turned off is told what to do, and can start again', async (t) => {
  t.mock.method(console, 'error', () => undefined);
  const { makePeer } = calls.surroundings;
  const { RTCPeerConnection } = globalThis;
  t.after(() => Object.assign(globalThis, { RTCPeerConnection }));
  delete globalThis.RTCPeerConnection;
  calls.surroundings.makePeer = BROWSER_CALLS.makePeer;
  await client.start();
  const { phase, reason } = client.connection;
  assert.deepEqual([phase, reason], ['closed', 'no_webrtc']);
  const { text, settings } = finalTrouble(reason);
  assert.match(text, /choose WebSocket under Settings/);
  assert.ok(settings);
  world.pass(60_000);
  assert.equal(client.connection.phase, 'closed');
  Object.assign(globalThis, { RTCPeerConnection });
  calls.surroundings.makePeer = makePeer;
  await establish();
  assert.equal(client.connection.phase, 'open');
});

test('it reports what sounds, every 200 ms', async () => {
  await establish();
  says({ type: 'sound', rtp: 1000, response: 1, played_ms: 0 });
  sound.sounds(1000 + 150 * MS);
  world.pass(200);
  sound.sounds(1000 + 350 * MS);
  world.pass(200);
  assert.deepEqual(sent('playback').map(({ played_ms }) => played_ms), [150, 350]);
});

test('it reports once more when it was stopped, and then no more', async () => {
  await establish();
  says({ type: 'sound', rtp: 0, response: 1, played_ms: 0 });
  sound.sounds(100 * MS);
  world.pass(25);
  says({ type: 'response.stop', seq: 2, t_ms: 0, response: 1, reason: 'barge_in', at_ms: 0 });
  await settled();
  world.pass(2000);
  assert.deepEqual(sent('playback').map(({ played_ms }) => played_ms), [100]);
  assert.equal(sound.player.muted, true);
});

test('a response that is done has ended, and is reported no more', async () => {
  await establish();
  const ended = [];
  client.on('ended', ({ response, position }) => ended.push([response, position]));
  says({ type: 'sound', rtp: 0, response: 1, played_ms: 0 });
  says({ type: 'sound', rtp: 480 * MS });
  sound.sounds(400 * MS);
  world.pass(25);
  sound.sounds(500 * MS);
  world.pass(25);
  says({ type: 'response.done', seq: 2, t_ms: 0, response: 1, status: 'completed', text: '', heard: '' });
  assert.deepEqual(ended, [[1, 480 * MS]]);
  world.pass(2000);
  assert.deepEqual(sent('playback').map(({ played_ms }) => played_ms), [480]);
});

test('muted, and between the turns of push-to-talk, the track is silent', async () => {
  await establish();
  client.muted = true;
  assert.equal(microphone.track.enabled, false);
  client.muted = false;
  assert.equal(microphone.track.enabled, true);
  client.configure({ turn: { mode: 'manual' } });
  assert.equal(microphone.track.enabled, false);
  client.startTurn();
  assert.equal(microphone.track.enabled, true);
  client.commitTurn();
  assert.equal(microphone.track.enabled, false);
});

test('a microphone that is opened later is heard in the same call', async () => {
  const { track } = microphone;
  microphone.track = null;
  await client.start({ microphone: false });
  assert.equal(calls.peer().microphone, 'audio');
  microphone.track = track;
  await client.openMicrophone();
  assert.equal(calls.peer().microphone, track);
});

test('cut off, it calls again and resumes; what is played begins anew', async () => {
  await establish();
  says({ type: 'sound', rtp: 5, response: 1, played_ms: 0 });
  sound.sounds(5 + 90 * MS);
  world.pass(25);
  calls.peer().channel.closed();
  assert.equal(client.connection.phase, 'waiting');
  world.pass(1000);
  await settled();
  calls.peer().channel.open();
  const [resume] = sent('session.resume');
  assert.deepEqual([resume.response, resume.played_ms], [1, 90]);
  assert.equal(calls.peer().microphone, microphone.track);
});

test('the end is polite, and lets go of everything', async () => {
  await establish();
  await client.stop();
  assert.equal(sent('session.end').length, 1);
  assert.equal(microphone.isOpen, false);
  assert.equal(sound.player.playing, false);
  calls.peer().channel.closed();
  assert.ok(calls.peer().closed);
});
