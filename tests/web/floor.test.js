import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Floor } from '../../web_client/floor.js';

const speech = { type: 'speech.started', turn: 1 };
const silence = { type: 'speech.stopped', turn: 1 };
const final = { type: 'transcript.final', turn: 1 };
const begins = (response) => ({ type: 'response.started', response });
const stop = (response, reason = 'barge_in') => ({ type: 'response.stop', response, reason });
const resume = (response) => ({ type: 'response.resume', response });
const done = (response) => ({ type: 'response.done', response });
const sounds = (response) => response;
const TYPED = 'typed';
const GIVES_UP = 'gives up';

const step = (floor, what) => {
  if (what === TYPED) return floor.typed();
  if (what === GIVES_UP) return floor.giveUp();
  return typeof what === 'number' ? floor.audible(what) : floor.receive(what);
};

/** What happens, and who has the floor then. */
const STORIES = {
  'a turn and its answer': [
    [speech, 'user'],
    [silence, 'paused'],
    [speech, 'user'],
    [silence, 'paused'],
    [final, 'thinking'],
    [begins(1), 'thinking'],
    [sounds(1), 'agent'],
    [done(1), 'open'],
  ],
  'a barge-in': [
    [begins(1), 'thinking'],
    [sounds(1), 'agent'],
    [stop(1), 'contested'],
    [speech, 'contested'],
    [done(1), 'user'],
    [silence, 'paused'],
    [final, 'thinking'],
    [begins(2), 'thinking'],
    [sounds(2), 'agent'],
  ],
  'a barge-in that is over before it is decided': [
    [begins(1), 'thinking'],
    [sounds(1), 'agent'],
    [speech, 'contested'],
    [stop(1), 'contested'],
    [silence, 'contested'],
    [done(1), 'paused'],
    [final, 'thinking'],
  ],
  'a cough': [
    [begins(1), 'thinking'],
    [sounds(1), 'agent'],
    [speech, 'contested'],
    [stop(1), 'contested'],
    [silence, 'contested'],
    [resume(1), 'agent'],
    [done(1), 'open'],
  ],
  'a noise without words': [
    [speech, 'user'],
    [silence, 'paused'],
    [GIVES_UP, 'open'],
  ],
  'the stop button': [
    [begins(1), 'thinking'],
    [sounds(1), 'agent'],
    [stop(1, 'client'), 'open'],
    [done(1), 'open'],
  ],
  'the stop button before anything sounds': [
    [final, 'thinking'],
    [begins(1), 'thinking'],
    [stop(1, 'client'), 'open'],
  ],
  'a typed turn that interrupts': [
    [begins(1), 'thinking'],
    [sounds(1), 'agent'],
    [TYPED, 'thinking'],
    [stop(1, 'replaced'), 'thinking'],
    [begins(2), 'thinking'],
    [done(1), 'thinking'],
    [sounds(2), 'agent'],
  ],
  'speech that goes on over the end of the answer': [
    [begins(1), 'thinking'],
    [sounds(1), 'agent'],
    [speech, 'contested'],
    [resume(1), 'agent'],
    [done(1), 'user'],
  ],
  'messages about an earlier response': [
    [begins(1), 'thinking'],
    [stop(1, 'client'), 'open'],
    [begins(2), 'thinking'],
    [sounds(1), 'thinking'],
    [stop(1), 'thinking'],
    [sounds(2), 'agent'],
    [done(1), 'agent'],
  ],
};

for (const [title, story] of Object.entries(STORIES))
  test(title, () => {
    const floor = new Floor();
    const holders = story.map(([what]) => step(floor, what));
    assert.deepEqual(
      holders,
      story.map(([, holder]) => holder),
    );
  });

test('a new session begins with an open floor', () => {
  const floor = new Floor();
  floor.receive(speech);
  floor.receive(begins(7));
  assert.equal(floor.reset(), 'open');
  floor.receive(begins(1));
  assert.equal(floor.receive(done(1)), 'open');
});
