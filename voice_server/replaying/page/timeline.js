/** Draws in one lane; `top` of everything counts from the lane's. Remembers what can be hovered over. */
class Pen {
  constructor(context, scale, colours) {
    Object.assign(this, { context, scale, colours, hits: [], top: 0, height: 0 });
  }

  colour(name) { return this.colours(name); }

  band(from, to, top, height, colour, alpha) {
    if (!this.scale.sees(from, to)) return;
    this.context.globalAlpha = alpha;
    this.context.fillStyle = this.colour(colour);
    const x = this.scale.x(from);
    this.context.fillRect(x, this.top + top, Math.max(1, this.scale.x(to) - x), height);
    this.context.globalAlpha = 1;
  }

  line(from, to, y, colour) { this.band(from, to, y, 1, colour, 1); }

  tick(at, top, height, colour, width = 1) {
    if (!this.scale.sees(at, at)) return;
    this.context.fillStyle = this.colour(colour);
    this.context.fillRect(Math.round(this.scale.x(at)), this.top + top, width, height);
  }

  dot(at, y, colour, radius) {
    if (!this.scale.sees(at, at)) return;
    this.context.fillStyle = this.colour(colour);
    this.context.beginPath();
    this.context.arc(this.scale.x(at), this.top + y, radius, 0, 7);
    this.context.fill();
  }

  flag(at, text, colour, y = 4) {
    if (this.scale.perPixel < 25) this.text(text, at + this.scale.perPixel * 5, y, colour, 60);
  }

  /** Text that begins at a moment. Returns where it ends, in pixels. */
  text(text, at, y, colour, room) {
    const x = this.scale.x(at) + 3;
    if (x < this.scale.left - room || x > this.scale.left + this.scale.width) return x;
    const shown = this.fitted(text, room);
    this.context.fillStyle = this.colour(colour);
    this.context.fillText(shown, x, this.top + y);
    return x + this.context.measureText(shown).width;
  }

  /** Text within a band, if there is room; it stays in sight while the band is. */
  label(text, from, to, y, colour) {
    if (!this.scale.sees(from, to)) return;
    const x = Math.max(this.scale.x(from), this.scale.left) + 4;
    const shown = this.fitted(text, Math.min(this.scale.x(to), this.scale.left + this.scale.width) - x - 2);
    this.context.fillStyle = this.colour(colour);
    this.context.fillText(shown, x, this.top + y);
  }

  fitted(text, room) {
    if (room < 14) return '';
    if (this.context.measureText(text).width <= room) return text;
    let length = Math.floor((text.length * room) / this.context.measureText(text).width);
    while (length > 0 && this.context.measureText(`${text.slice(0, length)}…`).width > room) length -= 1;
    return length > 1 ? `${text.slice(0, length)}…` : '';
  }

  note(text) {
    this.context.fillStyle = this.colour('muted');
    this.context.fillText(text, this.scale.left + 6, this.top + this.height / 2);
  }

  hit(from, to, top, height, what) {
    if (this.scale.sees(from, to)) this.hits.push({ x: this.scale.x(from), end: this.scale.x(to), top: this.top + top, bottom: this.top + top + height, what });
  }

  hitAt(at, top, height, what) {
    const reach = this.scale.perPixel * 4;
    this.hit(at - reach, at + reach, top, height, what);
  }
}

const TOLD_AT_ONCE = 3;

/** The canvas with all lanes, and the strip above it that shows the whole session. */
class Timeline {
  constructor(data, canvas, overview, tip, keep) {
    Object.assign(this, { data, canvas, overview, tip, keep, hits: [], hover: null });
    this.scale = new Scale(data.end);
    this.scale.changed = () => this.redraw();
    Object.assign(this, lanesOf(data));
    this.listen();
    new ResizeObserver(() => this.redraw()).observe(canvas.parentElement);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.redraw());
  }

  redraw() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  draw() {
    const style = getComputedStyle(document.documentElement);
    const colours = (name) => (name === 'onBand' ? style.getPropertyValue('--surface') : style.getPropertyValue(`--${name}`));
    this.drawLanes(colours);
    this.drawOverview(colours);
  }

  open(canvas, height) {
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.parentElement.clientWidth;
    canvas.style.blockSize = `${height}px`;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const context = canvas.getContext('2d');
    context.scale(ratio, ratio);
    context.font = '11px system-ui, "Liberation Sans", sans-serif';
    context.textBaseline = 'middle';
    return { context, width };
  }

  drawLanes(colours) {
    const { context, width } = this.open(this.canvas, this.height);
    this.scale.left = GUTTER;
    this.scale.width = Math.max(1, width - GUTTER - 8);
    const pen = new Pen(context, this.scale, colours);
    this.ruler(context, colours);
    for (const lane of this.lanes) {
      context.fillStyle = colours('muted');
      context.fillText(lane.name, 12, lane.top + lane.height / 2);
      context.save();
      context.beginPath();
      context.rect(GUTTER, lane.top - 5, this.scale.width, lane.height + 10);
      context.clip();
      Object.assign(pen, { top: lane.top, height: lane.height });
      lane.draw(pen);
      context.restore();
    }
    this.hits = pen.hits;
    if (this.hover !== null) {
      context.fillStyle = colours('muted');
      context.fillRect(this.hover, RULER - 6, 1, this.height);
    }
  }

  ruler(context, colours) {
    const { step, ticks } = this.scale.ticks();
    for (const at of ticks) {
      const x = Math.round(this.scale.x(at));
      context.fillStyle = colours('line');
      context.fillRect(x, RULER - 6, 1, this.height);
      context.fillStyle = colours('muted');
      context.fillText(clock(at, step), x + 3, 12);
    }
  }

  drawOverview(colours) {
    const { context, width } = this.open(this.overview, 44);
    const whole = new Scale(this.data.end);
    whole.left = GUTTER;
    whole.width = Math.max(1, width - GUTTER - 8);
    this.whole = whole;
    const pen = new Pen(context, whole, colours);
    Object.assign(pen, { top: 4, height: 36 });
    for (const [from, to, floor] of this.data.floor) if (FLOORS[floor]) pen.band(from, to, 0, 36, FLOORS[floor], 0.75);
    for (const stop of this.data.stops) pen.tick(stop.at, 0, 36, 'danger', 2);
    context.fillStyle = colours('muted');
    context.fillText('whole session', 12, 22);
    context.globalAlpha = 0.72;
    context.fillStyle = colours('surface');
    context.fillRect(GUTTER, 0, whole.x(this.scale.from) - GUTTER, 44);
    context.fillRect(whole.x(this.scale.to), 0, width, 44);
    context.globalAlpha = 1;
    context.strokeStyle = colours('text');
    context.strokeRect(whole.x(this.scale.from) + 0.5, 1.5, Math.max(2, whole.x(this.scale.to) - whole.x(this.scale.from) - 1), 41);
  }

  // ── hands ──

  listen() {
    const { canvas, overview, scale } = this;
    canvas.addEventListener('wheel', (event) => {
      event.preventDefault();
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) scale.move((event.deltaX || event.deltaY) * scale.perPixel);
      else scale.zoom(Math.exp(event.deltaY / 400), scale.ms(event.offsetX));
    }, { passive: false });
    canvas.addEventListener('pointerdown', (event) => this.grab(event));
    canvas.addEventListener('pointermove', (event) => this.point(event));
    canvas.addEventListener('pointerleave', () => this.leave());
    canvas.addEventListener('keydown', (event) => this.press(event));
    const centre = (event) => {
      if (!event.buttons) return;
      const half = (scale.to - scale.from) / 2;
      const at = this.whole.ms(event.offsetX);
      scale.show(at - half, at + half);
    };
    overview.addEventListener('pointerdown', centre);
    overview.addEventListener('pointermove', centre);
  }

  press(event) {
    const span = this.scale.to - this.scale.from;
    const moves = { ArrowLeft: () => this.scale.move(-span / 8), ArrowRight: () => this.scale.move(span / 8), '+': () => this.scale.zoom(0.7), '-': () => this.scale.zoom(1.4), 0: () => this.scale.show(0, this.scale.end) };
    if (!moves[event.key]) return;
    event.preventDefault();
    moves[event.key]();
  }

  grab(event) {
    this.canvas.setPointerCapture(event.pointerId);
    const start = { x: event.offsetX, from: this.scale.from, moved: false };
    const move = (moved) => {
      const dx = moved.offsetX - start.x;
      start.moved ||= Math.abs(dx) > 3;
      this.canvas.classList.toggle('moving', start.moved);
      if (start.moved) this.scale.show(start.from - dx * this.scale.perPixel, start.from - dx * this.scale.perPixel + (this.scale.to - this.scale.from));
    };
    const drop = (up) => {
      this.canvas.removeEventListener('pointermove', move);
      this.canvas.classList.remove('moving');
      const found = start.moved ? [] : this.at(up.offsetX, up.offsetY);
      if (found.length) this.keep(found[0]);
    };
    this.canvas.addEventListener('pointermove', move);
    this.canvas.addEventListener('pointerup', drop, { once: true });
  }

  /** What is under the pointer, the nearest and smallest first; of several at one place, the top one. */
  at(x, y) {
    const under = this.hits.toReversed().filter((hit) => x >= hit.x && x <= hit.end && y >= hit.top && y <= hit.bottom);
    under.sort((a, b) => Math.abs(x - (a.x + a.end) / 2) + a.end - a.x - (Math.abs(x - (b.x + b.end) / 2) + b.end - b.x));
    return under.map((hit) => hit.what);
  }

  point(event) {
    this.hover = event.offsetX >= GUTTER ? event.offsetX : null;
    this.redraw();
    const under = this.at(event.offsetX, event.offsetY).slice(0, TOLD_AT_ONCE);
    this.tip.hidden = this.hover === null;
    if (this.hover === null) return;
    if (!under.length) under.push({ title: clock(this.scale.ms(event.offsetX)) });
    this.tip.replaceChildren(...under.flatMap(told));
    const { width, height } = this.tip.getBoundingClientRect();
    this.tip.style.left = `${Math.min(event.clientX + 14, innerWidth - width - 8)}px`;
    this.tip.style.top = `${event.clientY + 18 + height > innerHeight ? event.clientY - height - 10 : event.clientY + 18}px`;
  }

  leave() {
    this.hover = null;
    this.tip.hidden = true;
    this.redraw();
  }
}

/** What there is to say of a thing: when, what, and its raw form, cut. */
function told(what) {
  const time = document.createElement('time');
  if (what.at !== undefined) time.textContent = clock(what.at);
  else if (what.from !== undefined) time.textContent = `${clock(what.from)} – ${clock(what.to)} (${Math.round(what.to - what.from)} ms)`;
  const title = document.createElement('b');
  title.append(time, what.title);
  if (!what.body) return [title];
  const body = document.createElement('code');
  body.textContent = what.body.length > 600 ? `${what.body.slice(0, 600)}…` : what.body;
  return [title, body];
}
