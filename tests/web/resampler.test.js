import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Framer, Resampler } from '../../web_client/resampler.js';
import { amplitudeAt, ramp, rms, tone } from './signals.js';

const decibels = (ratio) => 20 * Math.log10(ratio);
const settled = (samples) => samples.subarray(200, samples.length - 200);

for (const rate of [44_100, 48_000, 96_000, 22_050, 8_000]) {
  test(`from ${rate} Hz, speech frequencies pass unchanged`, () => {
    for (const hz of [100, 1000, 3000, 6500].filter((hz) => hz < 0.42 * rate)) {
      const output = settled(new Resampler(rate, 16_000).process(tone(hz, rate, rate)));
      const gain = decibels(amplitudeAt(hz, 16_000, output) / 0.5);
      assert.ok(Math.abs(gain) < 0.1, `${hz} Hz: ${gain} dB`);
    }
  });

  test(`from ${rate} Hz, a second of input gives a second of output`, () => {
    const { length } = new Resampler(rate, 16_000).process(new Float32Array(rate));
    assert.ok(length <= 16_000 && length > 16_000 - 80, `${length} samples`);
  });

  test(`from ${rate} Hz, the output does not depend on how the input is cut`, () => {
    const input = tone(440, rate, rate / 5);
    const whole = new Resampler(rate, 16_000).process(input);
    const resampler = new Resampler(rate, 16_000);
    const pieces = [];
    for (let at = 0; at < input.length; at += 128)
      pieces.push(...resampler.process(input.subarray(at, at + 128)));
    assert.deepEqual(Float32Array.from(pieces), whole);
  });
}

test('what 16 kHz cannot hold is 70 dB down', () => {
  for (const rate of [44_100, 48_000, 96_000])
    for (const hz of [8_200, 10_000, 15_000, 20_000]) {
      const output = settled(new Resampler(rate, 16_000).process(tone(hz, rate, rate)));
      const level = decibels(rms(output) / (0.5 / Math.SQRT2));
      assert.ok(level < -70, `${hz} Hz at ${rate} Hz: ${level} dB`);
    }
});

test('the sound is not shifted: sample n is the sound at time n', () => {
  const output = new Resampler(48_000, 16_000).process(tone(500, 48_000, 48_000));
  const expected = tone(500, 16_000, 16_000);
  for (let i = 200; i < 2000; i++) assert.ok(Math.abs(output[i] - expected[i]) < 1e-3);
});

test('equal rates change nothing', () => {
  assert.deepEqual(new Resampler(16_000, 16_000).process(ramp(300)), ramp(300));
});

test('frames are exactly full, and nothing is lost between them', () => {
  const framer = new Framer(320);
  const input = ramp(1000);
  const frames = [0, 100, 500, 700].flatMap((at, i, cuts) => framer.push(input.slice(at, cuts[i + 1])));
  assert.deepEqual(
    frames.map((frame) => frame.length),
    [320, 320, 320],
  );
  assert.deepEqual(Float32Array.from(frames.flatMap((frame) => [...frame])), input.slice(0, 960));
});
