/**
 * The words of one response, each with what became of it: they light up as they sound, and are struck out from
 * where the response was cut off.
 *
 * @typedef {import('./types/protocol').Word} Word
 * @typedef {import('./types/protocol').ResponseStatus} ResponseStatus
 * @typedef {'pending' | 'sounding' | 'heard' | 'cut'} WordState
 * @typedef {{text: string, start_ms: number | null, end_ms: number | null}} Caption
 */

/** Words that the text has and the voice leaves out, such as a list's dashes, are few and short. */
const LOOK_AHEAD = 4;

export class Captions {
  /** @type {Caption[]} */
  #captions = [];
  /** The text so far may end within a word. */
  #text = '';
  #placed = 0;
  #playedMs = -1;
  /** @type {'playing' | 'paused' | 'completed' | 'cut'} */
  #state = 'playing';
  #finished = false;
  /** @type {number | null} How many words were heard, once the server has said so. */
  #heardCount = null;

  /** More of the text was generated. @param {string} delta */
  addText(delta) {
    this.#text += delta;
    this.#captions = words(this.#text).map((text, i) => {
      const { start_ms = null, end_ms = null } = this.#captions[i] ?? {};
      return { text, start_ms, end_ms };
    });
  }

  /** It is known when more words sound. @param {Word[]} timed In order. */
  addWords(timed) {
    for (const word of timed) this.#place(word);
  }

  /** So much of the response has sounded. @param {number} ms */
  played(ms) {
    if (!this.#finished) this.#playedMs = ms;
  }

  /** It was stopped; whether for good will turn out. */
  stop() {
    if (this.#state === 'playing') this.#state = 'paused';
  }

  /** The stop is taken back. @param {number} ms Where it goes on. */
  resume(ms) {
    if (this.#state === 'paused') this.#state = 'playing';
    this.#finished = false;
    this.#playedMs = ms;
  }

  /**
   * It has ended.
   *
   * @param {ResponseStatus} status
   * @param {string} text All that was generated.
   * @param {string} heard What of it the user heard.
   */
  done(status, text, heard) {
    if (words(text).length > this.#captions.length) this.addText(text.slice(this.#text.length));
    this.#state = status === 'completed' ? 'completed' : 'cut';
    this.#heardCount = status === 'completed' ? null : this.#countHeard(words(heard));
  }

  /** Everything that there is has sounded. */
  finish() {
    this.#finished = true;
    this.#playedMs = Infinity;
  }

  /** @returns {{text: string, state: WordState}[]} */
  get words() {
    return this.#captions.map((caption, i) => ({ text: caption.text, state: this.#stateOf(caption, i) }));
  }

  /** @param {Caption} caption @param {number} index @returns {WordState} */
  #stateOf(caption, index) {
    if (this.#heardCount !== null) return index < this.#heardCount ? 'heard' : 'cut';
    const { start_ms, end_ms } = this.#timesOf(caption, index);
    if (end_ms <= this.#playedMs) return 'heard';
    if (this.#state === 'paused') return 'cut';
    return start_ms <= this.#playedMs ? 'sounding' : 'pending';
  }

  /** A word that is not spoken goes with the word before it. @param {Caption} caption @param {number} index */
  #timesOf({ start_ms, end_ms }, index) {
    if (start_ms !== null && end_ms !== null) return { start_ms, end_ms };
    if (index >= this.#placed) return { start_ms: Infinity, end_ms: Infinity };
    const before = this.#captions.slice(0, index).findLast((c) => c.end_ms !== null)?.end_ms ?? 0;
    return { start_ms: before, end_ms: before };
  }

  /** @param {Word} word */
  #place({ text, start_ms, end_ms }) {
    const at = this.#find(text);
    this.#captions[at] = { text: this.#captions[at]?.text ?? text, start_ms, end_ms };
    this.#placed = at + 1;
  }

  /** Which caption a spoken word is: the next alike, or else simply the next. @param {string} text */
  #find(text) {
    const near = this.#captions.slice(this.#placed, this.#placed + LOOK_AHEAD);
    const ahead = near.findIndex((caption) => alike(caption.text, text));
    return this.#placed + Math.max(0, ahead);
  }

  /** How many captions the heard words cover. @param {string[]} heard */
  #countHeard(heard) {
    let count = 0;
    for (const word of heard) {
      const near = this.#captions.slice(count, count + LOOK_AHEAD);
      count += 1 + Math.max(0, near.findIndex((caption) => alike(caption.text, word)));
    }
    return Math.min(count, this.#captions.length);
  }
}

/** Chinese and Japanese have a full-width mark where others have a mark and a space. @param {string} text */
function words(text) {
  return text.split(/\s+|(?:(?<=[。！？，；：、])|(?<=[。！？][」』”’）]))(?=[^\s。！？，；：、」』”’）])/).filter(Boolean);
}

/** @param {string} first @param {string} second */
function alike(first, second) {
  return bare(first) === bare(second);
}

/** @param {string} word */
function bare(word) {
  return word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}
