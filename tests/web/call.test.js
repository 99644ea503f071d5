import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { Call } from '../../web_client/call.js';
import { NO_CALLS, NO_WAY } from '../../web_client/closing.js';
import { makeCalls, settled } from './phone_world.js';
import { makeWorld } from './world.js';

let world, calls, marks, received, closed;
beforeEach(() => {
  world = makeWorld();
  calls = makeCalls(world.environment);
  [marks, received, closed] = [[], [], []];
});

const dial = async (options = {}) => {
  const loudspeaker = { receive: (receiver) => marks.push(receiver), mark: (mark) => marks.push(mark) };
  const { surroundings } = calls;
  const call = new Call({ url: 'http://test/v1/voice/calls', microphone: null, loudspeaker, surroundings, ...options });
  call.onmessage = ({ data }) => received.push(JSON.parse(data));
  call.onclose = ({ code }) => closed.push(code);
  await settled();
  return call;
};
const dialled = async () => {
  const call = await dial();
  calls.peer().channel.open();
  return call;
};

test('it offers sound both ways and a channel for messages, and takes the answer', async () => {
  await dial({ key: 'k', microphone: 'a track' });
  const [request] = calls.requests;
  assert.deepEqual([request.url, request.method, request.body], ['http://test/v1/voice/calls', 'POST', 'the offer']);
  assert.deepEqual(request.headers, { 'Content-Type': 'application/sdp', Authorization: 'Bearer k' });
  const { direction, microphone, channel, remoteDescription } = calls.peer();
  assert.deepEqual([direction, microphone, channel.label], ['sendrecv', 'a track', 'voice.v1']);
  assert.deepEqual(remoteDescription, { type: 'answer', sdp: 'the answer' });
});

test('it waits for its addresses, but not for long', async () => {
  const { makePeer } = calls.surroundings;
  calls.surroundings.makePeer = () => Object.assign(makePeer(), { iceGatheringState: 'gathering' });
  await dial();
  assert.equal(calls.requests.length, 0);
  world.pass(500);
  await settled();
  assert.equal(calls.requests.length, 1);
});

test('messages go over the channel, and sound does not', async () => {
  const call = await dialled();
  call.send('{"type":"ping","t":1}');
  call.send(new Int16Array(320));
  assert.deepEqual(calls.peer().channel.sent, [{ type: 'ping', t: 1 }]);
  calls.peer().channel.message({ type: 'pong', seq: 2, t: 1 });
  assert.deepEqual(received, [{ type: 'pong', seq: 2, t: 1 }]);
});

test('what the server says of its sound goes to the loudspeaker, and the sound too', async () => {
  await dialled();
  calls.peer().ontrack({ receiver: 'a receiver' });
  calls.peer().channel.message({ type: 'sound', rtp: 7, response: 1, played_ms: 0 });
  assert.deepEqual(marks, ['a receiver', { type: 'sound', rtp: 7, response: 1, played_ms: 0 }]);
  assert.deepEqual(received, []);
});

test('the microphone can come later, and go', async () => {
  const call = await dialled();
  call.speak('a track');
  assert.equal(calls.peer().microphone, 'a track');
  call.speak(null);
  assert.equal(calls.peer().microphone, null);
});

test('how the server closes is its last message', async () => {
  await dialled();
  calls.peer().channel.message({ type: 'closing', code: 4409, reason: 'taken over' });
  calls.peer().channel.closed();
  assert.deepEqual(closed, [4409]);
  assert.ok(calls.peer().closed);
});

test('a channel that closes without a word was lost', async () => {
  await dialled();
  calls.peer().channel.closed();
  assert.deepEqual(closed, [1006]);
});

for (const [status, code] of [[401, 4401], [404, NO_CALLS], [405, NO_CALLS], [400, 4400], [429, 4429], [503, 4429], [500, 1006]])
  test(`refused with ${status}, it closes with ${code}`, async () => {
    Object.assign(calls.server, { status, headers: { 'Retry-After': '5' } });
    await dial();
    assert.deepEqual(closed, [code]);
    assert.equal(received[0].retry_after_ms, 5000);
    assert.ok(calls.peer().closed);
  });

test('a server that is not there is as a lost one', async (t) => {
  t.mock.method(console, 'error', () => undefined);
  calls.server.reachable = false;
  await dial();
  assert.deepEqual(closed, [1006]);
});

test('where nothing gets through, it says so', async () => {
  await dial();
  world.pass(10_000);
  assert.deepEqual(closed, [NO_WAY]);
});

test('what fails before it was open had no way; what fails later is lost', async () => {
  await dial();
  calls.peer().becomes('failed');
  await dialled();
  calls.peer().becomes('failed');
  assert.deepEqual(closed, [NO_WAY, 1006]);
});

test('a server that does not answer for a while is lost, unless it comes back', async () => {
  await dialled();
  calls.peer().becomes('disconnected');
  calls.peer().becomes('connected');
  world.pass(2000);
  assert.deepEqual(closed, []);
  calls.peer().becomes('disconnected');
  world.pass(2000);
  assert.deepEqual(closed, [1006]);
});

test('a polite end waits until what was said has arrived, but not for ever', async () => {
  const call = await dialled();
  call.close(1000);
  assert.equal(calls.peer().closed, false);
  assert.equal(calls.peer().channel.onmessage, null, 'another call may be under way');
  world.pass(1000);
  assert.ok(calls.peer().closed);
});

test('any other end is at once', async () => {
  const call = await dialled();
  call.close();
  assert.ok(calls.peer().closed);
});

test('hung up while it was dialled, it says nothing more', async () => {
  const call = await dial();
  call.onclose = null;
  call.close();
  world.pass(20_000);
  assert.deepEqual(closed, []);
});
