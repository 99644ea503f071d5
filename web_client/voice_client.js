/**
 * A client of the voice server: a conversation in a few lines, without any page.
 *
 *     const client = new VoiceClient({ url: 'wss://example.org/v1/voice' });
 *     client.on('transcript.final', ({ text }) => console.log('You:', text));
 *     client.on('response.done', ({ heard }) => console.log('Assistant:', heard));
 *     await client.start(); // from a click: browsers ask for one before there is sound
 *
 * It opens the microphone and the loudspeaker, obeys `response.stop` and `response.resume`, reports what was
 * played, and comes back by itself when the connection is cut off. Every message of the server is emitted under
 * its `type`; README.md has the other events and a whole example.
 *
 * @typedef {import('./types/protocol').ServerMessages} ServerMessages
 * @typedef {import('./types/protocol').ServerMessage} ServerMessage
 * @typedef {import('./types/protocol').SessionConfig} SessionConfig
 * @typedef {import('./connection.js').ConnectionState} ConnectionState
 * @typedef {import('./connection.js').Environment} Environment
 * @typedef {import('./loudspeaker.js').Point} Point
 * @typedef {import('./loudspeaker.js').TimedPoint} TimedPoint
 * @typedef {'open' | 'closed' | import('./microphone.js').MicrophoneFault} MicrophoneState
 *
 * @typedef {object} OwnEvents
 * @property {ConnectionState} connection The connection changed.
 * @property {ServerMessage} message Any message of the server, before its own event.
 * @property {MicrophoneState} microphone The microphone was opened or closed, or cannot be.
 * @property {'open' | 'failed'} loudspeaker The loudspeaker was opened, or could not be.
 * @property {{peak: number, sent: boolean, atMs: number}} input A frame of 20 ms from the microphone: how loud it is (0
 *   to 1), and whether it was sent, silenced or not.
 * @property {Point & {level: number}} progress See loudspeaker.js for this one and the next five.
 * @property {TimedPoint} started
 * @property {TimedPoint} stopped
 * @property {TimedPoint} ended
 * @property {TimedPoint} underrun
 * @property {boolean} suspended
 *
 * @typedef {OwnEvents & ServerMessages} VoiceClientEvents
 *
 * @typedef {object} Options
 * @property {string} url Of the server's `/v1/voice`, ws: or wss:; or of its `/v1/voice/calls`, http: or https:, for a
 *   call by WebRTC.
 * @property {string} [key] An access key, if the server wants one.
 * @property {SessionConfig} [config] What differs from the server's defaults.
 * @property {import('./ticket.js').TicketBox} [tickets] Where to keep what a reloaded page needs to come back.
 * @property {Environment} [environment] The five below are for tests and other surroundings.
 * @property {Microphone} [microphone]
 * @property {Loudspeaker | CallLoudspeaker} [loudspeaker]
 * @property {import('./call.js').CallSurroundings} [calls]
 */

import { Call } from './call.js';
import { CallLoudspeaker } from './call_loudspeaker.js';
import { BROWSER, Connection } from './connection.js';
import { Emitter } from './emitter.js';
import { Loudspeaker } from './loudspeaker.js';
import { Microphone, MicrophoneError } from './microphone.js';
import { peak, toFloat } from './pcm.js';
import { PlaybackReports } from './playback_reports.js';
import { DEFAULT_OUTPUT_RATE } from './protocol.js';

/** @extends {Emitter<VoiceClientEvents>} */
export class VoiceClient extends Emitter {
  /** The loudspeaker; `loudspeaker.output` is an AudioNode that more can be connected to. */
  loudspeaker;
  #microphone;
  #connection;
  #reports;
  #talking = false;
  #muted = false;
  /** The latest call, and what plays it, where sound goes by WebRTC. @type {Call | null} */
  #call = null;
  /** @type {CallLoudspeaker | null} */
  #callSpeaker = null;
  #released = Promise.resolve();
  /** The latest response whose audio came. */
  #response = 0;
  /** Whether the devices are as this session needs them. */
  #begun = false;

  /** @param {Options} options */
  constructor({ url, key, config = {}, tickets, environment = BROWSER, microphone, loudspeaker, calls }) {
    super();
    this.#microphone = microphone ?? new Microphone();
    this.loudspeaker = loudspeaker ?? (/^https?:/.test(url) ? new CallLoudspeaker() : new Loudspeaker());
    if (this.loudspeaker instanceof CallLoudspeaker) {
      const speaker = (this.#callSpeaker = this.loudspeaker);
      environment = { ...environment, connect: () => this.#dial(speaker, { url, key, surroundings: calls }) };
    }
    this.#connection = new Connection({ url, key, config, tickets, environment });
    this.#connection.playhead = () => this.#playhead();
    this.#reports = new PlaybackReports((response, position) => this.#report(response, position), environment);
    this.#listenToServer();
    this.#listenToDevices();
  }

  /** @returns {ConnectionState} */
  get connection() {
    return this.#connection.state;
  }

  /** Whether silence is sent in place of what the microphone hears. */
  get muted() {
    return this.#muted;
  }

  set muted(muted) {
    this.#muted = muted;
    this.#applySilence();
  }

  /** Whether responses can be heard. Where there is no loudspeaker, they can be read. */
  get audible() {
    return this.loudspeaker.rate > 0;
  }

  /**
   * Begin a conversation: connect, and open the loudspeaker and the microphone. Without a microphone it goes on;
   * the `microphone` event says why. Resolves when that is decided.
   *
   * @param {{microphone?: boolean}} [options]
   */
  async start({ microphone = true } = {}) {
    void this.#openLoudspeaker(DEFAULT_OUTPUT_RATE); // now, while the gesture that led here counts
    this.#connection.open();
    if (microphone) await this.openMicrophone();
  }

  /** End the conversation and let go of the devices. */
  async stop() {
    this.#connection.close();
    await this.#released;
  }

  /** Let go of the devices and leave the conversation as it is, for whoever has its ticket. */
  leave() {
    this.#connection.leave();
  }

  /** Whether the server writes this conversation down. */
  get captured() {
    return this.#connection.ticket?.capture ?? false;
  }

  async openMicrophone() {
    try {
      await this.#microphone.open();
      if (this.connection.phase === 'closed') await this.#microphone.close(); // it was asked for until then
      else this.#listening();
    } catch (error) {
      if (!(error instanceof MicrophoneError)) throw error;
      this.emit('microphone', error.fault);
    }
  }

  #listening() {
    this.#applySilence();
    this.#call?.speak(this.#microphone.track);
    this.emit('microphone', 'open');
  }

  async closeMicrophone() {
    this.#call?.speak(null);
    await this.#microphone.close();
    this.emit('microphone', 'closed');
  }

  /** Say something in writing. @param {string} text @returns {boolean} Whether there was a session to say it in. */
  sendText(text) {
    return this.#connection.send({ type: 'user.text', text });
  }

  /** The stop button: end the current response. Its sound ends at once, whatever the network does. */
  interrupt() {
    this.loudspeaker.stop(this.#response);
    this.#connection.send({ type: 'interrupt' });
  }

  /**
   * Change the configuration, of this conversation and of those to come.
   *
   * @param {SessionConfig} config What is absent stays.
   */
  configure(config) {
    this.#connection.update(config);
    this.#applySilence();
  }

  /** Push-to-talk, with `turn.mode` `manual`: from here on the microphone is heard. */
  startTurn() {
    this.#talking = this.#connection.send({ type: 'turn.start' });
    this.#applySilence();
  }

  /** Push-to-talk: that was all; answer. */
  commitTurn() {
    if (this.#talking) this.#connection.send({ type: 'turn.commit' });
    this.#talking = false;
    this.#applySilence();
  }

  /**
   * Send any other message of the protocol, such as `tool.result` or `context.add`.
   *
   * @param {import('./types/protocol').ClientMessage} message @returns {boolean} Whether there was a session.
   */
  send(message) {
    return this.#connection.send(message);
  }

  /** While it waits to reconnect: try now, as when the network has come back. */
  retryNow() {
    this.#connection.retryNow();
  }

  /** Call this from a gesture after `suspended`. */
  async wake() {
    await Promise.all([this.loudspeaker.wake(), this.#microphone.wake()]);
  }

  /** @param {CallLoudspeaker} loudspeaker @param {Pick<import('./call.js').CallOptions, 'url' | 'key' | 'surroundings'>} where */
  #dial(loudspeaker, where) {
    this.#applySilence();
    return (this.#call = new Call({ ...where, loudspeaker, microphone: this.#microphone.track }));
  }

  #listenToServer() {
    this.#connection.on('state', (state) => {
      if (state.phase === 'closed') this.#released = this.#release();
      this.emit('connection', state);
    });
    this.#connection.on('message', (message) => this.#receive(message));
    this.#connection.on('audio', (frame) => {
      if (!this.audible) return;
      this.#queued(frame.response, frame.position);
      this.loudspeaker.play(frame);
    });
  }

  /** @param {number} response @param {number} position */
  #queued(response, position) {
    this.#response = response;
    this.#reports.queued(response, position);
  }

  #listenToDevices() {
    this.#microphone.on('frame', (frame) => this.#hear(frame));
    this.#microphone.on('lost', () => this.emit('microphone', 'lost'));
    const speaker = this.loudspeaker;
    speaker.on('queued', ({ response, position }) => this.#queued(response, position));
    speaker.on('progress', ({ response, position }) => this.#reports.progressed(response, position));
    speaker.on('stopped', ({ response, position }) => this.#reports.halted(response, position));
    speaker.on('ended', ({ response, position }) => this.#reports.halted(response, position));
    /** @type {Exclude<keyof import('./loudspeaker.js').LoudspeakerEvents, 'queued'>[]} */
    const names = ['progress', 'started', 'stopped', 'ended', 'underrun', 'suspended'];
    for (const name of names) speaker.on(name, (what) => this.emit(name, /** @type {any} */ (what)));
  }

  /** @param {ServerMessage} message */
  #receive(message) {
    switch (message.type) {
      case 'session.started':
        this.#begin();
        break;
      case 'session.resumed': // of this page, it plays on; what comes twice sounds once
        if (!this.#begun) this.#begin();
        break;
      case 'response.stop':
        this.loudspeaker.stop(message.response);
        break;
      case 'response.resume':
        this.loudspeaker.resume(message.response, message.position);
        break;
      case 'response.done':
        this.#callSpeaker?.finish(message.response);
        break;
    }
    this.emit('message', message);
    this.emit(message.type, /** @type {any} */ (message));
  }

  /** A session that this page knows nothing of yet: its responses are counted from the start. */
  #begin() {
    this.#begun = true;
    this.#talking = false;
    this.#response = 0;
    this.#reports.reset();
    this.loudspeaker.clear();
    void this.#openLoudspeaker(this.#connection.ticket?.outputRate ?? DEFAULT_OUTPUT_RATE);
  }

  async #release() {
    this.#begun = false;
    this.#reports.reset();
    await Promise.all([this.closeMicrophone(), this.loudspeaker.close()]);
  }

  /** @param {number} rate */
  async #openLoudspeaker(rate) {
    if (!this.loudspeaker.supported) return;
    try {
      await this.loudspeaker.open(rate);
      this.emit('loudspeaker', 'open');
    } catch (error) {
      console.error(error);
      this.emit('loudspeaker', 'failed'); // the next session tries again
    }
  }

  get #silent() {
    return this.#muted || (this.#connection.config.turn?.mode === 'manual' && !this.#talking);
  }

  /** On calls the browser sends what the microphone hears by itself. */
  #applySilence() {
    const track = this.#callSpeaker && this.#microphone.track;
    if (track) track.enabled = !this.#silent;
  }

  /** @param {Int16Array} frame */
  #hear(frame) {
    if (this.#silent) frame.fill(0); // rather than nothing, so that the server's input clock goes on
    const sent = this.#connection.sendAudio(frame);
    this.emit('input', { peak: peak(toFloat(frame)), sent, atMs: performance.now() });
  }

  /** @param {number} response @param {number} position */
  #report(response, position) {
    this.#connection.send({ type: 'playback', ...this.#played(response, position) });
  }

  #playhead() {
    const { response, position } = this.#reports.last;
    return this.#begun && response && this.audible ? this.#played(response, position) : null;
  }

  /** @param {number} response @param {number} position */
  #played(response, position) {
    return { response, played_ms: Math.floor((position * 1000) / this.loudspeaker.rate) };
  }
}
