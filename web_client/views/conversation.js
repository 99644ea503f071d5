/**
 * What a conversation looks like while it goes on: the floor, the words, the sound, the numbers. For those who
 * listen to the page, only finished turns are read out.
 *
 * @typedef {import('../voice_client.js').VoiceClient} VoiceClient
 * @typedef {import('../types/protocol').ServerMessage} ServerMessage
 */

import { Floor, PAUSE_LIMIT_MS } from '../floor.js';
import { Meters } from '../meters.js';
import { element } from './elements.js';
import { MeterView } from './meter.js';
import { StageView } from './stage.js';
import { TranscriptView } from './transcript.js';

export class ConversationView {
  #floor = new Floor();
  #meters = new Meters();
  #stage = new StageView();
  #meter = new MeterView();
  #transcript = new TranscriptView(element('turns', HTMLElement), element('conversation', HTMLElement));
  #announcer = element('announcer', HTMLElement);
  /** @type {'auto' | 'manual' | 'text'} */
  #input = 'text';
  #phase = 'idle';
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pause;

  constructor() {
    this.#stage.animate();
  }

  /** Show this client's conversation. @param {VoiceClient} client */
  follow(client) {
    this.#transcript.restart();
    client.on('connection', ({ phase, fresh }) => {
      this.#phase = phase;
      this.#floor.reset();
      if (fresh) this.#transcript.restart();
      this.#showFloor();
    });
    client.on('message', (message) => this.#receive(client, message));
    this.#followInput(client);
    this.#followSound(client);
  }

  /** @param {'auto' | 'manual' | 'text'} input How the user can take a turn. */
  setInput(input) {
    this.#input = input;
    this.#showFloor();
  }

  /** The user typed this. @param {string} text */
  typed(text) {
    this.#transcript.typed(text);
  }

  /** What was typed is on its way: an answer is owed. */
  sent() {
    this.#meters.typed();
    this.#floor.typed();
    this.#showFloor();
  }

  /** @param {VoiceClient} client */
  #followInput(client) {
    client.on('input', ({ peak, sent, atMs }) => {
      this.#stage.levels.hear('user', peak);
      if (sent) this.#meters.frameSent(atMs);
    });
  }

  /** @param {VoiceClient} client */
  #followSound(client) {
    const ms = (/** @type {number} */ position) => (position * 1000) / client.loudspeaker.rate;
    client.on('progress', ({ response, position, level }) => {
      this.#stage.levels.hear('agent', level);
      this.#transcript.played(response, ms(position));
    });
    client.on('started', ({ response, atMs }) => {
      this.#meters.started(response, atMs);
      this.#floor.audible(response);
      this.#showNumbers();
    });
    client.on('stopped', ({ response, position, atMs }) => {
      this.#transcript.played(response, ms(position));
      if (position > 0) this.#meters.stopped(response, atMs);
      this.#showNumbers();
    });
    client.on('ended', ({ response }) => this.#transcript.finished(response));
  }

  /** @param {VoiceClient} client @param {ServerMessage} message */
  #receive(client, message) {
    this.#meters.receive(message);
    this.#floor.receive(message);
    this.#transcript.receive(message, client.loudspeaker.rate);
    if (message.type === 'response.stop') this.#stage.levels.markStop();
    if (message.type === 'response.done' && !client.audible) this.#transcript.finished(message.response);
    this.#announce(message);
    this.#showNumbers();
  }

  /** @param {ServerMessage} message */
  #announce(message) {
    if (message.type === 'transcript.final') this.#announcer.textContent = `You: ${message.text}`;
    if (message.type !== 'response.done' || !message.text) return;
    const { status, text, heard } = message;
    this.#announcer.textContent = `Assistant: ${status === 'completed' ? text : `${heard} — ${status}`}`;
  }

  #showNumbers() {
    this.#meter.show(this.#meters);
    this.#showFloor();
  }

  #showFloor() {
    clearTimeout(this.#pause);
    this.#stage.show(this.#shown(), this.#input);
    if (this.#floor.holder === 'paused') this.#pause = setTimeout(() => this.#giveUp(), PAUSE_LIMIT_MS);
  }

  #giveUp() {
    this.#floor.giveUp();
    this.#showFloor();
  }

  #shown() {
    if (this.#phase === 'open') return this.#floor.holder;
    return this.#phase === 'idle' || this.#phase === 'closed' ? 'idle' : 'offline';
  }
}
