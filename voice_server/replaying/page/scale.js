'use strict';

/** Which part of the session is shown, and how it maps to pixels. Times are session ms. */
class Scale {
  constructor(end) {
    this.end = Math.max(end, 1);
    this.from = 0;
    this.to = this.end;
    this.left = 0;
    this.width = 1;
    this.changed = () => {};
  }

  x(ms) { return this.left + ((ms - this.from) / (this.to - this.from)) * this.width; }
  ms(x) { return this.from + ((x - this.left) / this.width) * (this.to - this.from); }
  get perPixel() { return (this.to - this.from) / this.width; }
  sees(from, to) { return to >= this.from && from <= this.to; }

  show(from, to) {
    const span = Math.min(Math.max(to - from, 50), this.end);
    this.from = Math.min(Math.max(from, 0), this.end - span);
    this.to = this.from + span;
    this.changed();
  }

  zoom(factor, at = (this.from + this.to) / 2) {
    this.show(at - (at - this.from) * factor, at + (this.to - at) * factor);
  }

  move(ms) { this.show(this.from + ms, this.to + ms); }

  /** Round steps, at least 90 pixels apart. */
  ticks() {
    const least = this.perPixel * 90;
    const step = [10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 3e4, 6e4, 3e5, 6e5].find((s) => s >= least) ?? 36e5;
    const ticks = [];
    for (let at = Math.ceil(this.from / step) * step; at <= this.to; at += step) ticks.push(at);
    return { step, ticks };
  }
}

/** `83.25` s as `1:23.25`; as exact as `step` asks for. */
function clock(ms, step = 1) {
  const digits = step >= 1000 ? 0 : step >= 100 ? 1 : step >= 10 ? 2 : 3;
  const seconds = (ms / 1000) % 60;
  const minutes = Math.floor(ms / 60_000);
  return `${minutes}:${seconds.toFixed(digits).padStart(digits ? digits + 3 : 2, '0')}`;
}
