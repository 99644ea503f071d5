/** The page: wires the client to what one sees and presses. */

import { Composer } from './views/composer.js';
import { ConnectionView } from './views/connection.js';
import { ConversationView } from './views/conversation.js';
import { element } from './views/elements.js';
import { Notices } from './views/notices.js';
import { SettingsDialog } from './views/settings_dialog.js';
import { TalkButton } from './views/talk_button.js';
import { isSendableKey } from './protocol.js';
import { loadSettings, saveSettings, toConfig } from './settings.js';
import { ticketsIn } from './ticket.js';
import { NO_SOUND, SILENCED, UNSENDABLE_KEY, microphoneTrouble, serverTrouble } from './troubles.js';
import { VoiceClient } from './voice_client.js';

class App {
  /** The running conversation, or the last one. @type {VoiceClient | null} */
  client = null;
  #listening = false;
  /** Typed before there was a session. @type {string[]} */
  #unsent = [];

  #storage = browserStorage();
  #settings = loadSettings(this.#storage);
  #dialog = new SettingsDialog(this.#settings, (settings) => this.#configure(settings));
  #notices = new Notices();
  #conversation = new ConversationView();
  #connection = new ConnectionView(this.#notices, {
    retry: () => this.client?.retryNow(),
    openSettings: () => this.#dialog.open(),
  });
  #talk = new TalkButton({
    start: () => this.#start(true),
    mute: (muted) => this.#mute(muted),
    hold: (held) => (held ? this.client?.startTurn() : this.client?.commitTurn()),
  });
  #composer = new Composer({ send: (text) => this.#send(text), stop: () => this.#stop() });
  #end = element('end', HTMLButtonElement);

  constructor() {
    this.#end.addEventListener('click', () => void this.#hangUp());
    addEventListener('online', () => this.client?.retryNow());
    addEventListener('pagehide', () => this.client?.leave());
    addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !this.#dialog.isOpen) this.#stop();
    });
    for (const gesture of ['pointerup', 'keydown']) addEventListener(gesture, () => void this.client?.wake());
    if (!isSecureContext) this.#notices.show('microphone', microphoneTrouble('insecure'));
    this.#refresh();
  }

  get #live() {
    const phase = this.client?.connection.phase;
    return phase !== undefined && phase !== 'idle' && phase !== 'closed';
  }

  /** @param {boolean} microphone */
  #start(microphone) {
    if (!isSendableKey(this.#settings.key))
      return this.#notices.show('connection', UNSENDABLE_KEY, {
        label: 'Open settings',
        run: () => this.#dialog.open(),
      });
    if (microphone) this.#notices.clear('microphone');
    if (this.client && this.#live) return void this.client.openMicrophone();
    this.client = this.#makeClient();
    void this.client.start({ microphone });
  }

  #makeClient() {
    const url = new URL('v1/voice', document.baseURI);
    const calls = `${url.href}/calls`;
    url.protocol = url.protocol.replace('http', 'ws');
    const client = new VoiceClient({
      url: this.#settings.webrtc ? calls : url.href,
      key: this.#settings.key,
      config: toConfig(this.#settings),
      tickets: ticketsIn(tabStorage(), url.href, Date.now),
    });
    client.on('connection', (state) => this.#connectionChanged(client, state));
    client.on('microphone', (state) => this.#microphoneChanged(client, state));
    client.on('loudspeaker', (state) => this.#warn('loudspeaker', state === 'failed' ? NO_SOUND : null));
    client.on('suspended', (suspended) => this.#warn('sound', suspended ? SILENCED : null));
    client.on('error', (error) => this.#complain(error));
    client.on('session.started', ({ limits }) => this.#dialog.offer(limits?.voices ?? []));
    this.#conversation.follow(client);
    this.#composer.follow(client);
    return client;
  }

  /** @param {VoiceClient} client @param {import('./connection.js').ConnectionState} state */
  #connectionChanged(client, state) {
    this.#connection.show(state);
    if (state.phase === 'open') for (const text of this.#unsent.splice(0)) this.#transmit(client, text);
    this.#refresh();
  }

  /** @param {VoiceClient} client @param {import('./voice_client.js').MicrophoneState} state */
  #microphoneChanged(client, state) {
    if (client !== this.client) return; // it lets go of its microphone while the next one has one
    this.#listening = state === 'open';
    if (state === 'open') this.#notices.clear('microphone');
    else if (state !== 'closed') this.#notices.show('microphone', microphoneTrouble(state));
    this.#refresh();
  }

  /** @param {string} about @param {import('./troubles.js').Trouble | null} trouble */
  #warn(about, trouble) {
    if (trouble) this.#notices.show(about, trouble);
    else this.#notices.clear(about);
  }

  /** @param {import('./types/protocol').ServerMessages['error']} error */
  #complain(error) {
    if (!error.fatal) this.#notices.show('server', serverTrouble(error)); // the rest is told by how it closes
  }

  /** @param {import('./settings.js').Settings} settings */
  #configure(settings) {
    this.#settings = settings;
    this.#notices.clear('server');
    saveSettings(this.#storage, settings);
    this.client?.configure(toConfig(settings));
    this.#refresh();
  }

  /** @param {boolean} muted */
  #mute(muted) {
    if (this.client) this.client.muted = muted;
    this.#refresh();
  }

  /** @param {string} text */
  #send(text) {
    if (!this.#live) this.#start(false);
    this.#conversation.typed(text);
    if (this.client) this.#transmit(this.client, text);
  }

  /** @param {VoiceClient} client @param {string} text */
  #transmit(client, text) {
    if (client.sendText(text)) this.#conversation.sent();
    else this.#unsent.push(text);
  }

  #stop() {
    if (this.#composer.stoppable) this.client?.interrupt();
  }

  async #hangUp() {
    await this.client?.stop();
    element('talk', HTMLButtonElement).focus(); // the button that was pressed is gone
  }

  #refresh() {
    const live = this.#live;
    this.#end.hidden = !live;
    element('captured', HTMLElement).hidden = !(live && this.client?.captured);
    this.#talk.show(!live || !this.#listening ? 'start' : this.#talkMode());
    this.#conversation.setInput(!this.#listening ? 'text' : this.#settings.pushToTalk ? 'manual' : 'auto');
  }

  #talkMode() {
    if (this.#settings.pushToTalk) return 'hold';
    return this.client?.muted ? 'unmute' : 'mute';
  }
}

/** @returns {import('./settings.js').SettingsStorage} Whether the browser allows one or not. */
function browserStorage() {
  try {
    return localStorage;
  } catch {
    return { getItem: () => null, setItem: () => undefined };
  }
}

/** @returns {Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>} Lasts as long as the tab. */
function tabStorage() {
  try {
    return sessionStorage;
  } catch {
    return { getItem: () => null, setItem: () => undefined, removeItem: () => undefined };
  }
}

export const app = new App();
