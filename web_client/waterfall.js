/**
 * Where the time of a turn went: each stage from what it waits for to its own end. Work that began before the turn was
 * over (it often does) shows as a bar that ends before the bar it would otherwise follow.
 *
 * @typedef {import('./types/protocol').Latency} Latency
 * @typedef {{label: string, startMs: number, endMs: number}} Row
 */

/** @type {{stage: keyof Latency, label: string, after: (keyof Latency)[]}[]} */
const STAGES = [
  { stage: 'transcript_final', label: 'Transcript', after: [] },
  { stage: 'turn_end', label: 'End of turn', after: [] },
  { stage: 'first_token', label: 'First token', after: ['transcript_final'] },
  { stage: 'first_clause', label: 'First clause', after: ['first_token'] },
  { stage: 'first_audio', label: 'First audio', after: ['first_clause'] },
  { stage: 'first_playback', label: 'First sound', after: ['first_audio', 'turn_end'] },
];

/** @param {Latency} latency @returns {Row[]} In ms after the end of the user's speech. */
export function waterfallRows(latency) {
  return STAGES.flatMap(({ stage, label, after }) => {
    const endMs = latency[stage];
    if (typeof endMs !== 'number') return [];
    const startMs = Math.max(0, ...after.map((earlier) => latency[earlier] ?? 0));
    return [{ label, startMs: Math.min(startMs, endMs), endMs }];
  });
}

/**
 * @param {Element} body The body of a table; it is refilled.
 * @param {Latency} latency
 */
export function drawWaterfall(body, latency) {
  const rows = waterfallRows(latency);
  const scale = 100 / Math.max(1, ...rows.map((row) => row.endMs));
  body.replaceChildren(...rows.map((row) => tableRow(body.ownerDocument, row, scale)));
}

/** @param {Document} document @param {Row} row @param {number} scale Percent per ms. */
function tableRow(document, { label, startMs, endMs }, scale) {
  const tr = document.createElement('tr');
  const head = document.createElement('th');
  head.scope = 'row';
  head.textContent = label;
  const bar = document.createElement('div');
  bar.className = 'bar';
  bar.style.marginInlineStart = `${Math.max(0, startMs) * scale}%`;
  bar.style.inlineSize = `${Math.max(0, endMs - Math.max(0, startMs)) * scale}%`;
  const track = document.createElement('td');
  track.append(bar);
  const value = document.createElement('td');
  value.textContent = `${endMs} ms`;
  tr.append(head, track, value);
  return tr;
}
