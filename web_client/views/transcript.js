/**
 * The conversation as text: what the user says, while it is recognised, and what the assistant says, while it
 * sounds.
 *
 * @typedef {import('../types/protocol').ServerMessage} ServerMessage
 */

import { Captions } from '../captions.js';
import { make } from './elements.js';

const NEAR_THE_END_PX = 80;

export class TranscriptView {
  #list;
  #scroller;
  /** @type {Map<number, HTMLElement>} By turn. */
  #turns = new Map();
  /** @type {Map<number, {captions: Captions, body: HTMLElement, words: HTMLElement[]}>} By response. */
  #responses = new Map();
  /** Turns whose words are not final. @type {Set<number>} */
  #open = new Set();

  /** @param {HTMLElement} list @param {HTMLElement} scroller */
  constructor(list, scroller) {
    this.#list = list;
    this.#scroller = scroller;
  }

  /** A new session follows: its turns and responses are counted from the start. */
  restart() {
    this.#turns.clear();
    this.#responses.clear();
    this.#open.clear();
    if (this.#list.childElementCount) this.#append(make('li', 'break', 'A new conversation'));
  }

  /** @param {string} text */
  typed(text) {
    this.#append(turn('user', 'You', make('p', '', text)));
  }

  /** @param {ServerMessage} message @param {number} rate Of the responses' samples, in Hz. */
  receive(message, rate) {
    switch (message.type) {
      case 'transcript.partial':
        return this.#showPartial(message);
      case 'transcript.final':
        return this.#showFinal(message);
      case 'response.started':
        return this.#begin(message.response);
      case 'response.text':
        return this.#change(message.response, (captions) => captions.addText(message.delta));
      case 'response.words':
        return this.#change(message.response, (captions) => captions.addWords(message.words));
      case 'response.stop':
        return this.#change(message.response, (captions) => captions.stop());
      case 'response.resume':
        this.#setAside();
        return this.#change(message.response, (captions) => captions.resume((message.position * 1000) / rate));
      case 'response.done':
        return this.#end(message);
    }
  }

  /** @param {number} response @param {number} ms */
  played(response, ms) {
    this.#change(response, (captions) => captions.played(ms));
  }

  /** All of it has sounded, or will never sound. @param {number} response */
  finished(response) {
    this.#change(response, (captions) => captions.finish());
  }

  /** @param {{turn: number, text: string, stable: number}} partial */
  #showPartial({ turn, text, stable }) {
    const characters = [...text]; // `stable` counts code points
    this.#open.add(turn);
    this.#bodyOf(turn).replaceChildren(
      make('span', 'stable', characters.slice(0, stable).join('')),
      make('span', 'unstable', characters.slice(stable).join('')),
    );
    this.#follow();
  }

  /** @param {{turn: number, text: string}} final */
  #showFinal({ turn, text }) {
    this.#open.delete(turn);
    this.#bodyOf(turn).replaceChildren(text);
    this.#follow();
  }

  /** What the user said while the response went on was no turn: a backchannel, a noise. */
  #setAside() {
    for (const turn of this.#open) this.#turns.get(turn)?.closest('li')?.classList.add('aside');
    this.#open.clear();
  }

  /** @param {number} number @returns {HTMLElement} */
  #bodyOf(number) {
    const known = this.#turns.get(number);
    if (known) return known;
    const body = make('p', '');
    this.#turns.set(number, body);
    this.#append(turn('user', 'You', body));
    return body;
  }

  /** @param {number} response */
  #begin(response) {
    const body = make('p', '');
    this.#responses.set(response, { captions: new Captions(), body, words: [] });
    this.#append(turn('agent', 'Assistant', body));
  }

  /** @param {number} response @param {(captions: Captions) => void} change */
  #change(response, change) {
    const entry = this.#responses.get(response);
    if (!entry) return;
    change(entry.captions);
    entry.captions.words.forEach(({ text, state }, i) => {
      const word = entry.words[i] ?? this.#addWord(entry, i);
      if (word.textContent !== text) word.textContent = text;
      if (word.dataset.state !== state) word.dataset.state = state;
    });
  }

  /** @param {{body: HTMLElement, words: HTMLElement[]}} entry @param {number} index */
  #addWord({ body, words }, index) {
    const word = make('span', 'word');
    body.append(...(index ? [make('span', 'space', ' ')] : []), word);
    words.push(word);
    this.#follow();
    return word;
  }

  /** @param {import('../types/protocol').ServerMessages['response.done']} done */
  #end({ response, status, text, heard }) {
    this.#change(response, (captions) => captions.done(status, text, heard));
    const body = this.#responses.get(response)?.body;
    if (status !== 'completed') body?.append(' ', make('span', 'note', `— ${status}`));
    if (body && !body.textContent?.trim()) body.closest('li')?.remove();
  }

  /** @param {HTMLElement} item */
  #append(item) {
    this.#list.append(item);
    this.#follow();
  }

  /** Keep the newest in view, unless the reader has gone back. */
  #follow() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    if (scrollHeight - scrollTop - clientHeight < NEAR_THE_END_PX) this.#scroller.scrollTop = scrollHeight;
  }
}

/** @param {'user' | 'agent'} kind @param {string} who @param {HTMLElement} body */
function turn(kind, who, body) {
  return make('li', `turn ${kind}`, make('span', 'who', who), body);
}
