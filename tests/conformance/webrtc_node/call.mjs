// One call of OpenAI's Agents SDK for browsers, unmodified, over libwebrtc in Node.
//
//   node call.mjs BASE_URL SCENARIO WAV
//
// Prints what came of it as one line of JSON; what the scenario promises is judged in test_agents_js.py.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import wrtc from '@roamhq/wrtc';

Object.assign(globalThis, { RTCPeerConnection: wrtc.RTCPeerConnection, MediaStream: wrtc.MediaStream });
const { OpenAIRealtimeWebRTC, RealtimeAgent, RealtimeSession, tool } = await import('@openai/agents-realtime');
const { z } = await import('zod');

const [baseUrl, scenario, wav] = process.argv.slice(2);
const RATE_HZ = 48_000;
const FRAME = RATE_HZ / 100;
const PATIENCE_MS = 40_000;

/** Samples of a 16-bit mono WAV with a plain header, at 48 kHz. */
function recording(path) {
  const file = readFileSync(path);
  const from = file.readUInt32LE(24);
  const samples = new Int16Array(file.buffer.slice(file.byteOffset + 44));
  const times = RATE_HZ / from;
  return Int16Array.from({ length: samples.length * times }, (_, i) => samples[Math.floor(i / times)]);
}

/** A microphone: 10 ms every 10 ms, silence where there is nothing to say. */
class Microphone {
  source = new wrtc.nonstandard.RTCAudioSource();
  #waiting = new Int16Array(0);
  #start = performance.now();
  #sent = 0;

  constructor() {
    this.timer = setInterval(() => this.#send(), 5);
  }

  say(samples) {
    this.#waiting = samples;
  }

  #send() {
    while (this.#sent * 10 < performance.now() - this.#start) {
      this.#sent += 1;
      const samples = new Int16Array(FRAME);
      samples.set(this.#waiting.subarray(0, FRAME));
      this.#waiting = this.#waiting.subarray(FRAME);
      const format = { sampleRate: RATE_HZ, bitsPerSample: 16, channelCount: 1, numberOfFrames: FRAME };
      this.source.onData({ samples, ...format });
    }
  }
}

const microphone = new Microphone();
const heard = { loud: 0 };
const audioElement = {
  set srcObject(stream) {
    new wrtc.nonstandard.RTCAudioSink(stream.getAudioTracks()[0]).ondata = ({ samples }) => {
      heard.loud += samples.some((sample) => Math.abs(sample) > 327) ? 1 : 0;
    };
  },
};

const weather = tool({
  name: 'get_weather',
  description: 'The weather in a city.',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => `sunny in ${city}`,
});
const agent = new RealtimeAgent({ name: 'A', instructions: 'Be brief.', tools: [weather] });
const transport = new OpenAIRealtimeWebRTC({
  baseUrl,
  mediaStream: new wrtc.MediaStream([microphone.source.createTrack()]),
  audioElement,
});
const session = new RealtimeSession(agent, { transport, model: 'local-voice' });

const events = [];
const errors = [];
let arrived = () => {};
transport.on('*', (event) => {
  events.push(event);
  arrived();
});
session.on('error', (error) => errors.push(error));

/** The next event of this type after `since` others. */
async function next(type, since = 0) {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = events.slice(since).find((event) => event.type === type);
    if (found) return found;
    if (performance.now() > until) throw new Error(`no ${type}: ${events.map((e) => e.type).join(' ')}`);
    await Promise.race([new Promise((resolve) => { arrived = resolve; }), sleep(1_000)]);
  }
}

/** Until something of the answer sounds. */
async function sounds() {
  const until = performance.now() + PATIENCE_MS;
  while (heard.loud < 10) {
    if (performance.now() > until) throw new Error('nothing sounds');
    await sleep(20);
  }
}

const scenarios = {
  async text() {
    session.sendMessage('Hello.');
    await next('output_audio_buffer.stopped');
  },
  async spoken() {
    microphone.say(recording(wav));
    await next('conversation.item.input_audio_transcription.completed');
    await next('response.done');
  },
  async barge_in() {
    session.sendMessage('Tell me a story.');
    await sounds();
    microphone.say(recording(wav));
    await next('output_audio_buffer.cleared');
    await next('conversation.item.truncated');
  },
  async tool() {
    session.sendMessage('How is the weather?');
    const called = await next('response.done');
    await next('response.done', events.indexOf(called) + 1);
  },
  async cancel() {
    session.sendMessage('Tell me a story.');
    await sounds();
    session.interrupt();
    await next('output_audio_buffer.cleared');
    await next('response.done');
  },
  async malformed() {
    transport.sendEvent({ type: 'nonsense', event_id: 'e-1' });
    await next('error');
    session.sendMessage('Hello.');
    await next('response.done');
  },
};

let failure = null;
try {
  await session.connect({ apiKey: 'ek_nobody_checks_it' });
  await next('session.updated');
  await scenarios[scenario]();
} catch (error) {
  failure = String(error?.stack ?? error);
}
const last = (type) => events.findLast((event) => event.type === type);
console.log(
  JSON.stringify({
    failure,
    errors: errors.map((error) => JSON.stringify(error)),
    types: events.map((event) => event.type),
    call: transport.callId ?? null,
    transcript: last('conversation.item.input_audio_transcription.completed')?.transcript ?? null,
    response: last('response.done')?.response ?? null,
    truncated: last('conversation.item.truncated') ?? null,
    history: session.history,
    loud: heard.loud,
  }),
);
process.exit(0);
