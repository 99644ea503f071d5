/**
 * One session's connection: it comes back when it is cut off, hands on each message exactly once, acknowledges,
 * and notices when the other side is dead.
 *
 * @typedef {import('./types/protocol').ClientMessage} ClientMessage
 * @typedef {import('./types/protocol').ServerMessage} ServerMessage
 * @typedef {import('./types/protocol').AudioFrame} AudioFrame
 * @typedef {import('./types/protocol').SessionConfig} SessionConfig
 * @typedef {import('./closing.js').Reason} Reason
 * @typedef {import('./ticket.js').Ticket} Ticket
 *
 * @typedef {object} ConnectionState
 * @property {'idle' | 'connecting' | 'open' | 'waiting' | 'closed'} phase `waiting` for the next attempt; `closed`
 *   for good, unless `open` is called again.
 * @property {Reason | null} reason Why it is not open; null where that was asked for.
 * @property {number | null} retryAtMs When the next attempt is made, on the environment's clock.
 * @property {boolean} fresh Open, with a new session in place of one that was lost.
 * @property {boolean} restored Open, with the session that this tab had before the page was loaded.
 * @property {number | null} code The code with which the last connection was closed; 4408 also where this side gave up.
 * @property {import('./types/protocol').ServerMessages['error'] | null} error What the server complained of, before it
 *   closed the connection.
 *
 * @typedef {object} ConnectionEvents
 * @property {ConnectionState} state
 * @property {ServerMessage} message
 * @property {AudioFrame} audio
 *
 * @typedef {Pick<WebSocket, 'binaryType' | 'bufferedAmount' | 'onopen' | 'onmessage' | 'onclose' | 'send' | 'close'>} Socket
 *
 * @typedef {object} Environment The world that it needs; browsers have it all, tests bring their own.
 * @property {(url: string, protocols: string[]) => Socket} connect May throw CannotConnectError.
 * @property {() => number} now In ms.
 * @property {(run: () => void, ms: number) => any} setTimer
 * @property {(timer: any) => void} clearTimer
 * @property {() => number} random 0 to 1.
 */

import { backoffMs } from './backoff.js';
import { CannotConnectError, verdictOn } from './closing.js';
import { Emitter } from './emitter.js';
import { DEFAULT_OUTPUT_RATE, ProtocolError, decodeAudio, decodeMessage, subprotocols } from './protocol.js';
import { NOWHERE } from './ticket.js';

const ACK_INTERVAL_MS = 500;
const DEFAULT_HEARTBEAT_MS = 10_000;
/** Microphone audio that the network has not taken: beyond two seconds, old sound is worth less than new. */
const LONGEST_BACKLOG_BYTES = 64_000;

/** @type {Environment} */
export const BROWSER = {
  connect: (url, protocols) => new WebSocket(url, protocols),
  now: () => performance.now(),
  setTimer: (run, ms) => setTimeout(run, ms),
  clearTimer: (timer) => clearTimeout(timer),
  random: Math.random,
};

/** @extends {Emitter<ConnectionEvents>} */
export class Connection extends Emitter {
  /** @type {ConnectionState} */
  state = { phase: 'idle', reason: null, retryAtMs: null, fresh: false, restored: false, code: null, error: null };

  #url;
  #key;
  #environment;
  /** @type {Socket | null} */
  #socket = null;
  /** @type {Ticket | null} */
  #ticket = null;
  #tickets;
  #lost = false;
  #resuming = false;
  #restoring = false;
  #ackedSeq = 0;
  #attempt = 0;
  /** @type {ConnectionState['error']} */
  #error = null;
  #heardAtMs = 0;
  #heartbeatMs = DEFAULT_HEARTBEAT_MS;
  /** @type {Map<string, any>} */
  #timers = new Map();

  /**
   * @param {object} options
   * @param {string} options.url ws: or wss:
   * @param {string} [options.key] An access key, if the server wants one.
   * @param {SessionConfig} [options.config]
   * @param {import('./ticket.js').TicketBox} [options.tickets] Where to keep what a reloaded page needs to come back.
   * @param {Environment} [options.environment]
   */
  constructor({ url, key = '', config = {}, tickets = NOWHERE, environment = BROWSER }) {
    super();
    /** Asked when a session is resumed. @type {() => {response: number, played_ms: number} | null} */
    this.playhead = () => null;
    this.#tickets = tickets;
    this.config = config;
    this.#url = url;
    this.#key = key;
    this.#environment = environment;
  }

  /** Begin a session: the one that this tab had before it was reloaded, or a new one. */
  open() {
    this.close();
    this.#ticket = this.#tickets.load();
    this.#restoring = this.#ticket !== null;
    this.#lost = false;
    this.#attempt = 0;
    this.#connect();
  }

  /** End the session, politely if there is one. */
  close() {
    if (this.state.phase === 'idle' || this.state.phase === 'closed') return;
    this.send({ type: 'session.end' });
    this.#forget();
    this.#hangUp(1000);
    this.#become('closed', null);
  }

  /**
   * Hang up, and leave the session as it is: whoever has its ticket can come back to it. Without a code: 1000 would
   * end the session, and 1001 is for browsers to say.
   */
  leave() {
    if (this.state.phase === 'idle' || this.state.phase === 'closed') return;
    this.#tickets.save(this.#ticket);
    this.#hangUp();
    this.#become('closed', null);
  }

  /** The session that is open, or that is to be resumed. */
  get ticket() {
    return this.#ticket;
  }

  /** Waiting for the next attempt: make it now, as when the network has come back. */
  retryNow() {
    if (this.state.phase === 'waiting') this.#connect();
  }

  /**
   * Change the session's configuration; a session that has to begin anew begins with it too.
   *
   * @param {SessionConfig} config What is absent stays.
   */
  update(config) {
    this.config = { ...this.config, ...config, turn: { ...this.config.turn, ...config.turn } };
    this.send({ type: 'session.update', config });
  }

  /** @param {ClientMessage} message @returns {boolean} Whether there was a session to send it to. */
  send(message) {
    if (this.state.phase !== 'open') return false;
    this.#socket?.send(JSON.stringify(message));
    return true;
  }

  /** @param {Int16Array} frame @returns {boolean} Whether it was sent. */
  sendAudio(frame) {
    if (this.state.phase !== 'open' || !this.#socket) return false;
    if (this.#socket.bufferedAmount > LONGEST_BACKLOG_BYTES) return false;
    this.#socket.send(/** @type {Int16Array<ArrayBuffer>} */ (frame));
    return true;
  }

  #connect() {
    this.#hangUp();
    this.#become('connecting', this.state.reason);
    this.#error = null;
    try {
      this.#follow(this.#environment.connect(this.#url, subprotocols(this.#key)));
    } catch (error) {
      if (!(error instanceof CannotConnectError)) throw error;
      console.error(error);
      this.#closed(error.code);
    }
  }

  /** @param {Socket} socket */
  #follow(socket) {
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#greet(socket);
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = ({ code }) => this.#closed(code);
    this.#socket = socket;
    this.#watch();
  }

  /** @param {Socket} socket */
  #greet(socket) {
    this.#resuming = this.#ticket !== null;
    socket.send(JSON.stringify(this.#ticket ? this.#claim(this.#ticket) : { type: 'session.start', config: this.config }));
  }

  /** @param {Ticket} ticket */
  #claim({ session, token, lastSeq }) {
    return { type: 'session.resume', session, token, last_seq: lastSeq, ...this.playhead() };
  }

  /** @param {unknown} data */
  #receive(data) {
    this.#heardAtMs = this.#environment.now();
    try {
      if (typeof data === 'string') this.#receiveMessage(decodeMessage(data));
      else this.emit('audio', decodeAudio(/** @type {ArrayBuffer} */ (data)));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      console.error(error);
      this.#closed(4400);
    }
  }

  /** @param {ServerMessage} message */
  #receiveMessage(message) {
    if (message.type === 'session.started') this.#started(message);
    else if (message.type === 'session.resumed') this.#resumed(message);
    else if (this.#ticket && message.seq <= this.#ticket.lastSeq) return;
    else if (this.#ticket) this.#ticket.lastSeq = message.seq;
    if (message.type === 'session.ended') this.#ended();
    if (message.type === 'ping') this.send({ type: 'pong', t: message.t, t_ms: Math.round(this.#environment.now()) });
    if (message.type === 'error') this.#error = message.fatal ? message : null;
    this.emit('message', message);
  }

  /** @param {import('./types/protocol').ServerMessages['session.started'] & {seq: number}} message */
  #started({ session, token, config, capture = false, heartbeat_ms, resume_window_ms: windowMs, seq: lastSeq }) {
    const outputRate = config.audio?.output_rate ?? DEFAULT_OUTPUT_RATE;
    this.#ticket = { session, token, lastSeq, windowMs, outputRate, capture };
    this.#heartbeatMs = heartbeat_ms;
    this.#opened({ fresh: this.#lost });
  }

  /**
   * What follows counts from `from_seq`, whatever the `seq` of this message; the next time needs the new token.
   *
   * @param {{from_seq: number, token?: string | null}} message
   */
  #resumed({ from_seq, token }) {
    if (this.#ticket) this.#ticket = { ...this.#ticket, lastSeq: from_seq - 1, token: token ?? this.#ticket.token };
    this.#opened({ restored: this.#restoring });
  }

  /** There is nothing to come back to; where a server can be had, a new session takes its place. */
  #ended() {
    this.#forget();
    this.#lost = true;
  }

  #forget() {
    this.#ticket = null;
    this.#tickets.save(null);
  }

  /** @param {{fresh?: boolean, restored?: boolean}} how */
  #opened(how) {
    this.#resuming = false;
    this.#restoring = false;
    this.#lost = false;
    this.#attempt = 0;
    this.#ackedSeq = 0;
    this.#tickets.save(this.#ticket);
    this.#become('open', null, how);
    this.#acknowledge();
    this.#beat();
  }

  #acknowledge() {
    const seq = this.#ticket?.lastSeq ?? 0;
    if (seq > this.#ackedSeq && this.send({ type: 'ack', seq })) {
      this.#ackedSeq = seq;
      this.#tickets.save(this.#ticket);
    }
    this.#after('ack', ACK_INTERVAL_MS, () => this.#acknowledge());
  }

  #beat() {
    this.send({ type: 'ping', t: Math.round(this.#environment.now()) });
    this.#after('beat', this.#heartbeatMs, () => this.#beat());
  }

  /** Two heartbeats without a sign of life, and the other side is dead. */
  #watch() {
    this.#heardAtMs = this.#environment.now();
    const look = () => {
      const leftMs = this.#heardAtMs + 2 * this.#heartbeatMs - this.#environment.now();
      if (leftMs <= 0) this.#closed(4408);
      else this.#after('watch', leftMs, look);
    };
    look();
  }

  /** @param {number} code */
  #closed(code) {
    const { action, reason } = verdictOn(code, this.#resuming);
    this.#hangUp();
    if (action === 'stay') {
      this.#forget();
      return this.#become('closed', reason, { code });
    }
    const atOnce = action === 'restart' && this.#ticket !== null;
    if (atOnce) this.#ended();
    const backoff = backoffMs(this.#attempt++, this.#environment.random());
    const waitMs = atOnce ? 0 : Math.max(this.#error?.retry_after_ms ?? 0, backoff);
    this.#become('waiting', reason, { retryAtMs: this.#environment.now() + waitMs, code });
    this.#after('retry', waitMs, () => this.#connect());
  }

  /** @param {number} [code] */
  #hangUp(code) {
    for (const timer of this.#timers.values()) this.#environment.clearTimer(timer);
    this.#timers.clear();
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(code);
  }

  /** @param {string} name @param {number} ms @param {() => void} run */
  #after(name, ms, run) {
    this.#environment.clearTimer(this.#timers.get(name));
    this.#timers.set(name, this.#environment.setTimer(run, ms));
  }

  /**
   * @param {ConnectionState['phase']} phase
   * @param {Reason | null} reason
   * @param {Partial<ConnectionState>} [more]
   */
  #become(phase, reason, more) {
    const quiet = { retryAtMs: null, fresh: false, restored: false, code: this.state.code, error: this.#error };
    this.state = { ...quiet, ...more, phase, reason };
    this.emit('state', this.state);
  }
}
