/**
 * The wire format of `voice.v1`: reading and writing frames, nothing else.
 *
 * @typedef {import('./types/protocol').AudioFrame} AudioFrame
 * @typedef {import('./types/protocol').ServerMessage} ServerMessage
 */

export const SUBPROTOCOL = 'voice.v1';
export const INPUT_RATE = 16_000;
export const INPUT_FRAME_SAMPLES = 320;
/** The default voice's own rate: what the server sends unless it says otherwise. */
export const DEFAULT_OUTPUT_RATE = 22_050;

const HEADER_BYTES = 12;
const VERSION = 1;
const KIND_AUDIO = 1;
const FLAG_LAST = 1;

/** The server sent something that is not `voice.v1`. */
export class ProtocolError extends Error {}

/**
 * The subprotocols to offer. A browser cannot set headers, so the key travels as one more of them.
 *
 * @param {string} [key]
 */
export function subprotocols(key) {
  return key ? [SUBPROTOCOL, `voice.key.${key}`] : [SUBPROTOCOL];
}

/** Whether the key can be offered as a subprotocol: RFC 7230 tokens only. @param {string} key */
export function isSendableKey(key) {
  return /^[\w!#$%&'*+.^`|~-]*$/.test(key);
}

/**
 * @param {string} text
 * @returns {ServerMessage}
 * @throws {ProtocolError}
 */
export function decodeMessage(text) {
  let message;
  try {
    message = JSON.parse(text);
  } catch {
    throw new ProtocolError('The server sent text that is not JSON');
  }
  if (typeof message?.type !== 'string') throw new ProtocolError('The server sent a message without a type');
  return message;
}

/**
 * @param {ArrayBuffer} buffer
 * @returns {AudioFrame} Its samples are a view of `buffer`.
 * @throws {ProtocolError}
 */
export function decodeAudio(buffer) {
  if (buffer.byteLength < HEADER_BYTES) throw new ProtocolError('The server sent a frame without a header');
  if (buffer.byteLength % 2) throw new ProtocolError('The server sent half a sample');
  const view = new DataView(buffer);
  if (view.getUint8(0) !== VERSION || view.getUint8(1) !== KIND_AUDIO)
    throw new ProtocolError('The server sent a kind of frame that this client does not know');
  return {
    last: (view.getUint16(2, true) & FLAG_LAST) !== 0,
    response: view.getUint32(4, true),
    position: view.getUint32(8, true),
    samples: new Int16Array(buffer, HEADER_BYTES),
  };
}

/** The inverse of `decodeAudio`, for tests and other servers. @param {AudioFrame} frame */
export function encodeAudio(frame) {
  const buffer = new ArrayBuffer(HEADER_BYTES + 2 * frame.samples.length);
  const view = new DataView(buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, KIND_AUDIO);
  view.setUint16(2, frame.last ? FLAG_LAST : 0, true);
  view.setUint32(4, frame.response, true);
  view.setUint32(8, frame.position, true);
  new Int16Array(buffer, HEADER_BYTES).set(frame.samples);
  return buffer;
}
