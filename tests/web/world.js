/** A world without time, network and devices, for testing what lives in one. */

import { Emitter } from '../../web_client/emitter.js';

/** A socket whose other end is the test. */
export class Socket {
  binaryType = 'blob';
  bufferedAmount = 0;
  /** @type {any[]} What was sent, JSON decoded. */
  sent = [];
  closedWith = null;

  constructor(url, protocols) {
    this.url = url;
    this.protocols = protocols;
  }

  send(data) {
    this.sent.push(typeof data === 'string' ? JSON.parse(data) : data);
  }

  close(code) {
    this.closedWith = code ?? 'no code';
  }

  /** The types of what was sent since the last call. */
  takeTypes() {
    return this.sent.splice(0).map((message) => message.type ?? 'audio');
  }

  open() {
    this.onopen();
  }

  message(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }

  binary(buffer) {
    this.onmessage({ data: buffer });
  }

  drop(code = 1006) {
    this.onclose({ code });
  }
}

/** Time that passes when told to, sockets that are listed, no chance. */
export function makeWorld() {
  const timers = new Map();
  let nowMs = 0;
  let lastTimer = 0;
  const sockets = [];
  const environment = {
    connect: (url, protocols) => {
      sockets.push(new Socket(url, protocols));
      return sockets.at(-1);
    },
    now: () => nowMs,
    setTimer: (run, ms) => {
      timers.set(++lastTimer, { run, atMs: nowMs + ms });
      return lastTimer;
    },
    clearTimer: (timer) => timers.delete(timer),
    random: () => 0.5,
  };
  const pass = (ms) => {
    const untilMs = nowMs + ms;
    for (;;) {
      const due = [...timers].filter(([, t]) => t.atMs <= untilMs).sort(([, a], [, b]) => a.atMs - b.atMs)[0];
      if (!due) break;
      timers.delete(due[0]);
      nowMs = Math.max(nowMs, due[1].atMs);
      due[1].run();
    }
    nowMs = untilMs;
  };
  return { environment, sockets, pass, socket: () => sockets.at(-1) };
}

export const STARTED = {
  type: 'session.started',
  seq: 1,
  t_ms: 0,
  session: 's1',
  token: 'secret',
  config: { audio: { input_rate: 16000, output_rate: 22050 } },
  heartbeat_ms: 10_000,
  resume_window_ms: 120_000,
};

/** A storage that lasts as long as the test. */
export function makeStorage() {
  const kept = new Map();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}

/** A loudspeaker that only writes down what it is told. */
export class SilentLoudspeaker extends Emitter {
  supported = true;
  rate = 0;
  /** @type {any[]} */
  orders = [];

  async open(rate) {
    this.rate = rate;
  }
  async close() {
    this.rate = 0;
  }
  async wake() {}
  play(frame) {
    this.orders.push(['play', frame.response, frame.position]);
  }
  stop(response) {
    this.orders.push(['stop', response]);
  }
  resume(response, position) {
    this.orders.push(['resume', response, position]);
  }
  clear() {
    this.orders.push(['clear']);
  }
}

/** A microphone that hears what the test tells it. */
export class ToldMicrophone extends Emitter {
  /** @type {Error | null} */
  error = null;
  isOpen = false;

  async open() {
    if (this.error) throw this.error;
    this.isOpen = true;
  }
  async close() {
    this.isOpen = false;
  }
  async wake() {}
}
