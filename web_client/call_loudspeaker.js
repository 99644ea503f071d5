/**
 * Plays what comes by WebRTC, in the shape of `Loudspeaker`. The browser has a buffer of its own, which nobody can
 * empty: what was stopped is silenced until something else sounds.
 *
 * It plays through an audio element: browsers take out the echo of those more surely than that of an AudioContext.
 *
 * @typedef {import('./call_playhead.js').Mark} Mark
 * @typedef {import('./call_playhead.js').Moment} Moment
 * @typedef {Pick<HTMLAudioElement, 'play' | 'pause' | 'muted' | 'srcObject'>} Player
 * @typedef {Pick<RTCRtpReceiver, 'track' | 'getSynchronizationSources'>} Receiver
 *
 * @typedef {object} Surroundings
 * @property {() => Player} makePlayer
 * @property {(track: MediaStreamTrack) => MediaStream} makeStream
 * @property {(stream: MediaStream) => Pick<CallTap, 'output' | 'level' | 'muted' | 'wake' | 'close'>} makeTap
 * @property {() => number} now In ms, as `performance.now()`.
 * @property {(run: () => void, ms: number) => any} setTimer
 * @property {(timer: any) => void} clearTimer
 */

import { CallPlayhead } from './call_playhead.js';
import { CallTap } from './call_tap.js';
import { Emitter } from './emitter.js';

const LOOK_EVERY_MS = 25;
/** So much later than the browser took it out of its buffer, all has left the loudspeaker. */
const SETTLE_MS = 80;

/** @type {Surroundings} */
const BROWSER = {
  makePlayer: () => new Audio(),
  makeStream: (track) => new MediaStream([track]),
  makeTap: (stream) => new CallTap(stream),
  now: () => performance.now(),
  setTimer: (run, ms) => setTimeout(run, ms),
  clearTimer: (timer) => clearTimeout(timer),
};

/** @extends {Emitter<import('./loudspeaker.js').LoudspeakerEvents>} */
export class CallLoudspeaker extends Emitter {
  /** Hz in which positions are counted, 0 while closed. */
  rate = 0;
  #surroundings;
  #playhead = new CallPlayhead();
  /** @type {Player | null} */
  #player = null;
  /** @type {ReturnType<Surroundings['makeTap']> | null} */
  #tap = null;
  /** @type {Receiver | null} */
  #receiver = null;
  /** @type {any} */
  #timer = null;
  /** What sounded last. @type {Moment} */
  #last = { response: 0, ms: 0 };
  /** The mark in force. @type {Mark | null} */
  #mark = null;
  /** The response that may not sound until it is resumed. @type {number | null} */
  #stopped = null;
  /** Of what was stopped: what is under way is still of this mark. @type {Mark | null} */
  #silenced = null;

  /** @param {Surroundings} [surroundings] */
  constructor(surroundings = BROWSER) {
    super();
    this.#surroundings = surroundings;
  }

  /** Whether this browser can play at all. */
  get supported() {
    return typeof RTCPeerConnection === 'function';
  }

  /** What it plays, to connect more to: a recorder, say. @returns {AudioNode | null} */
  get output() {
    return this.#tap?.output ?? null;
  }

  /** @param {number} rate In Hz. */
  async open(rate) {
    this.rate = rate;
  }

  async close() {
    this.#surroundings.clearTimer(this.#timer);
    this.clear();
    this.rate = 0;
    this.#receiver = null;
    this.#player?.pause();
    this.#tap?.close();
    this.#player = this.#tap = null;
  }

  /** Go on after the browser held the sound back. Call it from a gesture. */
  async wake() {
    if (this.#player) await Promise.all([this.#play(this.#player), this.#tap?.wake()]);
  }

  /** Play what comes here. @param {Receiver} receiver */
  receive(receiver) {
    this.clear();
    this.#receiver = receiver;
    this.#player ??= this.#surroundings.makePlayer();
    this.#player.srcObject = this.#surroundings.makeStream(receiver.track);
    this.#tap?.close();
    this.#tap = this.#surroundings.makeTap(this.#player.srcObject);
    void this.#play(this.#player);
    this.#look();
  }

  /** What the server tells of its sound. @param {Mark} mark */
  mark(mark) {
    this.#playhead.add(mark);
    const { response, played_ms = 0 } = mark;
    if (response !== undefined) this.emit('queued', this.#point({ response, ms: Math.max(0, played_ms) }));
  }

  /** Nothing comes in frames. */
  play() {}

  /** Silence this response, now. That it is silent is told later, as by any loudspeaker. @param {number} response */
  stop(response) {
    if (this.#stopped === response) return;
    this.#stopped = response;
    if (this.#last.response !== response) return;
    if (this.#mark?.response === response) this.#silenced = this.#mark;
    this.#hush();
    const stopped = this.#timed(this.#last);
    queueMicrotask(() => this.emit('stopped', stopped));
  }

  /** Let it go on: where, the server's next mark says. @param {number} response */
  resume(response) {
    if (this.#stopped === response) this.#stopped = null;
  }

  /** The server is done with this response. @param {number} response */
  finish(response) {
    if (response === this.#last.response && response !== this.#stopped) this.emit('ended', this.#timed(this.#last));
  }

  /** Forget what sounds, and what was to sound. */
  clear() {
    this.#playhead.clear();
    this.#last = { response: 0, ms: 0 };
    this.#mark = this.#silenced = this.#stopped = null;
    this.#hush();
  }

  #look() {
    this.#surroundings.clearTimer(this.#timer);
    this.#timer = this.#surroundings.setTimer(() => this.#look(), LOOK_EVERY_MS);
    const [source] = this.#receiver?.getSynchronizationSources() ?? [];
    if (source && this.rate) this.#sounds(source.rtpTimestamp, this.#tap?.level ?? 0);
  }

  /** @param {number} rtp @param {number} level */
  #sounds(rtp, level) {
    const { mark, sinceMs, now, passed } = this.#playhead.at(rtp);
    const heard = this.#silenced && this.#silenced === this.#mark ? passed.slice(1) : passed;
    for (const moment of heard) if (moment.response !== this.#stopped) this.#progress(moment, 0);
    this.#mark = mark;
    if (mark !== this.#silenced && (now || sinceMs >= SETTLE_MS))
      this.#silenced = now?.response === this.#stopped ? mark : null;
    this.#hush();
    if (now && !this.#silenced) this.#progress(now, level);
  }

  /** @param {Moment} moment @param {number} level */
  #progress(moment, level) {
    const begins = moment.response > this.#last.response;
    this.#last = moment;
    if (begins) this.emit('started', { ...this.#timed(moment), position: 0 });
    this.emit('progress', { ...this.#point(moment), level });
  }

  #hush() {
    const muted = this.#silenced !== null;
    if (this.#player) this.#player.muted = muted;
    if (this.#tap) this.#tap.muted = muted;
  }

  /** @param {Player} player */
  async #play(player) {
    try {
      await player.play();
      this.emit('suspended', false);
    } catch (error) {
      const held = error instanceof Error && error.name === 'NotAllowedError';
      if (held && player === this.#player) this.emit('suspended', true); // others: it was taken away meanwhile
    }
  }

  /** @param {Moment} moment */
  #point({ response, ms }) {
    return { response, position: Math.round((ms * this.rate) / 1000) };
  }

  /** @param {Moment} moment */
  #timed(moment) {
    return { ...this.#point(moment), atMs: this.#surroundings.now() };
  }
}
