/** The lanes of the timeline. Each draws what it can see, and tells where things are to be hovered over. */

const RULER = 26;
const GUTTER = 92;

function lanesOf(data) {
  const bytes = (wave) => wave && Uint8Array.from(atob(wave.peaks), (c) => c.charCodeAt(0));
  const user = bytes(data.user);
  const agent = bytes(data.agent);
  const lanes = [
    { name: 'floor', height: 26, draw: drawFloor(data.floor) },
    { name: 'user', height: 66, draw: (pen) => { drawSpeech(pen, data); wave(pen, data.user, user, 'user'); likely(pen, data.voice); } },
    { name: 'heard as', height: 42, draw: drawTranscripts(data) },
    { name: 'assistant', height: 66, draw: (pen) => { drawHeard(pen, data); wave(pen, data.agent, agent, 'agent'); } },
    { name: 'words', height: 24, draw: (pen) => data.words.forEach((w) => word(pen, w)) },
    { name: 'sent, heard', height: 34, draw: drawSent(data) },
    { name: 'clauses', height: 40, draw: drawClauses(data) },
    { name: 'tokens', height: 22, draw: (pen) => data.tokens.forEach((t) => token(pen, t)) },
    { name: 'decisions', height: 20, draw: (pen) => data.decisions.forEach((d) => decision(pen, d)) },
    { name: 'from client', height: 20, draw: (pen) => messages(pen, data, 'client') },
    { name: 'from server', height: 20, draw: (pen) => messages(pen, data, 'server') },
  ];
  let top = RULER;
  for (const lane of lanes) {
    lane.top = top;
    top += lane.height + 8;
  }
  return { lanes, height: top + 4 };
}

const FLOORS = { open: null, user: 'user', endpointing: 'endpointing', thinking: 'thinking', agent: 'agent', contested: 'contested' };

function drawFloor(floor) {
  return (pen) => {
    for (const [from, to, name] of floor) {
      if (!FLOORS[name]) { pen.line(from, to, pen.height / 2, 'line'); continue; }
      pen.band(from, to, 3, pen.height - 6, FLOORS[name], 1);
      pen.label(name, from, to, pen.height / 2, 'onBand');
      pen.hit(from, to, 0, pen.height, { title: `floor: ${name}`, from, to });
    }
  };
}

function drawSpeech(pen, data) {
  for (const [from, to] of data.speech) {
    pen.band(from, to, 0, pen.height, 'user', 0.14);
    pen.hit(from, to, 0, pen.height, { title: 'speech, by the VAD', from, to });
  }
}

function wave(pen, about, peaks, colour) {
  if (!about) { pen.note('without sound'); return; }
  const { scale, context } = pen;
  context.fillStyle = pen.colour(colour);
  const middle = pen.top + pen.height / 2;
  for (let x = scale.left; x < scale.left + scale.width; x += 1) {
    const first = Math.floor((scale.ms(x) - about.start) / about.step);
    const last = Math.max(first + 1, Math.floor((scale.ms(x + 1) - about.start) / about.step));
    let peak = 0;
    for (let i = Math.max(first, 0); i < last && i < peaks.length; i += 1) peak = Math.max(peak, peaks[i]);
    const high = Math.max(0.5, (peak / 255) * (pen.height / 2 - 1));
    context.fillRect(x, middle - high, 1, high * 2);
  }
}

/** How sure the judge is that somebody speaks, as a line. */
function likely(pen, voice) {
  const { context, scale } = pen;
  context.strokeStyle = pen.colour('contested');
  context.lineWidth = 1;
  context.beginPath();
  let before = -Infinity;
  for (const [at, p] of voice) {
    if (!scale.sees(at - 100, at + 100)) continue;
    const y = pen.top + pen.height - 1 - p * (pen.height - 2);
    if (at - before > 100) context.moveTo(scale.x(at), y); else context.lineTo(scale.x(at), y);
    before = at;
  }
  context.stroke();
}

function drawTranscripts(data) {
  return (pen) => {
    let free = -Infinity;
    for (const partial of data.partials) {
      pen.tick(partial.at, 0, 5, 'user');
      const room = pen.scale.x(partial.at);
      if (room > free) free = pen.text(partial.text, partial.at, 12, 'muted', 160) + 10;
      pen.hitAt(partial.at, 0, 20, { title: `partial of turn ${partial.turn}`, at: partial.at, body: partial.text });
    }
    for (const final of data.finals) {
      pen.band(final.start_ms, final.end_ms, 22, 18, 'user', 0.22);
      pen.label(final.text, final.start_ms, Math.max(final.end_ms, final.start_ms + pen.scale.perPixel * 240), 31, 'text');
      pen.hit(final.start_ms, final.end_ms, 20, 22, { title: `final of turn ${final.turn}`, at: final.at, body: final.text });
    }
  };
}

function drawHeard(pen, data) {
  for (const span of data.heard) pen.band(span.start_ms, span.end_ms, 0, pen.height, 'agent', 0.1);
  for (const stop of data.stops) {
    pen.tick(stop.at, -4, pen.height + 8, 'danger', 2);
    pen.flag(stop.at, 'stop', 'danger');
    pen.hitAt(stop.at, -6, pen.height + 12, { title: `stop (${stop.reason})`, at: stop.at, body: `response ${stop.response}` });
  }
  for (const resume of data.resumes) {
    pen.tick(resume.at, -4, pen.height + 8, 'ok', 2);
    pen.flag(resume.at, 'resume', 'ok', pen.height - 8);
    pen.hitAt(resume.at, -6, pen.height + 12, { title: 'resume', at: resume.at, body: `response ${resume.response} from sample ${resume.position}` });
  }
}

function word(pen, w) {
  pen.band(w.start, w.end, 2, pen.height - 4, 'agent', w.whole ? 0.24 : 0.1);
  pen.label(w.text, w.start, w.end, pen.height / 2, w.whole ? 'text' : 'muted');
  pen.hit(w.start, w.end, 0, pen.height, { title: w.text, from: w.start, to: w.end, body: w.whole ? 'heard to its end' : 'cut off' });
}

function drawSent(data) {
  return (pen) => {
    const rows = [[data.sent, 1, 'unheard', 'sent'], [data.heard, 18, 'agent', 'heard']];
    for (const [spans, top, colour, what] of rows) {
      for (const span of spans) {
        pen.band(span.start_ms, span.end_ms, top, 13, colour, 1);
        pen.label(`${what} ${span.response}`, span.start_ms, span.end_ms, top + 7, colour === 'agent' ? 'onBand' : 'text');
        pen.hit(span.start_ms, span.end_ms, top, 14, { title: `audio ${what}, response ${span.response}`, from: span.start_ms, to: span.end_ms, body: `from sample ${span.position}` });
      }
    }
  };
}

function drawClauses(data) {
  return (pen) => {
    const free = [-Infinity, -Infinity]; // of each row: where the text of the one before ends
    for (const c of data.clauses) clause(pen, c, data, free);
  };
}

function clause(pen, c, data, free) {
  const top = c.clause % 2 ? 21 : 1;
  const done = c.done ?? c.first ?? Math.min(data.end, c.at + 300);
  pen.band(c.at, done, top, 17, 'agent', 0.12);
  if (c.first) pen.band(c.first, done, top, 17, 'agent', 0.35);
  const row = c.clause % 2;
  if (pen.scale.x(c.at) > free[row]) free[row] = pen.text(c.text, c.at, top + 9, c.first ? 'text' : 'muted', 220) + 6;
  pen.hit(c.at, Math.max(done, c.at + pen.scale.perPixel * 8), top, 18, { title: `clause ${c.clause} of response ${c.response}`, from: c.at, to: done, body: `${c.text}\n${c.first ? `first sound after ${c.first - c.at} ms` : 'never sounded'}` });
}

function token(pen, t) {
  pen.tick(t.at, 3, pen.height - 6, 'agent');
  if (pen.scale.perPixel < 1.2) pen.text(t.text.trim(), t.at, pen.height / 2, 'text', 60);
  pen.hitAt(t.at, 0, pen.height, { title: `token of response ${t.response}`, at: t.at, body: JSON.stringify(t.text) });
}

function decision(pen, d) {
  pen.dot(d.at, pen.height / 2, d.error ? 'danger' : d.commands.length ? 'contested' : 'line', d.error ? 4 : 2.5);
  const brief = [d.event ? d.event.type : 'time passed', ...d.commands.map((c) => `→ ${c.type}`)].join('\n');
  pen.hitAt(d.at, 0, pen.height, { title: d.error ? `the core raised ${d.error}` : `decision: floor ${d.floor}`, at: d.at, body: brief, raw: d });
}

const MESSAGE_COLOURS = { error: 'danger', 'response.stop': 'danger', 'response.resume': 'ok', interrupt: 'danger' };

function messages(pen, data, from) {
  const loudLast = data.messages.filter((m) => m.from === from).sort((a, b) => (a.type in MESSAGE_COLOURS) - (b.type in MESSAGE_COLOURS));
  for (const m of loudLast) {
    const quiet = /^(ping|pong|ack|playback)$/.test(m.type);
    pen.dot(m.at, pen.height / 2, MESSAGE_COLOURS[m.type] ?? (quiet ? 'line' : from === 'client' ? 'user' : 'agent'), quiet ? 2 : 3.5);
    pen.hitAt(m.at, 0, pen.height, { title: m.type, at: m.at, body: JSON.stringify(m.raw), raw: m.raw });
  }
}
