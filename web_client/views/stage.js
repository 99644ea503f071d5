/** Who has the floor, and the sound of both sides. */

import { Levels, drawWaveform } from '../waveform.js';
import { element } from './elements.js';

const COLUMN_MS = 50;
const CALM_COLUMN_MS = 500; // for those who asked for less motion
const LONGEST_STRIP = 400;

/** @type {Record<string, [string, string]>} What is shown for each holder: the state, and what one can do. */
const TEXTS = {
  idle: ['Ready when you are', 'Press the button and talk, or type below.'],
  open: ['Your turn', 'Say something.'],
  user: ['You are speaking', 'Take your time.'],
  paused: ['You paused', 'Go on, or wait for the answer.'],
  thinking: ['Thinking', ''],
  agent: ['Assistant is speaking', 'Speak up to interrupt.'],
  contested: ['Both are speaking', 'The assistant holds, to hear you.'],
  offline: ['Not connected', 'What you say now is not heard.'],
};

/** @type {Record<string, string>} Where the microphone does not listen by itself. */
const HINTS = {
  'open manual': 'Hold the button or the space bar while you speak.',
  'agent manual': 'Hold the button or the space bar to interrupt.',
  'open text': 'Type below, or press the button to talk.',
  'agent text': 'Press Stop, or type, to interrupt.',
};

export class StageView {
  levels = new Levels(LONGEST_STRIP);
  #stage = element('stage', HTMLElement);
  #floor = element('floor', HTMLElement);
  #hint = element('hint', HTMLElement);
  #canvas = element('waveform', HTMLCanvasElement);
  #calm = matchMedia('(prefers-reduced-motion: reduce)');
  #drawnAtMs = 0;

  /**
   * @param {import('../floor.js').Holder | 'idle' | 'offline'} holder
   * @param {'auto' | 'manual' | 'text'} input How the user can take a turn.
   */
  show(holder, input) {
    const [state, hint] = TEXTS[holder];
    this.#stage.dataset.holder = holder;
    this.#floor.textContent = state;
    this.#hint.textContent = HINTS[`${holder} ${input}`] ?? hint;
  }

  /** Draw from now on. */
  animate() {
    requestAnimationFrame((nowMs) => {
      const intervalMs = this.#calm.matches ? CALM_COLUMN_MS : COLUMN_MS;
      if (nowMs - this.#drawnAtMs >= intervalMs) {
        // In step with time, but not catching up on what passed while the page was hidden.
        this.#drawnAtMs = Math.max(this.#drawnAtMs + intervalMs, nowMs - intervalMs);
        this.levels.tick();
        this.#draw();
      }
      this.animate();
    });
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const scale = devicePixelRatio;
    if (this.#canvas.width !== Math.round(width * scale) || this.#canvas.height !== Math.round(height * scale)) {
      this.#canvas.width = Math.round(width * scale);
      this.#canvas.height = Math.round(height * scale);
    }
    const context = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext('2d'));
    context.setTransform(scale, 0, 0, scale, 0, 0);
    drawWaveform(context, { width, height }, this.levels, this.#colours());
  }

  #colours() {
    const style = getComputedStyle(this.#canvas);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name);
    return { user: colour('--user'), agent: colour('--agent'), line: colour('--line'), stop: colour('--contested') };
  }
}
