/**
 * What a person sets, remembered in the browser.
 *
 * @typedef {{voice: string, instructions: string, responsiveness: number, pushToTalk: boolean, webrtc: boolean, key: string}} Settings
 * @typedef {Pick<Storage, 'getItem' | 'setItem'>} SettingsStorage
 * @typedef {import('./types/protocol').SessionConfig} SessionConfig
 */

const STORAGE_KEY = 'voice.settings';

/** @type {Readonly<Settings>} Empty means: as the server has it. */
export const DEFAULTS = Object.freeze({
  voice: '',
  instructions: '',
  responsiveness: 0.5,
  pushToTalk: false,
  webrtc: false,
  key: '',
});

/** @param {SettingsStorage} storage @returns {Settings} What was saved, as far as it makes sense. */
export function loadSettings(storage) {
  let saved;
  try {
    saved = JSON.parse(storage.getItem(STORAGE_KEY) ?? '{}');
  } catch {
    saved = {}; // not ours, or the browser keeps no storage for us
  }
  return sanitize(saved);
}

/** @param {SettingsStorage} storage @param {Settings} settings @returns {boolean} Whether they will be remembered. */
export function saveSettings(storage, settings) {
  try {
    storage.setItem(STORAGE_KEY, JSON.stringify(settings));
    return true;
  } catch {
    return false; // a full or forbidden storage
  }
}

/** The session configuration that the settings ask for. @param {Settings} settings @returns {SessionConfig} */
export function toConfig({ voice, instructions, responsiveness, pushToTalk }) {
  return {
    ...(voice && { voice }),
    ...(instructions && { instructions }),
    turn: { mode: pushToTalk ? 'manual' : 'auto', responsiveness },
  };
}

/** @param {any} saved @returns {Settings} */
function sanitize(saved) {
  const text = (/** @type {unknown} */ value) => (typeof value === 'string' ? value.trim() : '');
  const dial = Number(saved?.responsiveness ?? DEFAULTS.responsiveness);
  return {
    voice: text(saved?.voice),
    instructions: text(saved?.instructions),
    responsiveness: Number.isFinite(dial) ? Math.min(1, Math.max(0, dial)) : DEFAULTS.responsiveness,
    pushToTalk: saved?.pushToTalk === true,
    webrtc: saved?.webrtc === true,
    key: text(saved?.key),
  };
}
