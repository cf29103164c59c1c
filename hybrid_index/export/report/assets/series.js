// Series: how the free parameters of trusted cells change along them. Knows numbers, not the table.
const tracks = (() => {
  const NAMES = ["a", "b", "c", "α", "β", "γ", "V"], UNITS = ["Å", "Å", "Å", "°", "°", "°", "Å³"];
  const SAME_PHASE = 0.05; // a primitive volume that changes more from one pattern to the next is that of another phase
  const POINTS = { P: 1, C: 2, I: 2, F: 4, R: 3 };
  const LEFT = 58, FOOT = 20, HEAD = 16;

  // 8.4820(3) is 8.4820 with an uncertainty of 0.0003
  function parse(text) {
    const [, whole, decimals = "", esd] = /^(-?\d+)\.?(\d*)(?:\((\d+)\))?/.exec(text) || [];
    return whole == null ? null : { value: parseFloat(text), esd: esd ? esd * 10 ** -decimals.length : 0 };
  }

  // Steps {order, at, trusted, relation, change, lattice, free, cell, volume} become points with phase and base.
  function prepare(steps) {
    const phases = []; // {lattice, volume: the latest, base: the first of each parameter}; one may come back
    let before = null;
    return steps.map((step, index) => {
      if (!step.trusted) return { ...step, quantities: {} };
      const volume = parse(step.volume).value / POINTS[step.lattice[1]];
      const same = (one) => one.lattice === step.lattice && Math.abs(volume / one.volume - 1) < SAME_PHASE;
      let phase = phases.find(same);
      if (!phase) phases.push((phase = { lattice: step.lattice, base: {} }));
      phase.volume = volume;
      const begins = phase !== before, { base } = phase;
      before = phase;
      const places = [...step.free, 6], quantities = {};
      for (const place of places) {
        const quantity = parse(place === 6 ? step.volume : step.cell[place]);
        if (!quantity) continue;
        base[place] ??= quantity.value;
        quantities[place] = { ...quantity, base: base[place] };
      }
      return { ...step, index, phase, begins, quantities };
    });
  }

  function nice(span, most) {
    const rough = span / most, power = 10 ** Math.floor(Math.log10(rough));
    return power * ([1, 2, 5].find((digit) => digit * power >= rough) || 10);
  }

  function levels(low, high, most) {
    const step = nice(high - low, most), digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const first = Math.ceil(low / step - 1e-9), count = Math.floor(high / step + 1e-9) - first + 1;
    return Array.from({ length: count }, (_, i) => [(first + i) * step, ((first + i) * step).toFixed(digits)]);
  }

  // One parameter along a series; returns which step is drawn next to a place.
  function draw(canvas, steps, place, { relative, strong }) {
    const [context, width, height] = pictures.brush(canvas), colour = pictures.colour;
    const shown = ({ quantities: { [place]: q } }) =>
      q && (relative ? { value: (q.value / q.base - 1) * 100, esd: (q.esd / q.base) * 100 } : q);
    const points = steps.map((step) => ({ ...step, ...shown(step) })).filter((point) => point.value != null);
    const reach = (some) => some.reduce(([low, high], x) => [Math.min(low, x), Math.max(high, x)], [Infinity, -Infinity]);
    let [low, high] = reach(points.flatMap(({ value, esd }) => [value - esd, value + esd]));
    const room = Math.max((high - low) * 0.08, Math.abs(high) * 1e-6, 1e-6), [first, last] = reach(steps.map(({ at }) => at));
    [low, high] = [low - room, high + room];
    const base = height - FOOT, edge = 6, span = last - first || 1;
    const x = (at) => LEFT + edge + ((at - first) / span) * (width - LEFT - 2 * edge);
    const y = (value) => base - ((value - low) / (high - low)) * (base - HEAD);
    context.textAlign = "right";
    for (const [level, label] of levels(low, high, 6)) {
      context.fillStyle = colour("line");
      context.fillRect(LEFT, y(level), width - LEFT, 1);
      context.fillStyle = colour("soft");
      context.fillText(label.replace("-", "−"), LEFT - 6, y(level) + 4);
    }
    context.textAlign = "center";
    for (const [level, label] of levels(first, first + span, 5)) {
      context.fillStyle = colour("line");
      context.fillRect(x(level), base, 1, 4);
      context.fillStyle = colour("soft");
      context.fillText(label.replace("-", "−"), Math.min(x(level), width - 14), height - 4);
    }
    context.fillStyle = colour("faint");
    for (const step of steps) if (!step.trusted) context.fillRect(x(step.at) - 1, base - 5, 2, 5);
    steps.forEach((step, i) => {
      if (step.relation !== "changed") return;
      const middle = Math.round((x(step.at) + x(steps[Math.max(0, i - 1)].at)) / 2);
      context.fillStyle = colour(step.begins ? "foreign" : "ambiguous");
      for (let top = HEAD - 4; top < base; top += 6) context.fillRect(middle, top, 1, 3);
    });
    let labelled = -Infinity;
    context.textAlign = "left";
    context.fillStyle = colour("soft");
    for (const step of steps.filter(({ begins }) => begins)) {
      if (x(step.at) < labelled) continue;
      context.fillText(step.lattice, x(step.at), 10);
      labelled = x(step.at) + 15;
    }
    context.strokeStyle = context.fillStyle = colour("bar");
    points.forEach((point, i) => {
      const before = points[i - 1];
      if (!before || before.phase !== point.phase || point.index - before.index > 1) return; // nothing trusted between them
      context.beginPath();
      context.moveTo(x(before.at), y(before.value));
      context.lineTo(x(point.at), y(point.value));
      context.stroke();
    });
    for (const point of points) {
      context.fillStyle = strong(point.order) ? colour("accent") : colour("ghost");
      if (point.esd) context.fillRect(x(point.at) - 0.5, y(point.value + point.esd), 1, y(point.value - point.esd) - y(point.value + point.esd));
      context.beginPath();
      context.arc(x(point.at), y(point.value), points.length > 300 ? 1.3 : 2.2, 0, 7);
      context.fill();
    }
    return (at) => steps.reduce((near, step) => (Math.abs(x(step.at) - at) < Math.abs(x(near.at) - at) ? step : near));
  }

  // Which parameters any of the cells leaves free, volume last.
  const places = (steps) => NAMES.map((_, place) => place).filter((place) => steps.some(({ quantities }) => quantities[place]));

  return { NAMES, UNITS, prepare, places, draw };
})();
