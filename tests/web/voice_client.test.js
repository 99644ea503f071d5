import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { MicrophoneError } from '../../web_client/microphone.js';
import { encodeAudio } from '../../web_client/protocol.js';
import { VoiceClient } from '../../web_client/voice_client.js';
import { ticketsIn } from '../../web_client/ticket.js';
import { STARTED, SilentLoudspeaker, ToldMicrophone, makeStorage, makeWorld } from './world.js';

let world, microphone, loudspeaker, client;
beforeEach(() => {
  world = makeWorld();
  microphone = new ToldMicrophone();
  loudspeaker = new SilentLoudspeaker();
  client = new VoiceClient({ url: 'ws://test', environment: world.environment, microphone, loudspeaker });
});

const establish = async (message = STARTED) => {
  await client.start();
  world.socket().open();
  world.socket().message(message);
  loudspeaker.orders = [];
};
const audio = (response, position, last = false) =>
  world.socket().binary(encodeAudio({ response, position, last, samples: new Int16Array(441) }));
const sent = (type) => world.socket().sent.filter((message) => message.type === type);
const at = (response, position) => ({ response, position, atMs: 0 });

test('it opens the loudspeaker at the rate that the server sends', async () => {
  await establish({ ...STARTED, config: { audio: { output_rate: 24_000 } } });
  assert.equal(loudspeaker.rate, 24_000);
});

test('audio is played, stopped and resumed as the server says', async () => {
  await establish();
  audio(1, 0);
  world.socket().message({ type: 'response.stop', seq: 2, t_ms: 0, response: 1, reason: 'barge_in', at_ms: 0 });
  world.socket().message({ type: 'response.resume', seq: 3, t_ms: 0, response: 1, position: 200 });
  assert.deepEqual(loudspeaker.orders, [['play', 1, 0], ['stop', 1], ['resume', 1, 200]]);
});

test('while there is something to play, it reports every 200 ms what was played', async () => {
  await establish();
  audio(1, 0);
  loudspeaker.emit('progress', { response: 1, position: 2205, level: 0.1 });
  world.pass(200);
  loudspeaker.emit('progress', { response: 1, position: 6615, level: 0.1 });
  world.pass(200);
  assert.deepEqual(
    sent('playback').map(({ played_ms }) => played_ms),
    [100, 300],
  );
});

test('it reports also while the browser holds the sound back', async () => {
  await establish();
  audio(1, 0);
  world.pass(400);
  assert.deepEqual(sent('playback'), Array(2).fill({ type: 'playback', response: 1, played_ms: 0 }));
});

for (const how of ['stopped', 'ended'])
  test(`it reports once when the sound ${how}, and then no more`, async () => {
    await establish();
    audio(1, 0);
    loudspeaker.emit(how, at(1, 4410));
    world.pass(2000);
    assert.deepEqual(sent('playback'), [{ type: 'playback', response: 1, played_ms: 200 }]);
  });

test('after a resume it reports on', async () => {
  await establish();
  audio(1, 0);
  loudspeaker.emit('stopped', at(1, 4410));
  audio(1, 2205);
  loudspeaker.emit('progress', { response: 1, position: 2426, level: 0.1 });
  world.pass(200);
  assert.equal(sent('playback').at(-1).played_ms, 110);
});

test('frames go out, silenced while muted', async () => {
  await establish();
  const inputs = [];
  client.on('input', ({ peak, sent }) => inputs.push([peak, sent]));
  microphone.emit('frame', new Int16Array(320).fill(16384));
  client.muted = true;
  microphone.emit('frame', new Int16Array(320).fill(16384));
  const frames = world.socket().sent.filter((message) => message instanceof Int16Array);
  assert.deepEqual(frames.map((frame) => frame[0]), [16384, 0]);
  assert.deepEqual(inputs, [[0.5, true], [0, true]]);
});

test('with push-to-talk the microphone is heard only between press and release', async () => {
  await establish();
  client.configure({ turn: { mode: 'manual' } });
  const heard = () => {
    microphone.emit('frame', new Int16Array(320).fill(100));
    return world.socket().sent.at(-1)[0];
  };
  assert.equal(heard(), 0);
  client.startTurn();
  assert.equal(heard(), 100);
  client.commitTurn();
  assert.equal(heard(), 0);
  client.commitTurn();
  assert.equal(sent('turn.start').length, 1);
  assert.equal(sent('turn.commit').length, 1);
});

test('the stop button silences at once and tells the server', async () => {
  await establish();
  audio(3, 0);
  client.interrupt();
  assert.deepEqual(loudspeaker.orders.at(-1), ['stop', 3]);
  assert.equal(sent('interrupt').length, 1);
});

test('without a microphone the conversation goes on in writing', async () => {
  microphone.error = new MicrophoneError('denied');
  const faults = [];
  client.on('microphone', (fault) => faults.push(fault));
  await establish();
  assert.deepEqual(faults, ['denied']);
  assert.equal(client.sendText('hello'), true);
  assert.deepEqual(sent('user.text'), [{ type: 'user.text', text: 'hello' }]);
});

test('where nothing can be played, audio is left aside and nothing is reported', async () => {
  loudspeaker.supported = false;
  await establish();
  audio(1, 0);
  world.pass(1000);
  assert.equal(client.audible, false);
  assert.deepEqual(loudspeaker.orders, []);
  assert.deepEqual(sent('playback'), []);
});

test('a loudspeaker that fails is told, and tried again with the next session', async (t) => {
  t.mock.method(console, 'error', () => {});
  const states = [];
  client.on('loudspeaker', (state) => states.push(state));
  t.mock.method(loudspeaker, 'open', () => Promise.reject(new Error('no')), { times: 1 });
  await establish();
  await Promise.resolve();
  assert.deepEqual(states, ['failed', 'open']);
});

test('a new session in place of a lost one begins with silence', async () => {
  await establish();
  audio(5, 0);
  world.socket().drop();
  world.pass(1000);
  world.socket().open();
  world.socket().drop(4404);
  world.pass(0);
  world.socket().open();
  world.socket().message({ ...STARTED, session: 's2' });
  assert.deepEqual(loudspeaker.orders.at(-1), ['clear']);
  audio(1, 0);
  world.pass(200);
  assert.deepEqual(sent('playback'), [{ type: 'playback', response: 1, played_ms: 0 }]);
});

test('messages are emitted under their own type too', async () => {
  const heard = [];
  client.on('message', ({ type }) => heard.push(`message ${type}`));
  client.on('session.started', ({ session }) => heard.push(session));
  await establish();
  assert.deepEqual(heard, ['message session.started', 's1']);
});

test('a listener that was taken off hears nothing more', async () => {
  let count = 0;
  const off = client.on('message', () => count++);
  off();
  await establish();
  assert.equal(count, 0);
});

test('a connection that is closed for good lets go of the devices', async () => {
  await establish();
  world.socket().drop(4409);
  await client.stop();
  assert.equal(microphone.isOpen, false);
  assert.equal(loudspeaker.rate, 0);
});

test('a microphone that is granted too late is not kept', async (t) => {
  const states = [];
  client.on('microphone', (state) => states.push(state));
  t.mock.method(microphone, 'open', async () => {
    await client.stop();
    microphone.isOpen = true;
  });
  await client.start();
  assert.equal(microphone.isOpen, false);
  assert.deepEqual(states, ['closed']);
});

test('stopping lets go of everything', async () => {
  await establish();
  await client.stop();
  assert.equal(microphone.isOpen, false);
  assert.equal(loudspeaker.rate, 0);
  assert.equal(client.connection.phase, 'closed');
});

const comesBack = (more = {}) => {
  world.socket().drop();
  world.pass(1000);
  world.socket().open();
  world.socket().message({ type: 'session.resumed', seq: 9, t_ms: 0, session: 's1', from_seq: 2, ...more });
};

test('a connection that is lost and back leaves the loudspeaker alone, and says what was heard', async () => {
  await establish();
  audio(2, 0);
  loudspeaker.emit('progress', { response: 2, position: 2205, level: 0.1 });
  comesBack({ response: 2, position: 2205 });
  audio(2, 441);
  assert.deepEqual(loudspeaker.orders, [['play', 2, 0], ['play', 2, 441]]);
  const [{ response, played_ms }] = sent('session.resume');
  assert.deepEqual([response, played_ms], [2, 100]);
});

test('what was heard to its end is known when the connection is back', async () => {
  await establish();
  audio(2, 0, true);
  loudspeaker.emit('ended', at(2, 4410));
  comesBack();
  assert.equal(sent('session.resume')[0].played_ms, 200);
});

test('where nothing has sounded, nothing is said of it', async () => {
  await establish();
  comesBack();
  assert.ok(!('response' in sent('session.resume')[0]));
});

test('a page that was reloaded opens the loudspeaker as its session has it, and knows that it is recorded', async () => {
  const tickets = ticketsIn(makeStorage(), 'ws://test', world.environment.now);
  const make = () => new VoiceClient({ url: 'ws://test', tickets, environment: world.environment, microphone, loudspeaker });
  client = make();
  await establish({ ...STARTED, capture: true, config: { audio: { output_rate: 48_000 } } });
  client.leave();
  client = make();
  assert.equal(client.captured, false);
  await client.start();
  world.socket().open();
  world.socket().message({ type: 'session.resumed', seq: 9, t_ms: 0, session: 's1', from_seq: 2 });
  assert.equal(loudspeaker.rate, 48_000);
  assert.equal(client.captured, true);
});
