/**
 * What went wrong, as plain sentences: what it is, and what to do.
 *
 * @typedef {{text: string, level: 'error' | 'notice', settings?: boolean}} Trouble `settings`: what to do is there.
 * @typedef {import('./closing.js').Reason} Reason
 * @typedef {Pick<import('./types/protocol').ServerMessages['error'], 'message' | 'field'>} ServerError
 * @typedef {import('./microphone.js').MicrophoneFault} MicrophoneFault
 */

/** @type {Record<MicrophoneFault, string>} */
const MICROPHONE = {
  denied:
    'The browser does not allow this page to use the microphone. Allow it in the address bar, then press ' +
    'Start again. Until then you can type.',
  missing: 'There is no microphone. Connect one and press Start again. Until then you can type.',
  busy: 'Another program is using the microphone. Close it and press Start again. Until then you can type.',
  insecure:
    'Browsers give the microphone and the loudspeaker only to secure pages. Open this page with https, or as ' +
    'http://localhost on the computer that runs the server. Here you can type and read.',
  lost: 'The microphone was disconnected. Connect one and press Start again. Until then you can type.',
  failed: 'The microphone could not be opened. Check that it works and press Start again. Until then you can type.',
};

/** @param {MicrophoneFault} fault @returns {Trouble} */
export function microphoneTrouble(fault) {
  return { text: MICROPHONE[fault], level: 'error' };
}

/** @type {Partial<Record<Reason, string>>} */
const FINAL = {
  unauthorised: 'The server did not accept the access key. Enter the key that you were given under Settings, then press Start again.',
  taken_over: 'This conversation was opened somewhere else and goes on there. To talk here, press Start again.',
  refused: 'The server did not understand this page. Reload it; if that does not help, the page and the server are of different versions.',
  no_calls: 'The server takes no calls by WebRTC. Choose WebSocket under Settings, then press Start again.',
  no_webrtc: 'This browser has WebRTC turned off. Turn it on there, or choose WebSocket under Settings, then press Start again.',
  ended: 'The server ended the conversation. Press Start for a new one.',
};

/** What to do is there. @type {Set<Reason>} */
const MENDED_IN_SETTINGS = new Set(['unauthorised', 'no_calls', 'no_webrtc']);

/**
 * @param {Reason} reason
 * @param {ServerError | null} [error] What the server complained of.
 * @returns {Trouble | null} null where there is nothing to say.
 */
export function finalTrouble(reason, error) {
  if (reason === 'refused' && error?.field?.startsWith('config.')) return { ...serverTrouble(error), settings: true };
  const text = FINAL[reason];
  return text ? { text, level: reason === 'ended' ? 'notice' : 'error', settings: MENDED_IN_SETTINGS.has(reason) } : null;
}

/** @type {Partial<Record<Reason, string>>} */
const WAITING = {
  busy: 'The server is busy: as many people as it can take are talking to it. This page waits for its turn.',
  restarting: 'The server is restarting. This page connects again as soon as it is back.',
  internal: 'Something broke in the server. This page connects again by itself.',
  no_way:
    'No way was found to the server by WebRTC: something between lets no UDP through. This page tries again; if that ' +
    'does not help, press End, choose WebSocket under Settings, and press Start.',
};

const UNREACHABLE =
  'The connection to the server is lost. This page connects again by itself; if that takes long, check your ' +
  'network, and that the server runs.';
const OFFLINE = 'This device is offline. Check its network; this page connects again when it is back.';

/**
 * @param {Reason} reason
 * @param {boolean} online Whether the device has a network at all.
 * @returns {Trouble}
 */
export function waitingTrouble(reason, online) {
  return { text: online ? (WAITING[reason] ?? UNREACHABLE) : OFFLINE, level: 'error' };
}

/** @type {Trouble} */
export const NEW_CONVERSATION = {
  text: 'The connection is back. The server no longer knows the conversation from before, so this is a new one.',
  level: 'notice',
};

/** @type {Trouble} */
export const RESTORED = {
  text: 'The conversation from before this page was reloaded goes on. For a new one, press End, then Start.',
  level: 'notice',
};

/** What the server complains of. @param {ServerError} error @returns {Trouble} */
export function serverTrouble({ message, field }) {
  const action = field?.startsWith('config.') ? 'Change it under Settings.' : 'If it happens again, reload the page.';
  return { text: `The server says: ${message.replace(/\.$/, '')}. ${action}`, level: 'error' };
}

/** @type {Trouble} */
export const SILENCED = {
  text: 'The browser holds back the sound until you do something here. Press any key, or tap anywhere.',
  level: 'notice',
};

/** @type {Trouble} */
export const NO_SOUND = {
  text: 'The sound could not be started. You can read the answers; to hear them, reload this page.',
  level: 'error',
};

/** @type {Trouble} */
export const UNSENDABLE_KEY = {
  text: 'The access key has characters that a key cannot have, such as spaces. Enter it again under Settings.',
  level: 'error',
  settings: true,
};
