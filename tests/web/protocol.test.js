import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  ProtocolError,
  decodeAudio,
  decodeMessage,
  encodeAudio,
  isSendableKey,
  subprotocols,
} from '../../web_client/protocol.js';

test('an audio frame is read as the protocol lays it out', () => {
  const bytes = [1, 1, 1, 0, 7, 0, 0, 0, 0xb8, 1, 0, 0, 0xff, 0x7f, 0, 0x80];
  const frame = decodeAudio(Uint8Array.from(bytes).buffer);
  assert.deepEqual(frame, { last: true, response: 7, position: 440, samples: Int16Array.of(32767, -32768) });
});

test('an audio frame survives the way there and back', () => {
  const frame = { last: false, response: 4_000_000_000, position: 123_456, samples: Int16Array.of(1, -2, 3) };
  assert.deepEqual(decodeAudio(encodeAudio(frame)), frame);
});

for (const [what, bytes] of [
  ['too short', [1, 1, 0, 0]],
  ['of another version', [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ['of another kind', [1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ['of an odd length', [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]],
])
  test(`a frame ${what} is refused`, () => {
    assert.throws(() => decodeAudio(Uint8Array.from(bytes).buffer), ProtocolError);
  });

test('text that is no message is refused', () => {
  for (const text of ['', 'hello', '[]', 'null', '{"seq": 1}', '{"type": 3}'])
    assert.throws(() => decodeMessage(text), ProtocolError);
  assert.equal(decodeMessage('{"type": "ping", "seq": 1, "t_ms": 0, "t": 5}').type, 'ping');
});

test('the key travels as a subprotocol, if it can', () => {
  assert.deepEqual(subprotocols(''), ['voice.v1']);
  assert.deepEqual(subprotocols('abc'), ['voice.v1', 'voice.key.abc']);
  assert.ok(isSendableKey('sk-A_1.~'));
  for (const key of ['a b', 'a,b', 'ä', 'a/b', 'a"b']) assert.ok(!isSendableKey(key), key);
});
