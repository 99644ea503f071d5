(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const at = (id) => document.getElementById(id);
  const { head } = data;
  document.title = `Session ${head.session}`;
  at('title').textContent = `Session ${head.session}`;
  const models = Object.values(head.models ?? {}).join(', ');
  const dial = `responsiveness ${head.config.turn.responsiveness}`;
  at('about').textContent = [head.started, clock(data.end, 100), models, dial, `server ${head.server ?? '?'}`].filter(Boolean).join(' · ');

  for (const [name, value] of Object.entries(data.numbers)) {
    const pair = document.createElement('div');
    const dt = document.createElement('dt');
    const dd = document.createElement('dd');
    dt.textContent = name;
    dd.textContent = value === null ? '–' : name.startsWith('gap') ? `${value} ms` : value;
    if (value && (name === 'errors' || name === 'cut-offs')) pair.className = 'bad';
    pair.append(dt, dd);
    at('numbers').append(pair);
  }
  const left = head.left_out?.length ? [`captured without ${head.left_out.join(' and ')}`] : [];
  for (const note of [...left, ...data.notes]) {
    const line = document.createElement('p');
    line.textContent = note;
    at('notes').append(line);
  }
  const legend = [['user', 'user speaks'], ['endpointing', 'is it over?'], ['thinking', 'answer is made'], ['agent', 'assistant speaks'], ['contested', 'contested; VAD'], ['danger', 'stop'], ['ok', 'resume']];
  for (const [colour, name] of legend) {
    const item = document.createElement('span');
    const patch = document.createElement('i');
    patch.style.background = `var(--${colour})`;
    item.append(patch, name);
    at('legend').append(item);
  }

  const keep = (what) => {
    at('kept-when').textContent = `${what.title} at ${clock(what.at ?? what.from)}`;
    at('kept').textContent = what.raw === undefined ? (what.body ?? '') : JSON.stringify(what.raw, null, 2);
  };
  const timeline = new Timeline(data, at('lanes'), at('overview'), at('tip'), keep);
  at('in').addEventListener('click', () => timeline.scale.zoom(0.6));
  at('out').addEventListener('click', () => timeline.scale.zoom(1.7));
  at('all').addEventListener('click', () => timeline.scale.show(0, data.end));
  drawTurns(data, at('turns'), (response) => {
    timeline.scale.show(response.origin - 1500, Math.max(response.origin + 3500, response.began + 2500));
    at('lanes').scrollIntoView({ block: 'nearest' });
  });
  window.timeline = timeline; // for those who look with the console
  document.documentElement.dataset.ready = 'yes';
})();
