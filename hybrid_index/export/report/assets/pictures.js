"use strict";
// What is drawn: patterns with the lines of a cell, histograms, points along the run. Knows numbers, not the table.
const pictures = (() => {
  const TICKS_MOST = 4000;
  const SVG = "http://www.w3.org/2000/svg";
  const EXTINCT = {
    I: (h, k, l) => (h + k + l) % 2,
    F: (h, k, l) => (h + k) % 2 || (k + l) % 2,
    C: (h, k) => (h + k) % 2,
    R: (h, k, l) => (k + l - h) % 3,
  };
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);

  function brush(canvas) {
    const ratio = devicePixelRatio || 1, [width, height] = [canvas.clientWidth, canvas.clientHeight];
    [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.font = "11px system-ui, sans-serif";
    return [context, width, height];
  }

  // Positions of all lines of a cell (2θ in degrees, shifts included), in no order; only its centring makes lines absent.
  function ticks({ lattice, cell, volume, zero, displacement }, { wavelength, radius }, highest) {
    const [a, b, c, ...angles] = cell, [ca, cb, cg] = angles.map((angle) => Math.cos((angle * Math.PI) / 180));
    const scale = 1 / (volume * volume);
    const A = (b * c) ** 2 * (1 - ca * ca) * scale, D = 2 * a * a * b * c * (cb * cg - ca) * scale;
    const B = (a * c) ** 2 * (1 - cb * cb) * scale, E = 2 * a * b * b * c * (ca * cg - cb) * scale;
    const C = (a * b) ** 2 * (1 - cg * cg) * scale, F = 2 * a * b * c * c * (ca * cb - cg) * scale;
    const reach = Math.min(
      (2 * Math.sin((Math.min(highest, 179) * Math.PI) / 360)) / wavelength,
      Math.cbrt((6 * TICKS_MOST) / (Math.PI * volume)), // a large cell has no end of lines, and they hide one another
    );
    const [H, K, L] = [a, b, c].map((edge) => Math.ceil(edge * reach));
    const extinct = EXTINCT[lattice[1]], slope = (-(2 / radius) * displacement * 180) / Math.PI, found = [];
    for (let h = 0; h <= H; h += 1) for (let k = h ? -K : 0; k <= K; k += 1) for (let l = h || k ? -L : 1; l <= L; l += 1) {
      const q = A * h * h + B * k * k + C * l * l + D * k * l + E * h * l + F * h * k;
      if (q > reach * reach || (extinct && extinct(h, k, l))) continue;
      const theta = Math.asin((Math.sqrt(q) * wavelength) / 2);
      found.push((theta * 360) / Math.PI + zero + slope * Math.cos(theta));
    }
    return found;
  }

  // A pattern {low, high, levels (base64), measured}; below it the lines of a cell, and marks at lines it leaves.
  function pattern(canvas, { low, high, levels: packed, measured }, positions, foreign, large) {
    const [context, width, height] = brush(canvas), levels = Uint8Array.from(atob(packed), (byte) => byte.charCodeAt(0));
    const margin = large ? 8 : 0, base = large ? height - 62 : height - 11, room = base - (large ? 18 : 3);
    const x = (angle) => margin + ((angle - low) / (high - low)) * (width - 2 * margin);
    const y = (level) => base - (level / 255) * room, middle = (i) => x(low + ((i + 0.5) / levels.length) * (high - low));
    context.strokeStyle = context.fillStyle = colour("trace");
    context.lineWidth = large ? 1.1 : 0.9;
    if (measured) {
      context.beginPath();
      levels.forEach((level, i) => context.lineTo(middle(i), y(level)));
      context.stroke();
    } else levels.forEach((level, i) => level && context.fillRect(middle(i) - 0.5, y(level), 1, base - y(level)));
    if (large) {
      context.fillStyle = colour("line");
      context.fillRect(margin, base + 0.5, width - 2 * margin, 1);
      context.fillStyle = colour("soft");
      context.textAlign = "center";
      const each = [1, 2, 5, 10, 20].find((size) => (high - low) / size <= 16) || 20;
      for (let angle = Math.ceil(low / each) * each; angle <= high; angle += each) {
        context.fillRect(x(angle), height - 20, 1, 4);
        context.fillText(angle, Math.min(x(angle), width - 12), height - 4);
      }
    }
    const drawn = new Set(), [from, tall, wide] = large ? [base + 16, 14, 1] : [base + 4, 6, 0.7];
    context.fillStyle = colour("tick");
    context.globalAlpha = large ? 1 : 0.6;
    for (const angle of positions) {
      const at = Math.round(x(angle) * 2) / 2;
      if (angle < low || angle > high || drawn.has(at)) continue;
      drawn.add(at);
      context.fillRect(at - wide / 2, from, wide, tall);
    }
    context.globalAlpha = 1;
    context.fillStyle = colour("foreign");
    const [size, foot] = large ? [4.5, base + 12] : [2.2, base + 4];
    for (const angle of foreign) {
      context.beginPath();
      context.moveTo(x(angle), foot - 1.7 * size);
      context.lineTo(x(angle) + size, foot);
      context.lineTo(x(angle) - size, foot);
      context.fill();
    }
  }

  function node(name, attributes, label) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (label !== undefined) made.textContent = label;
    return made;
  }

  // Bars of all values pale, of those now shown strong; a click on a bar gives its limits to choose().
  function histogram(place, { label, all, now, logarithmic, limits, chosen, choose }) {
    const [forth, back] = logarithmic ? [Math.log10, (x) => 10 ** x] : [(x) => x, (x) => x];
    const usable = (values) => values.filter((x) => x != null && (!logarithmic || x > 0)).map(forth);
    const values = usable(all);
    place.textContent = values.length ? "" : "no cells";
    if (!values.length) return;
    const N = 28, W = place.clientWidth || 280, H = 118, base = H - 20;
    let [low, high] = limits || [values.reduce((x, y) => Math.min(x, y)), values.reduce((x, y) => Math.max(x, y))];
    if (high - low < 0.2) [low, high] = [low - 0.1, high + 0.1];
    const edge = (i) => (i === N ? back(high) * (1 + 1e-6) : back(low + (i * (high - low)) / N));
    const count = (some) => {
      const bins = new Array(N).fill(0);
      for (const x of some) bins[Math.min(N - 1, Math.max(0, Math.floor(((x - low) / (high - low)) * N)))] += 1;
      return bins;
    };
    const before = count(values), after = count(usable(now)), most = Math.max(...before), short = (x) => +x.toPrecision(3);
    const told = `${label}: ${values.length} values from ${short(back(low))} to ${short(back(high))}`;
    const svg = node("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": told });
    const bar = (i, n, name) => {
      const height = n ? Math.max(1.5, (base - 8) * Math.sqrt(n / most)) : 0;
      return node("rect", { class: name, x: (i * W) / N, width: W / N - 1.5, y: base - height, height });
    };
    for (let i = 0; i < N; i += 1) {
      const hit = node("rect", { class: "hit", x: (i * W) / N, width: W / N, y: 0, height: base });
      hit.append(node("title", {}, `${short(edge(i))} – ${short(edge(i + 1))}: ${after[i]} of ${before[i]}`));
      hit.addEventListener("click", () => choose([edge(i), edge(i + 1)]));
      svg.append(bar(i, before[i], "ghost"), bar(i, after[i], chosen ? "chosen" : "bar"), hit);
    }
    svg.append(node("line", { class: "axis", x1: 0, x2: W, y1: base + 0.5, y2: base + 0.5 }));
    const decades = [0, 1, 2, 3, 4, 5].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power));
    const inside = (logarithmic ? decades : [0, 0.25, 0.5, 0.75, 1]).filter((x) => forth(x) >= low && forth(x) <= high);
    for (const x of inside.length > 7 ? inside.filter((y) => /^1/.test(y)) : inside) {
      const at = ((forth(x) - low) / (high - low)) * W;
      const anchor = at < 12 ? "start" : at > W - 14 ? "end" : "middle";
      svg.append(node("text", { x: at, y: H - 4, "text-anchor": anchor }, x.toLocaleString("en")));
    }
    place.append(svg);
  }

  // Points {order, value, esd, colour, strong} of n inputs; returns which order is drawn at a place.
  function series(canvas, points, n) {
    const [context, width, height] = brush(canvas), left = 46, base = height - 20, few = n <= 3000;
    const most = 1.1 * points.reduce((largest, point) => Math.max(largest, Math.abs(point.value)), 0.02);
    const x = (order) => left + ((order + 0.5) / n) * (width - left), y = (value) => (base / 2) - (value / most) * (base / 2 - 3);
    const nice = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5].findLast((step) => step < most) || 0.01;
    context.fillStyle = colour("soft");
    context.textAlign = "right";
    context.fillText(n.toLocaleString("en"), width, height - 4);
    for (const level of [-nice, 0, nice]) context.fillText(level.toFixed(nice < 0.1 ? 2 : 1), left - 6, y(level) + 4);
    context.textAlign = "left";
    context.fillText("1", left, height - 4);
    context.fillStyle = colour("line");
    for (const level of [-nice, 0, nice]) context.fillRect(left, y(level), width - left, 1);
    const pale = colour("ghost");
    for (const strong of [false, true]) for (const point of points) {
      if (point.strong !== strong) continue;
      context.fillStyle = strong ? point.colour : pale;
      const [at, size] = [x(point.order), few ? 2 : 1];
      if (few && point.esd) {
        context.globalAlpha = 0.45;
        context.fillRect(at - 0.5, y(point.value + point.esd), 1, y(point.value - point.esd) - y(point.value + point.esd));
        context.globalAlpha = 1;
      }
      context.beginPath();
      context.arc(at, y(point.value), size, 0, 7);
      context.fill();
    }
    return (place) => Math.min(n - 1, Math.max(0, Math.round(((place - left) / (width - left)) * n - 0.5)));
  }

  return { brush, colour, ticks, pattern, histogram, series };
})();
