import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { CallLoudspeaker } from '../../web_client/call_loudspeaker.js';
import { makeSound, settled } from './phone_world.js';
import { makeWorld } from './world.js';

const MS = 48;
let world, sound, speaker, events;
beforeEach(async () => {
  world = makeWorld();
  sound = makeSound(world.environment);
  speaker = new CallLoudspeaker(sound.surroundings);
  events = [];
  for (const name of ['queued', 'started', 'stopped', 'ended'])
    speaker.on(name, ({ response, position }) => events.push([name, response, position]));
  speaker.on('progress', ({ response, position }) => events.push(['progress', response, position]));
  await speaker.open(24_000);
  speaker.receive(sound.receiver);
});

/** At this time of the track, in ms. */
const hear = (ms) => {
  sound.sounds(ms * MS);
  world.pass(25);
};
const mark = (ms, response, played_ms) => speaker.mark({ rtp: ms * MS, response, played_ms });
const silence = (ms) => speaker.mark({ rtp: ms * MS });
const take = () => events.splice(0);

test('a response is queued, starts, goes on and ends, in samples of the rate', () => {
  mark(1000, 1, 0);
  assert.deepEqual(take(), [['queued', 1, 0]]);
  hear(990);
  assert.deepEqual(take(), []);
  hear(1010);
  hear(1035);
  assert.deepEqual(take(), [['started', 1, 0], ['progress', 1, 240], ['progress', 1, 840]]);
  silence(1100);
  hear(1120);
  hear(1145);
  assert.deepEqual(take(), [['progress', 1, 2400]]);
  speaker.finish(1);
  assert.deepEqual(take(), [['ended', 1, 2400]]);
});

test('stopped, it is silent at once, and for what is under way', async () => {
  mark(0, 1, 0);
  hear(100);
  take();
  speaker.stop(1);
  assert.deepEqual([sound.player.muted, sound.tap.muted], [true, true]);
  assert.deepEqual(take(), [], 'whoever stopped it is to know first');
  await settled();
  assert.deepEqual(take(), [['stopped', 1, 2400]]);
  hear(150);
  assert.equal(sound.player.muted, true);
  silence(180);
  hear(200);
  assert.equal(sound.player.muted, true, 'some may still be on its way to the loudspeaker');
  hear(270);
  assert.equal(sound.player.muted, false, 'there is silence anyway');
  assert.deepEqual(take(), []);
  speaker.finish(1);
  assert.deepEqual(take(), [], 'it did not end, it was stopped');
});

test('who presses the button before the server stops it hears of one stop', async () => {
  mark(0, 1, 0);
  hear(100);
  take();
  speaker.stop(1);
  silence(150);
  hear(160);
  speaker.stop(1);
  await settled();
  assert.deepEqual(take(), [['stopped', 1, 2400]]);
});

test('taken back, it goes on with what is sent for that, and not with the end of what was stopped', async () => {
  mark(0, 1, 0);
  hear(100);
  speaker.stop(1);
  await settled();
  speaker.resume(1);
  hear(125);
  assert.equal(sound.player.muted, true);
  silence(150);
  mark(400, 1, 80);
  take();
  hear(160);
  hear(410);
  assert.deepEqual(take(), [['progress', 1, 2160]]);
  assert.equal(sound.player.muted, false);
});

test('what is sent of a stopped response is not heard, even after a break', async () => {
  mark(0, 1, 0);
  hear(100);
  speaker.stop(1);
  await settled();
  silence(150);
  mark(200, 1, 150);
  take();
  hear(160);
  hear(210);
  assert.equal(sound.player.muted, true);
  assert.deepEqual(take(), []);
  mark(300, 2, 0);
  hear(310);
  assert.equal(sound.player.muted, false);
  assert.deepEqual(take(), [['queued', 2, 0], ['started', 2, 0], ['progress', 2, 240]]);
});

test('a response that is stopped before it sounds never does', () => {
  mark(100, 1, 0);
  take();
  speaker.stop(1);
  hear(110);
  assert.equal(sound.player.muted, true);
  assert.deepEqual(take(), []);
});

test('the level is that of what sounds', () => {
  const levels = [];
  speaker.on('progress', ({ level }) => levels.push(level));
  mark(0, 1, 0);
  sound.sounds(10 * MS, 0.25);
  world.pass(25);
  assert.deepEqual(levels, [0.25]);
});

test('a browser that holds the sound back is woken by a gesture', async () => {
  const told = [];
  await settled();
  speaker.on('suspended', (suspended) => told.push(suspended));
  sound.player.held = true;
  speaker.receive(sound.receiver);
  await settled();
  sound.player.held = false;
  await speaker.wake();
  assert.deepEqual(told, [true, false]);
  assert.equal(sound.player.playing, true);
});

test('closed, it looks no more', async () => {
  mark(0, 1, 0);
  await speaker.close();
  take();
  hear(100);
  assert.deepEqual(take(), []);
  assert.equal(sound.player.playing, false);
  assert.equal(sound.tap.closed, 1);
  assert.deepEqual([speaker.rate, speaker.output], [0, null]);
});
