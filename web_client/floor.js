/**
 * Who has the floor, as far as a client can see it: the server's messages, and when audio becomes audible.
 * The server's own floor (voice_server/core/turns.py) decides; this one only shows.
 *
 * @typedef {'open' | 'user' | 'paused' | 'thinking' | 'agent' | 'contested'} Holder
 * @typedef {'speech.started' | 'speech.stopped' | 'transcript.final' | 'typed' | 'response.started' | 'audible'
 *   | 'stop.barge_in' | 'stop.replaced' | 'stop' | 'response.resume' | 'done' | 'done.speaking' | 'given up'} FloorEvent
 */

/** A pause with neither words nor more speech was no turn, and the server says nothing of it: give up after this. */
export const PAUSE_LIMIT_MS = 4000;

/** @type {Record<Holder, Partial<Record<FloorEvent, Holder>>>} What is not listed changes nothing. */
const TRANSITIONS = {
  open: {
    'speech.started': 'user',
    'transcript.final': 'thinking',
    typed: 'thinking',
    'response.started': 'thinking',
    audible: 'agent',
    'response.resume': 'agent',
  },
  user: {
    'speech.stopped': 'paused',
    'transcript.final': 'thinking',
    typed: 'thinking',
    'response.started': 'thinking',
    'response.resume': 'agent',
  },
  paused: {
    'speech.started': 'user',
    'transcript.final': 'thinking',
    typed: 'thinking',
    'response.started': 'thinking',
    audible: 'agent',
    'response.resume': 'agent',
    'given up': 'open',
  },
  thinking: {
    'speech.started': 'user',
    audible: 'agent',
    stop: 'open',
    'stop.barge_in': 'user',
    done: 'open',
    'done.speaking': 'user',
  },
  agent: {
    'speech.started': 'contested',
    'stop.barge_in': 'contested',
    'stop.replaced': 'thinking',
    stop: 'open',
    typed: 'thinking',
    done: 'open',
    'done.speaking': 'user',
  },
  contested: {
    'response.resume': 'agent',
    'transcript.final': 'thinking',
    'response.started': 'thinking',
    typed: 'thinking',
    stop: 'user',
    done: 'paused',
    'done.speaking': 'user',
  },
};

export class Floor {
  /** @type {Holder} */
  holder = 'open';
  #speaking = false;
  #response = 0;

  /**
   * @param {import('./types/protocol').ServerMessage} message
   * @returns {Holder}
   */
  receive(message) {
    if (message.type === 'speech.started') this.#speaking = true;
    if (message.type === 'speech.stopped') this.#speaking = false;
    if (message.type === 'response.started') this.#response = message.response;
    const event = this.#eventOf(message);
    return event ? this.#go(event) : this.holder;
  }

  /** The response can be heard. @param {number} response */
  audible(response) {
    return response === this.#response ? this.#go('audible') : this.holder;
  }

  /** The user sent text. */
  typed() {
    return this.#go('typed');
  }

  /** `PAUSE_LIMIT_MS` have passed since the last change. */
  giveUp() {
    return this.#go('given up');
  }

  /** A new session, or none. */
  reset() {
    this.#speaking = false;
    this.#response = 0;
    return (this.holder = 'open');
  }

  /** @param {FloorEvent} event */
  #go(event) {
    return (this.holder = TRANSITIONS[this.holder][event] ?? this.holder);
  }

  /** @param {import('./types/protocol').ServerMessage} message @returns {FloorEvent | null} */
  #eventOf(message) {
    if ('response' in message && message.response !== this.#response) return null;
    switch (message.type) {
      case 'response.stop':
        if (message.reason === 'barge_in') return 'stop.barge_in';
        return message.reason === 'replaced' ? 'stop.replaced' : 'stop';
      case 'response.done':
        return this.#speaking ? 'done.speaking' : 'done';
      case 'speech.started':
      case 'speech.stopped':
      case 'transcript.final':
      case 'response.started':
      case 'response.resume':
        return message.type;
      default:
        return null;
    }
  }
}
