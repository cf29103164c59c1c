"use strict";
(() => {
  const { meta, rows: records } = JSON.parse(document.getElementById("data").textContent);
  const MARKS = { solved: "●", ambiguous: "◐", budget_exhausted: "◔", not_found: "○", failed: "✕" };
  const WORDS = { solved: "solved", ambiguous: "ambiguous", budget_exhausted: "out of time", not_found: "not found", failed: "failed" };
  const TRUSTED = new Set(["solved", "ambiguous"]);
  const ROW = 49, OVERSCAN = 8, TICKS_MOST = 4000;
  const $ = (id) => document.getElementById(id);
  const number = (text) => (text === undefined || text === "" || text === "–" ? null : parseFloat(text));

  const solution = ([lattice, cell, volume, probability, m20, indexed, zero, zeroEsd, displacement, known, foreign, equivalents]) =>
    ({ lattice, cell, volume, probability, m20, indexed, zero, zeroEsd, displacement, known, foreign, equivalents });
  const rows = records.map(([id, status, reasons, file, wavelength, seconds, radius, trace, lines, solutions, hidden], order) => {
    const row = { id, status, reasons, file, wavelength, seconds, radius, trace, lines, hidden, order, solutions: solutions.map(solution) };
    row.best = row.solutions[0] || {};
    row.known = row.best.known || "";
    return row;
  });

  const merit = (m20) => (m20 == null ? "" : m20.toFixed(m20 < 1000 ? 1 : 0));
  const FREE = { c: [0], t: [0, 2], h: [0, 2], o: [0, 1, 2], m: [0, 1, 2, 4], a: [0, 1, 2, 3, 4, 5] };
  const free = ({ lattice, cell }) => FREE[lattice[0]].map((place) => (place > 2 ? `${"αβγ"[place - 3]} ${cell[place]}` : cell[place]));
  const folder = rows.length > 1 ? rows.reduce((common, { id }) => { while (!id.startsWith(common)) common = common.slice(0, -1); return common; }, rows[0].id).replace(/[^/\\]*$/, "") : "";

  // Columns: what is shown, and what is sorted by (null comes last, either way).
  const text = (key, label, width, value, more = {}) => ({ key, label, width, value, show: value, ...more });
  const figure = (key, label, width, shown, more = {}) =>
    ({ key, label, width, show: shown, value: (r) => number(shown(r)), number: true, cell: true, ...more });
  const parameter = (key, label, place, width, more) => figure(key, label, width, (r) => (r.best.cell ? r.best.cell[place] : ""), more);
  const COLUMNS = [
    { key: "pattern", label: "Pattern", width: 150, cls: "picture" },
    text("status", "", 34, (r) => Object.keys(MARKS).indexOf(r.status), { cls: "mark", name: "Status" }),
    text("id", "Name", 134, (r) => r.id, { cls: "id" }),
    text("known", "Known phase", 128, (r) => r.known, { cell: true, optional: true }),
    text("lattice", "Lattice", 60, (r) => r.best.lattice || "", { cell: true }),
    parameter("a", "a (Å)", 0, 100), parameter("b", "b (Å)", 1, 100), parameter("c", "c (Å)", 2, 100),
    parameter("beta", "Angles (°)", 4, 114, { cls: "angles" }),
    figure("volume", "V (Å³)", 104, (r) => r.best.volume || ""),
    figure("probability", "P", 46, (r) => (r.best.probability == null ? "" : r.best.probability.toFixed(2)), { value: (r) => r.best.probability }),
    figure("m20", "M20", 54, (r) => merit(r.best.m20)),
    figure("lines", "Lines", 62, (r) => (r.lines.length ? `${r.best.indexed ?? "–"}/${r.lines.length}` : ""),
      { value: (r) => (r.best.indexed == null ? null : r.best.indexed / r.lines.length) }),
    figure("zero", "Zero (°)", 84, (r) => r.best.zero || ""),
    figure("seconds", "Time (s)", 66, (r) => (r.seconds == null ? "" : r.seconds.toFixed(1)), { cell: false }),
  ].filter((column) => !column.optional || meta.compared || rows.some((row) => row.known));
  const byKey = Object.fromEntries(COLUMNS.map((column) => [column.key, column]));
  for (const row of rows) {
    row.words = [row.id, row.status, WORDS[row.status], row.known, row.best.lattice, row.file, ...row.reasons].join(" ").toLowerCase();
  }

  // State stands in the address, so that a view can be bookmarked and sent: #sort=volume&desc=1&status=solved&search=…
  const state = { sort: "", desc: false, status: new Set(), search: "", ranges: {}, open: -1, chosen: 0 };
  let shown = rows, openHeight = 0;

  function readAddress() {
    const given = new URLSearchParams(location.hash.slice(1));
    state.sort = byKey[given.get("sort")]?.value ? given.get("sort") : "";
    state.desc = given.get("desc") === "1";
    state.status = new Set((given.get("status") || "").split(",").filter((name) => MARKS[name]));
    state.search = given.get("search") || "";
    state.ranges = {};
    for (const key of ["volume", "m20", "probability"]) {
      const limits = (given.get(key) || "").split("..").map(Number);
      if (limits.length === 2 && limits.every(Number.isFinite)) state.ranges[key] = limits;
    }
    state.open = given.has("open") ? rows.findIndex((row) => row.id === given.get("open")) : -1;
    $("search").value = state.search;
    update();
    const at = shown.findIndex((row) => row.order === state.open);
    if (at > 0) scrollTo(0, top() + at * ROW - 80);
  }

  function writeAddress() {
    const given = new URLSearchParams();
    if (state.sort) given.set("sort", state.sort);
    if (state.sort && state.desc) given.set("desc", "1");
    if (state.status.size) given.set("status", [...state.status].join(","));
    if (state.search) given.set("search", state.search);
    for (const [key, limits] of Object.entries(state.ranges)) given.set(key, limits.map((x) => +x.toPrecision(6)).join(".."));
    if (state.open >= 0) given.set("open", rows[state.open].id);
    history.replaceState(null, "", given.size ? `#${given}` : location.pathname + location.search);
  }

  const inRange = (row, [key, [low, high]]) => { const x = byKey[key].value(row); return x != null && x >= low && x < high; };

  function update() {
    const words = state.search.toLowerCase().split(/\s+/).filter(Boolean);
    const ranges = Object.entries(state.ranges);
    shown = rows.filter((row) => (!state.status.size || state.status.has(row.status))
      && words.every((word) => row.words.includes(word)) && ranges.every((range) => inRange(row, range)));
    const column = byKey[state.sort];
    if (column) {
      const collator = new Intl.Collator(undefined, { numeric: true });
      const sign = state.desc ? -1 : 1;
      const keyed = shown.map((row) => { const key = column.value(row); return [key === "" ? null : key, row]; });
      keyed.sort(([x, first], [y, second]) => (x == null || y == null
        ? (x == null) - (y == null) || first.order - second.order
        : sign * (typeof x === "string" ? collator.compare(x, y) : x - y) || first.order - second.order));
      shown = keyed.map(([, row]) => row);
    }
    if (state.open >= 0 && !shown.includes(rows[state.open])) state.open = -1;
    drawHead(); drawCharts(); clearRows(); drawRows();
  }

  function change(changes) { Object.assign(state, changes); update(); writeAddress(); }

  // Small helpers for elements; names of users are only ever set as text.
  function element(name, attributes = {}, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else if (value != null && value !== false) node.setAttribute(key, value === true ? "" : value);
    }
    node.append(...children.filter((child) => child != null));
    return node;
  }
  const statusMark = (status, label) => element("span", { class: "status", "data-mark": MARKS[status] || "·", style: `--colour: var(--${status})` }, label);
  const plural = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;

  function drawOnce() {
    const counts = {};
    for (const row of rows) counts[row.status] = (counts[row.status] || 0) + 1;
    const present = [...Object.keys(MARKS).filter((status) => counts[status])];
    const waves = [...new Set(rows.map((row) => row.wavelength).filter(Boolean).map((x) => x.toFixed(4)))];
    const spent = rows.reduce((sum, row) => sum + (row.seconds || 0), 0);
    const time = spent < 120 ? `${spent.toFixed(0)} s` : spent < 7200 ? `${(spent / 60).toFixed(0)} min` : `${(spent / 3600).toFixed(1)} h`;
    $("summary").textContent = [plural(rows.length, "input"), waves.length === 1 ? `λ ${waves[0]} Å` : waves.length ? `${waves.length} wavelengths` : null,
      `${time} of searching`, meta.compared ? `compared with ${plural(meta.compared, "known phase")}` : null,
      meta.unreadable ? `${plural(meta.unreadable, "line")} of the results could not be read` : null,
      `hybrid-index ${meta.version}`, meta.made].filter(Boolean).join(" · ");
    $("tables").append("Tables: ", ...meta.tables.flatMap((name, i) => [i ? ", " : "", element("a", { href: name }, name)]));
    for (const status of present) {
      $("share").append(element("i", { style: `flex: ${counts[status]}; background: var(--${status})` }));
      $("statuses").append(element("button", { type: "button", "data-status": status, "aria-pressed": "false", onclick: () => {
        const chosen = new Set(state.status);
        if (!chosen.delete(status)) chosen.add(status);
        change({ status: chosen });
      } }, statusMark(status, ""), element("b", {}, counts[status].toLocaleString("en")), ` ${WORDS[status]}`));
    }
    for (const column of COLUMNS) {
      document.querySelector("#cells colgroup").append(element("col", { style: `width: ${column.width}px` }));
      const sort = () => change({ sort: state.sort === column.key && state.desc ? "" : column.key, desc: state.sort === column.key && !state.desc });
      document.querySelector("#cells thead tr").append(element("th", { scope: "col", class: column.number ? "number" : null, "data-key": column.key },
        column.value ? element("button", { type: "button", "aria-label": column.name, title: column.name && `Sort by ${column.name.toLowerCase()}`, onclick: sort }, column.label || "●") : column.label));
    }
    $("search").addEventListener("input", (event) => change({ search: event.target.value.trim() }));
    $("reset").addEventListener("click", () => { $("search").value = ""; change({ status: new Set(), search: "", ranges: {} }); });
    $("chart-zero").addEventListener("click", (event) => {
      const box = event.target.getBoundingClientRect();
      openRow(rows[Math.min(rows.length - 1, Math.max(0, Math.round(zeroScale.order(event.clientX - box.left))))]);
    });
    addEventListener("scroll", () => requestAnimationFrame(drawRows), { passive: true });
    addEventListener("resize", () => { drawCharts(); clearRows(); drawRows(); });
    addEventListener("hashchange", readAddress);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { drawCharts(); clearRows(); drawRows(); });
  }

  function drawHead() {
    for (const button of document.querySelectorAll("#statuses button")) button.setAttribute("aria-pressed", state.status.has(button.dataset.status));
    for (const head of document.querySelectorAll("#cells th[data-key]")) {
      if (byKey[head.dataset.key].value) head.setAttribute("aria-sort", head.dataset.key !== state.sort ? "none" : state.desc ? "descending" : "ascending");
    }
    const filtered = shown.length < rows.length;
    $("shown").textContent = filtered ? `${shown.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")}` : "";
    $("reset").hidden = !(state.status.size || state.search || Object.keys(state.ranges).length);
    $("ranges").replaceChildren(...Object.entries(state.ranges).map(([key, [low, high]]) => element("button", { type: "button", onclick: () => {
      const { [key]: _, ...others } = state.ranges;
      change({ ranges: others });
    } }, `${byKey[key].label} ${+low.toPrecision(3)}–${+high.toPrecision(3)} ✕`)));
    $("cells").setAttribute("aria-rowcount", shown.length + 1);
  }

  // Charts: of all inputs pale, of those shown strong; a bar is a filter.
  const SVG = "http://www.w3.org/2000/svg";
  function histogram(key, logarithmic) {
    const [value, place] = [byKey[key].value, $(`chart-${key}`)];
    const forth = logarithmic ? Math.log10 : (x) => x, back = logarithmic ? (x) => 10 ** x : (x) => x;
    const usable = (row) => { const x = value(row); return x != null && (!logarithmic || x > 0) ? forth(x) : null; };
    const all = rows.map(usable).filter((x) => x != null);
    place.replaceChildren();
    if (!all.length) { place.append(element("p", { class: "quiet" }, "no cells")); return; }
    const N = 28, W = place.clientWidth || 280, H = 118, base = H - 20;
    let low = key === "probability" ? 0 : all.reduce((x, y) => Math.min(x, y)), high = key === "probability" ? 1 : all.reduce((x, y) => Math.max(x, y));
    if (high - low < 0.2) { low -= 0.1; high += 0.1; }
    const step = (high - low) / N, bin = (x) => Math.min(N - 1, Math.max(0, Math.floor((x - low) / step)));
    const count = (values) => { const bins = new Array(N).fill(0); for (const x of values) if (x != null) bins[bin(x)] += 1; return bins; };
    const before = count(all), now = count(shown.map(usable)), most = Math.max(...before);
    const node = (name, attributes, label) => { const n = document.createElementNS(SVG, name); for (const [k, v] of Object.entries(attributes)) n.setAttribute(k, v); if (label) n.textContent = label; return n; };
    const svg = node("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `${byKey[key].label}: ${all.length} values from ${+back(low).toPrecision(3)} to ${+back(high).toPrecision(3)}` });
    const height = (n) => (n ? Math.max(1.5, (base - 8) * Math.sqrt(n / most)) : 0);
    for (let i = 0; i < N; i += 1) {
      const [x, w] = [(i * W) / N, W / N - 1.5], limits = [back(low + i * step), i === N - 1 ? back(high) * (1 + 1e-6) : back(low + (i + 1) * step)];
      svg.append(node("rect", { class: "ghost", x, width: w, y: base - height(before[i]), height: height(before[i]) }));
      svg.append(node("rect", { class: state.ranges[key] ? "chosen" : "bar", x, width: w, y: base - height(now[i]), height: height(now[i]) }));
      const hit = node("rect", { class: "hit", x, width: W / N, y: 0, height: base });
      hit.append(node("title", {}, `${+limits[0].toPrecision(3)} – ${+limits[1].toPrecision(3)}: ${now[i]} of ${before[i]}`));
      hit.addEventListener("click", () => change({ ranges: { ...state.ranges, [key]: limits } }));
      svg.append(hit);
    }
    svg.append(node("line", { class: "axis", x1: 0, x2: W, y1: base + 0.5, y2: base + 0.5 }));
    const marks = logarithmic ? [1, 2, 5].flatMap((m) => [0, 1, 2, 3, 4, 5].map((e) => m * 10 ** e)) : [0, 0.25, 0.5, 0.75, 1];
    const inside = marks.filter((x) => forth(x) >= low && forth(x) <= high);
    for (const x of inside.length > 7 ? inside.filter((y) => /^1/.test(y)) : inside) {
      const at = ((forth(x) - low) / (high - low)) * W;
      svg.append(node("text", { x: at, y: H - 4, "text-anchor": at < 12 ? "start" : at > W - 14 ? "end" : "middle" }, x.toLocaleString("en")));
    }
    place.append(svg);
  }

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);
  function brush(canvas) {
    const ratio = devicePixelRatio || 1, [width, height] = [canvas.clientWidth, canvas.clientHeight];
    [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.font = "11px system-ui, sans-serif";
    return [context, width, height];
  }

  let zeroScale = { order: () => 0 };
  function drawZero() {
    const [context, width, height] = brush($("chart-zero"));
    const points = rows.map((row) => ({ row, zero: number(row.best.zero), esd: row.best.zeroEsd || 0 })).filter((p) => p.zero != null && TRUSTED.has(p.row.status));
    const left = 46, base = height - 20, high = 1.1 * points.reduce((most, p) => Math.max(most, Math.abs(p.zero)), 0.02);
    const x = (order) => left + ((order + 0.5) / rows.length) * (width - left), y = (zero) => base / 2 - (zero / high) * (base / 2 - 3);
    zeroScale = { order: (at) => ((at - left) / (width - left)) * rows.length - 0.5 };
    context.fillStyle = colour("soft");
    context.strokeStyle = colour("line");
    const nice = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5].findLast((step) => step < high) || 0.01;
    for (const level of [-nice, 0, nice]) {
      context.beginPath(); context.moveTo(left, y(level)); context.lineTo(width, y(level)); context.stroke();
      context.textAlign = "right"; context.fillText(level.toFixed(nice < 0.1 ? 2 : 1), left - 6, y(level) + 4);
    }
    context.textAlign = "left"; context.fillText("1", left, height - 4);
    context.textAlign = "right"; context.fillText(rows.length.toLocaleString("en"), width, height - 4);
    const visible = new Set(shown), size = rows.length > 3000 ? 1 : 2;
    for (const strong of [false, true]) {
      for (const { row, zero, esd } of points) {
        if (visible.has(row) !== strong) continue;
        context.fillStyle = context.strokeStyle = colours[strong ? row.status : "ghost"];
        if (esd && rows.length <= 3000) { context.globalAlpha = 0.45; context.fillRect(x(row.order) - 0.5, y(zero + esd), 1, y(zero - esd) - y(zero + esd)); context.globalAlpha = 1; }
        context.beginPath(); context.arc(x(row.order), y(zero), size, 0, 7); context.fill();
      }
    }
  }

  let colours = {};
  function drawCharts() {
    colours = Object.fromEntries([...Object.keys(MARKS), "ghost", "trace", "tick", "foreign", "line", "soft", "ink"].map((name) => [name, colour(name)]));
    histogram("volume", true); histogram("m20", true); histogram("probability", false); drawZero();
  }

  // Positions of all lines of a cell (2θ in degrees, shifts included); absences of the centring only.
  const EXTINCT = { I: (h, k, l) => (h + k + l) % 2, F: (h, k, l) => (h + k) % 2 || (k + l) % 2, C: (h, k) => (h + k) % 2, R: (h, k, l) => (k + l - h) % 3 };
  function ticks(row, answer, highest) {
    const [a, b, c, alpha, beta, gamma] = answer.cell.map(number), volume = number(answer.volume), cos = (x) => Math.cos((x * Math.PI) / 180);
    const [ca, cb, cg] = [cos(alpha), cos(beta), cos(gamma)], scale = 1 / (volume * volume);
    const [A, B, C] = [(b * c) ** 2 * (1 - ca * ca) * scale, (a * c) ** 2 * (1 - cb * cb) * scale, (a * b) ** 2 * (1 - cg * cg) * scale];
    const D = 2 * a * a * b * c * (cb * cg - ca) * scale, E = 2 * a * b * b * c * (ca * cg - cb) * scale, F = 2 * a * b * c * c * (ca * cb - cg) * scale;
    let reach = (2 * Math.sin((Math.min(highest, 179) * Math.PI) / 360)) / row.wavelength;
    reach = Math.min(reach, Math.cbrt((3 * TICKS_MOST * 8) / (4 * Math.PI * volume)));
    const [H, K, L] = [a, b, c].map((edge) => Math.ceil(edge * reach)), extinct = EXTINCT[answer.lattice[1]], found = [];
    const zero = number(answer.zero) || 0, slope = (-(2 / row.radius) * (number(answer.displacement) || 0) * 180) / Math.PI;
    for (let h = 0; h <= H; h += 1) for (let k = h ? -K : 0; k <= K; k += 1) for (let l = h || k ? -L : 1; l <= L; l += 1) {
      if (extinct && extinct(h, k, l)) continue;
      const q = A * h * h + B * k * k + C * l * l + D * k * l + E * h * l + F * h * k;
      if (q > reach * reach) continue;
      const theta = Math.asin((Math.sqrt(q) * row.wavelength) / 2);
      found.push((theta * 360) / Math.PI + zero + slope * Math.cos(theta));
    }
    return found;
  }

  function drawTrace(canvas, row, answer, large) {
    const [context, width, height] = brush(canvas);
    if (!row.trace) return;
    const [low, high, packed, measured] = row.trace, levels = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
    const left = large ? 8 : 0, right = width - left, base = large ? height - 62 : height - 11, room = base - (large ? 18 : 3);
    const x = (angle) => left + ((angle - low) / (high - low)) * (right - left), y = (level) => base - (level / 255) * room;
    const step = (right - left) / levels.length;
    context.strokeStyle = context.fillStyle = colours.trace;
    context.lineWidth = large ? 1.1 : 0.9;
    if (measured) {
      context.beginPath();
      levels.forEach((level, i) => context.lineTo(left + (i + 0.5) * step, y(level)));
      context.stroke();
    } else levels.forEach((level, i) => level && context.fillRect(left + (i + 0.5) * step - 0.5, y(level), 1, base - y(level)));
    if (large) {
      context.fillStyle = colours.line; context.fillRect(left, base + 0.5, right - left, 1);
      context.fillStyle = colours.soft; context.textAlign = "center";
      const each = [1, 2, 5, 10, 20].find((size) => (high - low) / size <= 16) || 20;
      for (let angle = Math.ceil(low / each) * each; angle <= high; angle += each) {
        context.fillRect(x(angle), height - 20, 1, 4); context.fillText(angle, x(angle), height - 4);
      }
    }
    if (!answer) return;
    const seen = new Set(), [from, tall] = large ? [base + 16, 14] : [base + 4, 6];
    context.fillStyle = colours.tick;
    context.globalAlpha = large ? 1 : 0.6;
    for (const angle of ticks(row, answer, high)) {
      const at = Math.round(x(angle) * 2) / 2;
      if (angle >= low && angle <= high && !seen.has(at)) { seen.add(at); context.fillRect(at - (large ? 0.5 : 0.35), from, large ? 1 : 0.7, tall); }
    }
    context.fillStyle = colours.foreign;
    context.globalAlpha = 1;
    for (const place of answer.foreign) {
      const at = x(row.lines[place]), size = large ? 4.5 : 2.2, foot = large ? base + 12 : base + 4;
      context.beginPath(); context.moveTo(at, foot - 1.7 * size); context.lineTo(at + size, foot); context.lineTo(at - size, foot); context.fill();
    }
  }

  // Only rows in view are in the document; what is above and below is two empty rows of the right height.
  const body = document.querySelector("#cells tbody"), [above, below] = [0, 1].map(() => element("tr", { "aria-hidden": "true" }, element("td", { class: "gap", colspan: COLUMNS.length })));
  const none = element("tr", {}, element("td", { class: "quiet", colspan: COLUMNS.length }, "No input is like this."));
  const drawn = new Map();
  let detail = null;
  const top = () => document.querySelector("#cells tbody").getBoundingClientRect().top + scrollY;
  function clearRows() { drawn.clear(); detail = null; openHeight = 0; body.replaceChildren(above, below, ...(shown.length ? [] : [none])); }

  function drawRows() {
    const openAt = state.open >= 0 ? shown.indexOf(rows[state.open]) : -1;
    const from = scrollY - top(), to = from + innerHeight;
    const at = (offset) => Math.floor((openAt >= 0 && offset > (openAt + 1) * ROW ? Math.max((openAt + 1) * ROW, offset - openHeight) : offset) / ROW);
    const first = Math.max(0, Math.min(at(from) - OVERSCAN, shown.length - 1)), last = Math.min(shown.length - 1, at(to) + OVERSCAN);
    for (const [order, node] of drawn) {
      const place = node.place;
      if (place < first || place > last) { node.remove(); drawn.delete(order); }
    }
    let before = above;
    for (let place = first; place <= last; place += 1) {
      const row = shown[place];
      let node = drawn.get(row.order);
      if (!node) { node = makeRow(row, place); drawn.set(row.order, node); before.after(node); drawTrace(node.querySelector("canvas"), row, row.best.cell && row.best, false); }
      before = node;
      if (place === openAt) {
        if (!detail) { detail = makeDetail(row); node.after(detail); detail.redraw(); openHeight = detail.offsetHeight; }
        before = detail;
      }
    }
    const openShown = openAt >= first && openAt <= last;
    if (detail && !openShown) { detail.remove(); detail = null; }
    above.firstChild.style.height = `${first * ROW + (openAt >= 0 && openAt < first ? openHeight : 0)}px`;
    below.firstChild.style.height = `${Math.max(0, shown.length - 1 - last) * ROW + (openAt > last ? openHeight : 0)}px`;
  }

  function openRow(row) {
    const again = state.open === row.order;
    state.open = again ? -1 : row.order; state.chosen = 0;
    writeAddress(); clearRows(); drawRows();
    const at = shown.indexOf(row), offset = top() + at * ROW;
    if (!again && at >= 0 && (offset < scrollY || offset + ROW + openHeight > scrollY + innerHeight)) { scrollTo(0, offset - 48); drawRows(); }
    drawn.get(row.order)?.querySelector("button").focus({ preventScroll: true });
  }

  function step(place, by) {
    const next = shown[place + by];
    if (!next) return;
    const offset = top() + (place + by) * ROW;
    if (offset < scrollY + 40) scrollTo(0, offset - 40); else if (offset + ROW > scrollY + innerHeight) scrollTo(0, offset + ROW - innerHeight);
    drawRows();
    drawn.get(next.order)?.querySelector("button").focus({ preventScroll: true });
  }

  function makeRow(row, place) {
    const open = state.open === row.order;
    const node = element("tr", { class: `row${open ? " open" : ""}${TRUSTED.has(row.status) ? "" : " doubtful"}`, "aria-rowindex": place + 2, "data-id": row.id, onclick: () => openRow(row) });
    node.place = place;
    const first = COLUMNS.findIndex((column) => column.cell), last = COLUMNS.findLastIndex((column) => column.cell);
    for (const [i, column] of COLUMNS.entries()) {
      if (!row.best.cell && i >= first && i <= last) {
        if (i === first) node.append(element("td", { class: "quiet", colspan: last - first + 1, title: row.reasons.join("\n") }, row.reasons.join("; ")));
        continue;
      }
      const name = [column.cls, column.number && "number", column.cell && "cell"].filter(Boolean).join(" ");
      const td = element("td", { class: name || null });
      if (column.key === "pattern") td.append(element("canvas", { role: "img", "aria-label": row.trace ? `pattern of ${row.id}` : "no pattern" }));
      else if (column.key === "status") { td.append(statusMark(row.status, element("span", { class: "hidden" }, WORDS[row.status] || row.status))); td.title = WORDS[row.status] || row.status; }
      else if (column.key === "beta") td.append(...(row.best.cell ? free(row.best).slice(3) : []).map((angle, _, all) => element("span", { class: all.length > 1 ? "small" : null }, angle)));
      else if (column.key === "id") td.append(element("button", { type: "button", title: row.id, "aria-expanded": String(open), onclick: (event) => { event.stopPropagation(); openRow(row); },
        onkeydown: (event) => { const by = { ArrowDown: 1, ArrowUp: -1 }[event.key]; if (by) { event.preventDefault(); step(place, by); } } }, row.id.slice(folder.length)));
      else { td.textContent = column.show(row); if (column.key === "known") td.title = row.known; }
      node.append(td);
    }
    return node;
  }

  function makeDetail(row) {
    const picture = element("canvas", { class: "large", role: "img", "aria-label": `pattern of ${row.id} with the lines of the chosen cell` }), caption = element("p", { class: "caption" });
    const list = element("tbody"), facts = element("dl"), left = element("div");
    const explain = "Intensity on a square-root scale; move over the pattern to read positions.";
    const choose = (place) => {
      state.chosen = place;
      [...list.children].forEach((line, i) => line.setAttribute("aria-selected", String(i === place)));
      drawTrace(picture, row, row.solutions[place], true);
      const answer = row.solutions[place];
      facts.replaceChildren(...[["Zero shift", answer && `${answer.zero}°`], ["Displacement", answer && `${answer.displacement} mm`], ["Wavelength", row.wavelength && `${row.wavelength.toFixed(5)} Å`],
        ["Not indexed", answer && answer.foreign.map((i) => row.lines[i].toFixed(3)).join(", ")], ["File", row.file], ...(answer ? answer.equivalents : []).map(([lattice, cell, relation]) => ["Same lines", `${lattice} ${cell} (${relation})`])]
        .filter(([, value]) => value).flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
    };
    picture.addEventListener("mousemove", (event) => {
      if (!row.trace) return;
      const box = picture.getBoundingClientRect(), angle = row.trace[0] + ((event.clientX - box.left - 8) / (box.width - 16)) * (row.trace[1] - row.trace[0]);
      caption.textContent = `2θ ${angle.toFixed(2)}° · d ${(row.wavelength / (2 * Math.sin((angle * Math.PI) / 360))).toFixed(4)} Å`;
    });
    picture.addEventListener("mouseleave", () => { caption.textContent = explain; });
    caption.textContent = explain;
    if (row.solutions.length) {
      const named = row.solutions.some((answer) => answer.known);
      const heads = ["#", "Lattice", "Cell (Å, °)", "V (Å³)", "P", "M20", "Lines", ...(named ? ["Known phase"] : [])];
      row.solutions.forEach((answer, i) => {
        const line = element("tr", { tabindex: 0, "aria-selected": "false", onclick: () => choose(i), onkeydown: (event) => event.key === "Enter" && choose(i) });
        const values = [i + 1, answer.lattice, free(answer).join("  "), answer.volume, answer.probability?.toFixed(2) ?? "", merit(answer.m20), `${answer.indexed}/${row.lines.length}`, ...(named ? [answer.known] : [])];
        line.append(...values.map((value) => element("td", { title: String(value) }, String(value))));
        list.append(line);
      });
      left.append(element("h2", {}, "Solutions"), element("table", {}, element("thead", {}, element("tr", {}, ...heads.map((name) => element("th", {}, name)))), list));
      if (row.hidden) left.append(element("p", { class: "quiet" }, `and ${row.hidden} more in the results`));
    } else left.append(element("h2", {}, "No solutions"));
    const right = element("div", {}, row.reasons.length ? element("h2", {}, "Reasons") : null, element("ul", {}, ...row.reasons.map((reason) => element("li", {}, reason))), element("h2", {}, "Details"), facts);
    const node = element("tr", { class: "detail" }, element("td", { colspan: COLUMNS.length }, ...(row.trace ? [picture, caption] : []), element("div", { class: "columns" }, left, right)));
    node.redraw = () => choose(Math.min(state.chosen, Math.max(0, row.solutions.length - 1)));
    return node;
  }

  drawOnce();
  readAddress();
  window.hybridIndexReport = { ticks: (order, highest) => ticks(rows[order], rows[order].best, highest) };
  document.documentElement.dataset.ready = performance.now().toFixed(0);
})();
