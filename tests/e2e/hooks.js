/** Runs in the page, beside it: records the sound, and notes when messages arrive on the sound's clock. */

const blocks = [];
const marks = [];
let context;

export async function record(app) {
  while (!app.client?.loudspeaker.output) await new Promise((resolve) => setTimeout(resolve, 5));
  const { client } = app;
  const { output } = client.loudspeaker;
  context = output.context;
  client.on('message', ({ type, response, reason }) =>
    marks.push({ type, response, reason, time: context.currentTime }),
  );
  document.getElementById('stop').addEventListener('click', () => marks.push({ type: 'click', time: context.currentTime }), true);
  // The test serves this file to the page, but cannot to a worklet: hence the detour.
  const code = await (await fetch('/e2e/recorder.js')).blob();
  await context.audioWorklet.addModule(URL.createObjectURL(code));
  const recorder = new AudioWorkletNode(context, 'e2e-recorder');
  recorder.port.onmessage = ({ data }) => blocks.push(data);
  output.connect(recorder).connect(context.destination);
}

export function recording() {
  return {
    rate: context.sampleRate,
    latency: context.outputLatency,
    marks,
    blocks: blocks.map(({ time, samples }) => [time, base64(new Uint8Array(samples.buffer))]),
  };
}

function base64(bytes) {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
