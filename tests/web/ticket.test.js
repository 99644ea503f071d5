import assert from 'node:assert/strict';
import { test } from 'node:test';

import { NOWHERE, ticketsIn } from '../../web_client/ticket.js';
import { makeStorage } from './world.js';

const TICKET = { session: 's', token: 't', lastSeq: 7, windowMs: 1000, outputRate: 22_050, capture: true };
const at = (storage, nowMs, url = 'ws://a') => ticketsIn(storage, url, () => nowMs);

test('what was kept is found again, within the time that the server keeps the session', () => {
  const storage = makeStorage();
  at(storage, 5000).save(TICKET);
  assert.deepEqual(at(storage, 5999).load(), TICKET);
  assert.equal(at(storage, 6000).load(), null);
  assert.equal(at(storage, 5000, 'ws://b').load(), null);
});

test('what was thrown away is gone', () => {
  const storage = makeStorage();
  at(storage, 0).save(TICKET);
  at(storage, 0).save(null);
  assert.equal(at(storage, 0).load(), null);
});

test('rubbish and a forbidden storage give none', () => {
  const refuse = () => {
    throw new Error('SecurityError');
  };
  const forbidden = { getItem: refuse, setItem: refuse, removeItem: refuse };
  at(forbidden, 0).save(TICKET);
  assert.equal(at(forbidden, 0).load(), null);
  for (const text of ['{', 'null', '[]', '{"session": 1}', JSON.stringify({ ...TICKET, lastSeq: 'x' })])
    assert.equal(at({ ...makeStorage(), getItem: () => text }, 0).load(), null);
  NOWHERE.save(TICKET);
  assert.equal(NOWHERE.load(), null);
});
