/**
 * A call by WebRTC in the shape of a WebSocket: messages on a data channel, what was wrong as a close code. Sound goes
 * beside them as tracks.
 *
 * @typedef {object} CallOptions
 * @property {string} url Of the server's `/v1/voice/calls`.
 * @property {string} [key] An access key, if the server wants one.
 * @property {MediaStreamTrack | null} microphone
 * @property {{receive: (receiver: RTCRtpReceiver) => void, mark: (mark: import('./call_playhead.js').Mark) => void}} loudspeaker
 * @property {CallSurroundings} [surroundings]
 *
 * @typedef {object} CallSurroundings Browsers have it all, tests bring their own.
 * @property {() => RTCPeerConnection} makePeer
 * @property {(url: string, request: RequestInit) => Promise<Response>} fetch
 * @property {(run: () => void, ms: number) => any} setTimer
 */

import { CannotConnectError, NO_CALLS, NO_WAY, NO_WEBRTC } from './closing.js';
import { SUBPROTOCOL } from './protocol.js';

const LOST = 1006;
/** Close codes by HTTP status. */
const REFUSALS = new Map([[401, 4401], [404, NO_CALLS], [405, NO_CALLS], [429, 4429], [503, 4429]]);
const REFUSED = 4400;
/** Where UDP gets through, it does within a second or two. */
const CONNECT_MS = 10_000;
/** Browsers say that the other side does not answer after some 5 s, and go on for half a minute; another call is quicker. */
const AWAY_MS = 2_000;
/** The server can do without our addresses, but a TURN server of its own lets in only those that it was told. */
const GATHER_MS = 500;
/** What was sent last gets so long to arrive. */
const FAREWELL_MS = 1000;

/** @type {CallSurroundings} */
export const BROWSER_CALLS = {
  makePeer: () => new RTCPeerConnection(),
  fetch: (url, request) => fetch(url, request),
  setTimer: (run, ms) => setTimeout(run, ms),
};

export class Call {
  /** @type {BinaryType} */
  binaryType = 'arraybuffer';
  /** @type {((event: any) => any) | null} */
  onopen = null;
  /** @type {((event: any) => any) | null} */
  onmessage = null;
  /** @type {((event: any) => any) | null} */
  onclose = null;

  #options;
  #surroundings;
  #peer;
  #sender;
  #channel;
  #over = false;
  /** How the server said that it closes. */
  #code = LOST;

  /** Throws CannotConnectError where the browser has no WebRTC, or has it turned off. @param {CallOptions} options */
  constructor({ surroundings = BROWSER_CALLS, ...options }) {
    this.#options = options;
    this.#surroundings = surroundings;
    this.#peer = made(surroundings.makePeer);
    this.#sender = this.#peer.addTransceiver(options.microphone ?? 'audio', { direction: 'sendrecv' }).sender;
    this.#channel = this.#peer.createDataChannel(SUBPROTOCOL);
    this.#listen();
    void this.#dial();
  }

  get bufferedAmount() {
    return this.#channel.bufferedAmount;
  }

  /** Sound goes as a track, and not here. @param {any} data */
  send(data) {
    if (typeof data === 'string' && this.#channel.readyState === 'open') this.#channel.send(data);
  }

  /** Have this heard from now on. @param {MediaStreamTrack | null} track */
  speak(track) {
    void this.#sender.replaceTrack(track);
  }

  /** @param {number} [code] With 1000, when what was sent has arrived; or else at once. */
  close(code) {
    this.#channel.onmessage = null;
    if (code !== 1000 || this.#channel.readyState !== 'open') return this.#end(LOST);
    this.#surroundings.setTimer(() => this.#end(LOST), FAREWELL_MS);
    this.#channel.close();
  }

  #listen() {
    this.#peer.ontrack = ({ receiver }) => this.#options.loudspeaker.receive(receiver);
    this.#peer.onconnectionstatechange = () => this.#changed(this.#peer.connectionState);
    this.#channel.onopen = () => this.onopen?.({});
    this.#channel.onmessage = ({ data }) => this.#receive(data);
    this.#channel.onclose = () => this.#end(this.#code);
    this.#surroundings.setTimer(() => {
      if (this.#channel.readyState === 'connecting') this.#end(NO_WAY);
    }, CONNECT_MS);
  }

  /** @param {RTCPeerConnectionState} state */
  #changed(state) {
    if (state === 'failed') this.#end(this.#channel.readyState === 'connecting' ? NO_WAY : LOST);
    if (state !== 'disconnected') return;
    this.#surroundings.setTimer(() => {
      if (this.#peer.connectionState === 'disconnected') this.#end(LOST);
    }, AWAY_MS);
  }

  async #dial() {
    try {
      await this.#peer.setLocalDescription();
      await this.#gathered();
      const answer = await this.#offer(this.#peer.localDescription?.sdp ?? '');
      if (answer !== null) await this.#peer.setRemoteDescription({ type: 'answer', sdp: answer });
    } catch (error) {
      if (this.#over) return; // it was hung up meanwhile
      console.error(error);
      this.#end(LOST);
    }
  }

  /** @param {string} sdp @returns {Promise<string | null>} The answer, if the server takes the call. */
  async #offer(sdp) {
    const { url, key } = this.#options;
    const headers = { 'Content-Type': 'application/sdp', ...(key && { Authorization: `Bearer ${key}` }) };
    const response = await this.#surroundings.fetch(url, { method: 'POST', headers, body: sdp });
    if (response.ok) return response.text();
    this.#refused(response);
    return null;
  }

  /** @param {Response} response */
  #refused({ status, headers }) {
    const retryAfterS = Number(headers.get('Retry-After') ?? 0);
    const error = { type: 'error', seq: 1, t_ms: 0, code: `http_${status}`, message: `the server answered ${status}` };
    this.onmessage?.({ data: JSON.stringify({ ...error, fatal: true, retry_after_ms: retryAfterS * 1000 }) });
    this.#end(status >= 500 && status !== 503 ? LOST : (REFUSALS.get(status) ?? REFUSED));
  }

  /** Some messages are of the connection, not of the session. @param {string} data */
  #receive(data) {
    const message = parsed(data);
    if (message?.type === 'sound') this.#options.loudspeaker.mark(message);
    else if (message?.type === 'closing') this.#code = message.code;
    else this.onmessage?.({ data });
  }

  /** @returns {Promise<void>} When this side knows its addresses, or soon. */
  #gathered() {
    return new Promise((resolve) => {
      const look = () => this.#peer.iceGatheringState === 'complete' && resolve();
      this.#peer.onicegatheringstatechange = look;
      this.#surroundings.setTimer(resolve, GATHER_MS);
      look();
    });
  }

  /** @param {number} code */
  #end(code) {
    if (this.#over) return;
    this.#over = true;
    this.#peer.close();
    this.onclose?.({ code });
  }
}

/** @param {CallSurroundings['makePeer']} makePeer */
function made(makePeer) {
  try {
    return makePeer();
  } catch (error) {
    throw new CannotConnectError(NO_WEBRTC, error);
  }
}

/** @param {string} data */
function parsed(data) {
  try {
    return JSON.parse(data);
  } catch {
    return null; // somebody else's task
  }
}
