/** The settings dialog: fields to settings and back. */

import { element } from './elements.js';

/** @typedef {import('../settings.js').Settings} Settings */

export class SettingsDialog {
  #dialog = element('settings', HTMLDialogElement);
  #form = /** @type {HTMLFormElement} */ (this.#dialog.querySelector('form'));

  /** @param {Settings} settings @param {(settings: Settings) => void} changed Called for each change. */
  constructor(settings, changed) {
    this.#fill(settings);
    this.#form.addEventListener('change', () => changed(this.#read()));
    element('settings-open', HTMLButtonElement).addEventListener('click', () => this.open());
  }

  open() {
    this.#dialog.showModal();
  }

  get isOpen() {
    return this.#dialog.open;
  }

  /**
   * The voices that there are to choose from; what is chosen stays, also where this server has it not.
   *
   * @param {string[]} voices
   */
  offer(voices) {
    const field = this.#field('voice');
    const chosen = field.value;
    const names = [...new Set(chosen ? [...voices, chosen] : voices)];
    field.replaceChildren(field.children[0], ...names.map((name) => new Option(name)));
    field.value = chosen;
  }

  /** @param {string} name @returns {HTMLInputElement} */
  #field(name) {
    return /** @type {HTMLInputElement} */ (this.#form.elements.namedItem(name));
  }

  /** @param {Settings} settings */
  #fill({ voice, instructions, responsiveness, pushToTalk, webrtc, key }) {
    if (voice) this.#field('voice').append(new Option(voice));
    this.#field('voice').value = voice;
    this.#field('instructions').value = instructions;
    this.#field('responsiveness').value = String(responsiveness);
    this.#field('pushToTalk').checked = pushToTalk;
    this.#field('connection').value = webrtc ? 'webrtc' : 'websocket';
    this.#field('key').value = key;
  }

  /** @returns {Settings} */
  #read() {
    return {
      voice: this.#field('voice').value.trim(),
      instructions: this.#field('instructions').value.trim(),
      responsiveness: this.#field('responsiveness').valueAsNumber,
      pushToTalk: this.#field('pushToTalk').checked,
      webrtc: this.#field('connection').value === 'webrtc',
      key: this.#field('key').value.trim(),
    };
  }
}
