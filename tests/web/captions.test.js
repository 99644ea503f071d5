import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { Captions } from '../../web_client/captions.js';

/** @type {Captions} */
let captions;
beforeEach(() => {
  captions = new Captions();
});

const place = (...words) => captions.addWords(words.map(([text, start_ms, end_ms]) => ({ text, start_ms, end_ms })));
/** One letter for each word: pending, sounding, heard, cut. */
const states = () => captions.words.map(({ state }) => state[0]).join('');

const speak = () => {
  captions.addText('The quick brown fox.');
  place(['The', 0, 200], ['quick', 200, 500], ['brown', 500, 900], ['fox.', 900, 1400]);
};

test('text appears before it sounds, whatever pieces it comes in', () => {
  for (const delta of ['The qu', 'ick', ' brown', ' fox.']) captions.addText(delta);
  assert.deepEqual(
    captions.words.map(({ text }) => text),
    ['The', 'quick', 'brown', 'fox.'],
  );
  assert.equal(states(), 'pppp');
});

test('words light up as they sound', () => {
  speak();
  assert.equal(states(), 'pppp');
  captions.played(0);
  assert.equal(states(), 'sppp');
  captions.played(600);
  assert.equal(states(), 'hhsp');
  captions.played(1400);
  assert.equal(states(), 'hhhh');
});

test('a stop strikes out from the word that was cut', () => {
  speak();
  captions.played(600);
  captions.stop();
  assert.equal(states(), 'hhcc');
});

test('a stop that is taken back strikes out nothing', () => {
  speak();
  captions.played(600);
  captions.stop();
  captions.resume(500);
  assert.equal(states(), 'hhsp');
});

test('in the end the server knows what was heard', () => {
  speak();
  captions.played(950);
  captions.stop();
  captions.done('interrupted', 'The quick brown fox.', 'The quick');
  assert.equal(states(), 'hhcc');
  captions.played(2000);
  assert.equal(states(), 'hhcc');
});

test('nothing was heard: everything is struck out', () => {
  speak();
  captions.done('interrupted', 'The quick brown fox.', '');
  assert.equal(states(), 'cccc');
});

test('a completed response lights up to its end', () => {
  speak();
  captions.played(1000);
  captions.done('completed', 'The quick brown fox.', 'The quick brown fox.');
  assert.equal(states(), 'hhhs');
  captions.finish();
  captions.played(1000);
  assert.equal(states(), 'hhhh');
});

test('text that came only at the end is shown', () => {
  captions.addText('The quick');
  captions.done('failed', 'The quick brown', 'The');
  assert.equal(states(), 'hcc');
});

test('words that are not spoken go with the word before them', () => {
  captions.addText('First: - milk - eggs');
  place(['First:', 0, 300], ['milk', 300, 600], ['eggs', 700, 900]);
  captions.played(400);
  assert.equal(states(), 'hhspp');
  captions.played(620);
  assert.equal(states(), 'hhhhp');
});

test('a word that is spoken in another way takes the next place', () => {
  captions.addText('It costs $5 today.');
  place(['It', 0, 100], ['costs', 100, 300], ['dollars', 300, 600], ['today.', 600, 900]);
  captions.played(650);
  assert.equal(states(), 'hhhs');
  assert.equal(captions.words[2].text, '$5');
});

test('heard words are counted past those that are not spoken', () => {
  captions.addText('First: - milk - eggs');
  captions.done('interrupted', 'First: - milk - eggs', 'First: milk');
  assert.equal(states(), 'hhhcc');
});

test('where nobody puts a space, what stands between two marks is a word', () => {
  captions.addText('你好。我叫小明，很高兴认识你！');
  place(['你好。', 0, 500], ['我叫小明，', 500, 1200], ['很高兴认识你！', 1200, 2000]);
  captions.played(700);
  assert.equal(states(), 'hsp');
  captions.done('interrupted', '你好。我叫小明，很高兴认识你！', '你好。我叫小明，');
  assert.equal(states(), 'hhc');
});
