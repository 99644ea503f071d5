/** The waterfall of each answer: a bar from the stage before to each stage. */

const STAGE_NAMES = { transcript_final: 'final transcript', turn_end: 'turn is over', first_token: 'first token', first_clause: 'first clause', first_audio: 'first audio', first_playback: 'first played' };
const STAGE_COLOURS = { transcript_final: 'user', turn_end: 'endpointing', first_token: 'thinking', first_clause: 'unheard', first_audio: 'agent', first_playback: 'ok' };
const ROW = 17;
const NAMES_WIDTH = 110;

function drawTurns(data, place, show) {
  const longest = Math.max(500, ...data.responses.flatMap((r) => Object.values(r.stages)));
  place.replaceChildren(...data.responses.map((response) => turnCard(response, longest, show)));
  if (!data.responses.length) place.textContent = 'Nothing was answered.';
}

function turnCard(response, longest, show) {
  const card = document.createElement('button');
  card.type = 'button';
  card.className = 'turn';
  const status = document.createElement('span');
  status.className = `status ${response.status}`;
  status.textContent = `${clock(response.began)} · ${response.status}`;
  const asked = document.createElement('b');
  asked.textContent = response.asked || '(no speech)';
  const answer = document.createElement('div');
  answer.append(...spoken(response));
  card.append(status, asked, answer, waterfall(response, longest));
  card.addEventListener('click', () => show(response));
  return card;
}

/** What was heard of the text, and what was not. */
function spoken({ text, heard }) {
  const said = document.createElement('span');
  said.className = 'said';
  const words = text.split(/\s+/);
  const count = heard ? heard.split(/\s+/).length : 0;
  said.textContent = words.slice(0, count).join(' ');
  const rest = document.createElement('span');
  rest.className = 'unheard';
  rest.textContent = words.slice(count).join(' ');
  return [said, ' ', rest];
}

function waterfall(response, longest) {
  const stages = Object.entries(response.stages).sort((a, b) => a[1] - b[1]);
  const svg = element('svg', { viewBox: `0 0 600 ${stages.length * ROW || 1}`, role: 'img' });
  const x = (ms) => NAMES_WIDTH + (ms / longest) * (600 - NAMES_WIDTH - 50);
  let before = 0;
  stages.forEach(([stage, ms], row) => {
    const y = row * ROW;
    svg.append(
      text(STAGE_NAMES[stage], { x: 0, y: y + 12 }),
      element('rect', { x: x(before), y: y + 3, width: Math.max(2, x(ms) - x(before)), height: ROW - 6, rx: 2, fill: `var(--${STAGE_COLOURS[stage]})` }),
      text(`${ms}`, { x: x(ms) + 5, y: y + 12, class: 'value' }),
    );
    before = ms;
  });
  return svg;
}

function element(name, attributes) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function text(content, attributes) {
  const made = element('text', attributes);
  made.textContent = content;
  return made;
}
