import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { Connection } from '../../web_client/connection.js';
import { encodeAudio } from '../../web_client/protocol.js';
import { ticketsIn } from '../../web_client/ticket.js';
import { STARTED, makeStorage, makeWorld } from './world.js';

let world, connection, states, messages;
beforeEach(() => {
  world = makeWorld();
  const config = { turn: { responsiveness: 0.5 } };
  connection = new Connection({ url: 'ws://test/v1/voice', key: 'k', config, environment: world.environment });
  states = [];
  messages = [];
  connection.on('state', ({ phase, reason }) => states.push(reason ? `${phase}: ${reason}` : phase));
  connection.on('message', ({ type }) => messages.push(type));
});

const establish = () => {
  connection.open();
  world.socket().open();
  world.socket().message(STARTED);
};
const returns = (fromSeq) => {
  world.socket().open();
  world.socket().message({ type: 'session.resumed', seq: 99, t_ms: 1, session: 's1', from_seq: fromSeq });
};
const speech = (seq) => ({ type: 'speech.started', seq, t_ms: seq, turn: 1, at_ms: 0 });

test('it offers the protocol and the key, and starts with the configuration', () => {
  establish();
  assert.deepEqual(world.socket().protocols, ['voice.v1', 'voice.key.k']);
  assert.deepEqual(world.socket().sent[0], { type: 'session.start', config: { turn: { responsiveness: 0.5 } } });
  assert.deepEqual(states, ['connecting', 'open']);
  assert.deepEqual(messages, ['session.started']);
});

test('nothing is sent before there is a session', () => {
  connection.open();
  assert.equal(connection.send({ type: 'interrupt' }), false);
  assert.equal(connection.sendAudio(new Int16Array(320)), false);
  world.socket().open();
  assert.deepEqual(world.socket().takeTypes(), ['session.start']);
});

test('cut off, it comes back after a backoff and resumes', () => {
  establish();
  world.socket().message(speech(2));
  world.socket().drop();
  assert.deepEqual(states.at(-1), 'waiting: lost');
  world.pass(349);
  assert.equal(world.sockets.length, 1);
  world.pass(1);
  assert.equal(world.sockets.length, 2);
  world.socket().open();
  assert.deepEqual(world.socket().sent, [{ type: 'session.resume', session: 's1', token: 'secret', last_seq: 2 }]);
});

test('after a resume each message arrives exactly once', () => {
  establish();
  for (const seq of [2, 3]) world.socket().message(speech(seq));
  world.socket().drop();
  world.pass(1000);
  returns(4);
  for (const seq of [3, 4, 5, 5]) world.socket().message(speech(seq));
  assert.deepEqual(messages.filter((type) => type === 'speech.started').length, 4);
  assert.equal(connection.state.phase, 'open');
  assert.equal(connection.state.fresh, false);
});

test('it waits longer from attempt to attempt, and starts anew when it succeeded', () => {
  establish();
  const waits = [];
  for (let i = 0; i < 4; i++) {
    world.socket().drop();
    waits.push(connection.state.retryAtMs - world.environment.now());
    world.pass(waits.at(-1));
  }
  assert.deepEqual(waits, [350, 600, 1100, 2100]);
  returns(2);
  world.socket().drop();
  assert.equal(connection.state.retryAtMs - world.environment.now(), 350);
});

for (const [code, what] of [
  [4404, 'forgotten'],
  [4400, 'unable to resume'],
])
  test(`a session that is ${what} is replaced by a new one at once`, () => {
    establish();
    connection.update({ voice: 'ada' });
    world.socket().drop();
    world.pass(1000);
    world.socket().open();
    world.socket().drop(code);
    world.pass(0);
    world.socket().open();
    assert.deepEqual(world.socket().sent[0], {
      type: 'session.start',
      config: { voice: 'ada', turn: { responsiveness: 0.5 } },
    });
    world.socket().message({ ...STARTED, session: 's2' });
    assert.equal(connection.state.fresh, true);
  });

test('a server that knows no session at all is not asked without pause', () => {
  connection.open();
  world.socket().open();
  world.socket().drop(4404);
  assert.ok(connection.state.retryAtMs > world.environment.now());
});

test('a busy server is asked again when it said', () => {
  connection.open();
  world.socket().open();
  world.socket().message({ type: 'error', seq: 1, t_ms: 0, code: 'busy', message: '', fatal: true, retry_after_ms: 7000 });
  world.socket().drop(4429);
  assert.deepEqual(states.at(-1), 'waiting: busy');
  assert.equal(connection.state.retryAtMs, 7000);
});

test('a complaint that ends the connection is kept', () => {
  connection.open();
  world.socket().open();
  const error = { type: 'error', seq: 1, t_ms: 0, code: 'bad_field', message: 'no', field: 'config.voice', fatal: true };
  world.socket().message(error);
  world.socket().drop(4400);
  assert.equal(connection.state.reason, 'refused');
  assert.equal(connection.state.error.field, 'config.voice');
});

for (const [code, reason] of [
  [4401, 'unauthorised'],
  [4409, 'taken_over'],
  [4400, 'refused'],
  [1000, 'ended'],
])
  test(`after ${code} it stays away`, () => {
    establish();
    world.socket().drop(code);
    assert.equal(states.at(-1), `closed: ${reason}`);
    assert.equal(connection.state.code, code);
    world.pass(60_000);
    assert.equal(world.sockets.length, 1);
  });

test('a network that is back shortens the wait', () => {
  establish();
  connection.retryNow();
  assert.equal(world.sockets.length, 1);
  world.socket().drop();
  connection.retryNow();
  assert.equal(world.sockets.length, 2);
  world.pass(1000);
  assert.equal(world.sockets.length, 2);
});

test('it acknowledges what arrived, once, within a second', () => {
  establish();
  world.socket().takeTypes();
  for (const seq of [2, 3]) world.socket().message(speech(seq));
  world.pass(1000);
  const acks = world.socket().sent.filter(({ type }) => type === 'ack');
  assert.deepEqual(acks, [{ type: 'ack', seq: 3 }]);
});

test('it answers pings, and sends its own', () => {
  establish();
  world.socket().takeTypes();
  world.socket().message({ type: 'ping', seq: 2, t_ms: 0, t: 123 });
  assert.deepEqual(world.socket().sent, [{ type: 'pong', t: 123, t_ms: world.environment.now() }]);
  world.pass(10_000);
  assert.ok(world.socket().takeTypes().includes('ping'));
});

test('two heartbeats without a sign of life, and it gives the connection up', () => {
  establish();
  const dead = world.socket();
  world.pass(19_999);
  assert.equal(connection.state.phase, 'open');
  world.pass(1);
  assert.equal(states.at(-1), 'waiting: silent');
  assert.ok(dead.closedWith);
});

test('audio counts as a sign of life', () => {
  establish();
  const frames = [];
  connection.on('audio', (frame) => frames.push(frame.position));
  world.pass(15_000);
  world.socket().binary(encodeAudio({ response: 1, position: 7, last: false, samples: new Int16Array(4) }));
  world.pass(15_000);
  assert.equal(connection.state.phase, 'open');
  assert.deepEqual(frames, [7]);
});

test('what is not the protocol ends the connection for good', (t) => {
  t.mock.method(console, 'error', () => {});
  establish();
  world.socket().onmessage({ data: '<html>' });
  assert.equal(states.at(-1), 'closed: refused');
});

test('when the network takes no more, old sound is not piled up', () => {
  establish();
  world.socket().takeTypes();
  world.socket().bufferedAmount = 100_000;
  assert.equal(connection.sendAudio(new Int16Array(320)), false);
  world.socket().bufferedAmount = 0;
  assert.equal(connection.sendAudio(new Int16Array(320)), true);
  assert.deepEqual(world.socket().takeTypes(), ['audio']);
});

test('a polite end leaves no timers behind', () => {
  establish();
  const socket = world.socket();
  socket.takeTypes();
  connection.close();
  assert.deepEqual(socket.takeTypes(), ['session.end']);
  assert.equal(socket.closedWith, 1000);
  assert.equal(states.at(-1), 'closed');
  world.pass(60_000);
  assert.equal(world.sockets.length, 1);
  assert.deepEqual(socket.takeTypes(), []);
});

test('it says what was heard when it comes back, and each time shows the newest token', () => {
  establish();
  const shown = [];
  for (const token of ['second', 'third']) {
    connection.playhead = () => ({ response: 4, played_ms: 120 });
    world.socket().drop();
    world.pass(1000);
    returns(2);
    shown.push(world.socket().sent[0].token);
    world.socket().message({ type: 'session.resumed', seq: 99, t_ms: 1, session: 's1', from_seq: 2, token });
    assert.equal(world.socket().sent[0].response, 4);
    assert.equal(world.socket().sent[0].played_ms, 120);
  }
  world.socket().drop();
  world.pass(1000);
  world.socket().open();
  assert.deepEqual([...shown, world.socket().sent[0].token], ['secret', 'second', 'third']);
});

test('a session that has ended is not resumed: a server that restarts gets a new one', () => {
  establish();
  world.socket().message({ type: 'session.ended', seq: 2, t_ms: 1, reason: 'restarting' });
  world.socket().drop(1012);
  world.pass(1000);
  world.socket().open();
  assert.equal(world.socket().sent[0].type, 'session.start');
  world.socket().message({ ...STARTED, session: 's2' });
  assert.equal(connection.state.fresh, true);
});

const reloaded = (storage, url = 'ws://test/v1/voice') =>
  new Connection({ url, environment: world.environment, tickets: ticketsIn(storage, url, world.environment.now) });

test('a page that is reloaded goes on with its session', () => {
  const storage = makeStorage();
  const before = reloaded(storage);
  before.open();
  world.socket().open();
  world.socket().message(STARTED);
  world.socket().message(speech(2));
  before.leave();
  assert.ok(!world.socket().takeTypes().includes('session.end'));
  assert.equal(world.socket().closedWith, 'no code');

  const after = reloaded(storage);
  after.open();
  world.socket().open();
  assert.deepEqual(world.socket().sent, [{ type: 'session.resume', session: 's1', token: 'secret', last_seq: 2 }]);
  world.socket().message({ type: 'session.resumed', seq: 3, t_ms: 1, session: 's1', from_seq: 3, token: 'second' });
  assert.equal(after.state.restored, true);
  assert.equal(after.ticket.outputRate, 22_050);
  world.socket().drop();
  world.pass(1000);
  world.socket().open();
  assert.equal(world.socket().sent[0].token, 'second');
  world.socket().message({ type: 'session.resumed', seq: 3, t_ms: 1, session: 's1', from_seq: 3 });
  assert.equal(after.state.restored, false);
});

test('a conversation that was ended, or is too old, or of another server, is not gone on with', () => {
  const storage = makeStorage();
  const first = () => {
    world.socket().open();
    return world.socket().sent[0].type;
  };
  const begin = () => {
    const begun = reloaded(storage);
    begun.open();
    assert.equal(first(), 'session.start');
    world.socket().message(STARTED);
    return begun;
  };
  begin().close();
  begin().leave();
  world.pass(STARTED.resume_window_ms);
  const late = begin();
  world.socket().drop(4409);
  assert.equal(late.state.reason, 'taken_over');
  begin().leave();
  reloaded(storage, 'ws://other/v1/voice').open();
  assert.equal(first(), 'session.start');
});
