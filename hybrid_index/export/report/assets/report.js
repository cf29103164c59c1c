// The table: which inputs are shown in which order, and the rows that are in view.
const report = (() => {
  const { meta, rows: records } = JSON.parse(document.getElementById("data").textContent);
  const MARKS = { solved: "●", ambiguous: "◐", budget_exhausted: "◔", not_found: "○", failed: "✕" };
  const WORDS = {
    solved: "solved", ambiguous: "ambiguous", budget_exhausted: "out of time", not_found: "not found", failed: "failed",
  };
  const TRUSTED = new Set(["solved", "ambiguous"]);
  const FREE = { c: [0], t: [0, 2], h: [0, 2], o: [0, 1, 2], m: [0, 1, 2, 4], a: [0, 1, 2, 3, 4, 5] };
  const ROW = 49, OVERSCAN = 8;
  const $ = (id) => document.getElementById(id);
  const number = (text) => (text === "" || text === "–" ? null : parseFloat(text)); // 8.4820(3) is 8.4820
  const plural = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;
  const merit = (m20) => (m20 == null ? "" : m20.toFixed(m20 < 1000 ? 1 : 0));
  const free = ({ lattice, cell }) =>
    FREE[lattice[0]].map((place) => (place > 2 ? `${"αβγ"[place - 3]} ${cell[place]}` : cell[place]));

  const solution = (values) => {
    const [lattice, cell, volume, probability, m20, indexed, zero, zeroEsd, displacement, known, foreign, partners] = values;
    return { lattice, cell, volume, probability, m20, indexed, zero, zeroEsd, displacement, known, foreign, partners };
  };
  const rows = records.map((values, order) => {
    const [id, status, reasons, file, wavelength, seconds, radius, trace, lines, solutions, hidden, series] = values;
    const row = { order, id, status, reasons, file, wavelength, seconds, radius, lines, hidden };
    row.trace = trace && { low: trace[0], high: trace[1], levels: trace[2], measured: trace[3] };
    row.solutions = solutions.map(solution);
    row.series = series && { name: series[0], position: series[1], value: series[2], unit: series[3], relation: series[4], change: series[5] };
    row.best = row.solutions[0];
    row.known = row.best?.known || "";
    row.words = [id, status, WORDS[status], row.known, row.best?.lattice, file, ...reasons].join(" ").toLowerCase();
    return row;
  });
  // The folders that all names have in common are not shown.
  const common = rows.reduce((start, { id }) => {
    while (!id.startsWith(start)) start = start.slice(0, -1);
    return start;
  }, rows[0].id).replace(/[^/\\]*$/, "").length;

  // Columns: what is shown, and what is sorted by (null comes last, either way).
  const text = (key, label, width, value, more = {}) => ({ key, label, width, value, show: value, ...more });
  const figure = (key, label, width, show, more = {}) =>
    ({ key, label, width, show, value: (row) => number(show(row)), number: true, cell: true, ...more });
  const edge = (key, place) => figure(key, `${key} (Å)`, 98, (row) => row.best?.cell[place] ?? "");
  const COLUMNS = [
    { key: "pattern", label: "Pattern", width: 150, cls: "picture" },
    text("status", "●", 34, (row) => Object.keys(MARKS).indexOf(row.status), { cls: "mark", name: "Status" }),
    text("id", "Name", 128, (row) => row.id, { cls: "id" }),
    text("known", "Known phase", 122, (row) => row.known, { cell: true, optional: true }),
    text("lattice", "Lattice", 58, (row) => row.best?.lattice ?? "", { cell: true }),
    edge("a", 0), edge("b", 1), edge("c", 2),
    figure("beta", "Angles (°)", 112, (row) => row.best?.cell[4] ?? "", { cls: "angles" }),
    figure("volume", "V (Å³)", 104, (row) => row.best?.volume ?? ""),
    figure("probability", "P", 46, (row) => row.best?.probability?.toFixed(2) ?? "", { value: (row) => row.best?.probability }),
    figure("m20", "M20", 54, (row) => merit(row.best?.m20), { value: (row) => row.best?.m20 }),
    figure("lines", "Lines", 62, (row) => (row.best ? `${row.best.indexed}/${row.lines.length}` : ""),
      { value: (row) => row.best && row.best.indexed / row.lines.length }),
    figure("zero", "Zero (°)", 84, (row) => row.best?.zero ?? ""),
    figure("seconds", "Time (s)", 66, (row) => row.seconds?.toFixed(1) ?? "", { cell: false }),
  ].filter((column) => !column.optional || meta.compared || rows.some((row) => row.known));
  const byKey = Object.fromEntries(COLUMNS.map((column) => [column.key, column]));
  const CHARTS = ["volume", "m20", "probability"];

  // The state stands in the address: #sort=volume&desc=1&status=solved&search=… can be kept and sent.
  const state = { sort: "", desc: false, status: new Set(), search: "", ranges: {}, open: -1, chosen: 0 };
  let shown = rows;

  function readAddress() {
    const given = new URLSearchParams(location.hash.slice(1));
    state.sort = byKey[given.get("sort")]?.value ? given.get("sort") : "";
    state.desc = given.get("desc") === "1";
    state.status = new Set((given.get("status") || "").split(",").filter((name) => MARKS[name]));
    state.search = given.get("search") || "";
    const limits = (key) => (given.get(key) || "").split("..").map(Number);
    state.ranges = Object.fromEntries(CHARTS.filter((key) => given.get(key)).map((key) => [key, limits(key)]));
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
    history.replaceState(null, "", String(given) ? `#${given}` : location.pathname + location.search);
  }

  function change(changes) {
    Object.assign(state, changes);
    update();
    writeAddress();
  }

  function update() {
    const words = state.search.toLowerCase().split(/\s+/).filter(Boolean), ranges = Object.entries(state.ranges);
    const between = (x, [low, high]) => x != null && x >= low && x < high;
    const within = (row) => ranges.every(([key, limits]) => between(byKey[key].value(row), limits));
    shown = rows.filter((row) =>
      (!state.status.size || state.status.has(row.status)) && words.every((word) => row.words.includes(word)) && within(row));
    if (state.sort) shown = sorted(shown, byKey[state.sort].value, state.desc ? -1 : 1);
    if (state.open >= 0 && !shown.includes(rows[state.open])) state.open = -1;
    drawHead();
    redraw();
  }

  function sorted(some, value, sign) {
    const collator = new Intl.Collator(undefined, { numeric: true });
    const compare = (x, y) => (typeof x === "string" ? collator.compare(x, y) : x - y);
    const keyed = some.map((row) => ({ row, key: value(row) === "" ? null : value(row) }));
    keyed.sort((first, second) => {
      const [x, y] = [first.key, second.key];
      const order = x == null || y == null ? (x == null) - (y == null) : sign * compare(x, y);
      return order || first.row.order - second.row.order;
    });
    return keyed.map(({ row }) => row);
  }

  // Names that users give are only ever set as text.
  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value != null) made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child != null));
    return made;
  }
  const statusMark = (status, ...label) =>
    element("span", { class: "status", "data-mark": MARKS[status] || "·", style: `--colour: var(--${status})` }, ...label);

  function drawOnce() {
    const counts = {};
    for (const { status } of rows) counts[status] = (counts[status] || 0) + 1;
    const waves = [...new Set(rows.map((row) => row.wavelength?.toFixed(4)).filter(Boolean))];
    const spent = rows.reduce((sum, row) => sum + (row.seconds || 0), 0);
    const hours = `${(spent / 3600).toFixed(1)} h`, minutes = `${(spent / 60).toFixed(0)} min`;
    const time = spent < 120 ? `${spent.toFixed(0)} s` : spent < 7200 ? minutes : hours;
    $("summary").textContent = [
      plural(rows.length, "input"), waves.length > 1 ? `${waves.length} wavelengths` : waves.length && `λ ${waves[0]} Å`,
      `${time} of searching`, meta.compared && `compared with ${plural(meta.compared, "known phase")}`,
      meta.unreadable && `${plural(meta.unreadable, "line")} of the results could not be read`,
      `hybrid-index ${meta.version}`, meta.made,
    ].filter(Boolean).join(" · ");
    $("tables").append("Tables: ", ...meta.tables.flatMap((name, i) => [i ? ", " : "", element("a", { href: name }, name)]));
    for (const status of Object.keys(MARKS).filter((name) => counts[name])) {
      const n = counts[status], others = () => [...state.status].filter((name) => name !== status);
      const toggle = () => change({ status: new Set(state.status.has(status) ? others() : [status, ...others()]) });
      $("share").append(element("i", { style: `flex: ${n}; background: var(--${status})` }));
      const words = [statusMark(status), element("b", {}, n.toLocaleString("en")), ` ${WORDS[status]}`];
      $("statuses").append(element("button", { type: "button", "data-status": status, onclick: toggle }, ...words));
    }
    for (const { key, label, name, width, value, number: right } of COLUMNS) {
      const again = () => state.sort === key;
      const sort = () => change({ sort: again() && state.desc ? "" : key, desc: again() && !state.desc });
      const title = name && `Sort by ${name.toLowerCase()}`;
      const button = value && element("button", { type: "button", "aria-label": name, title, onclick: sort }, label);
      document.querySelector("#cells colgroup").append(element("col", { style: `width: ${width}px` }));
      document.querySelector("#cells thead tr").append(
        element("th", { scope: "col", class: right ? "number" : null, "data-key": key }, button || label));
    }
    $("search").addEventListener("input", (event) => change({ search: event.target.value.trim() }));
    $("reset").addEventListener("click", () => {
      $("search").value = "";
      change({ status: new Set(), search: "", ranges: {} });
    });
    $("chart-zero").addEventListener("click", (event) => openRow(rows[orderAt(event.offsetX)]));
    addEventListener("scroll", () => requestAnimationFrame(drawRows), { passive: true });
    addEventListener("resize", redraw);
    addEventListener("hashchange", readAddress);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  }

  function drawHead() {
    for (const button of document.querySelectorAll("#statuses button")) {
      button.setAttribute("aria-pressed", state.status.has(button.dataset.status));
    }
    for (const { key } of COLUMNS.filter((column) => column.value)) {
      const direction = key !== state.sort ? "none" : state.desc ? "descending" : "ascending";
      document.querySelector(`#cells th[data-key=${key}]`).setAttribute("aria-sort", direction);
    }
    const few = shown.length < rows.length;
    $("shown").textContent = few ? `${shown.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")}` : "";
    $("reset").hidden = !(state.status.size || state.search || Object.keys(state.ranges).length);
    $("ranges").replaceChildren(...Object.entries(state.ranges).map(([key, limits]) => {
      const others = Object.fromEntries(Object.entries(state.ranges).filter(([name]) => name !== key));
      const words = `${byKey[key].label} ${limits.map((x) => +x.toPrecision(3)).join("–")} ✕`;
      return element("button", { type: "button", onclick: () => change({ ranges: others }) }, words);
    }));
    $("cells").setAttribute("aria-rowcount", shown.length + 1);
  }

  // A block of charts for each series: along its values, if all patterns have one, else in their order.
  const seriesNames = [...new Set(rows.filter((row) => row.series).map((row) => row.series.name))];
  const allSeries = seriesNames.map((name) => {
    const members = rows.filter((row) => row.series?.name === name);
    members.sort((one, other) => one.series.position - other.series.position);
    const valued = members.every((row) => row.series.value != null);
    const steps = tracks.prepare(members.map((row) => ({
      order: row.order, at: valued ? row.series.value : row.series.position, relation: row.series.relation,
      trusted: row.series.relation !== "lost" && row.best != null, lattice: row.best?.lattice, volume: row.best?.volume,
      cell: row.best?.cell, free: row.best ? FREE[row.best.lattice[0]] : [],
    })));
    return { name, members, steps, unit: valued ? members[0].series.unit : "", valued };
  });

  function makeSeries() {
    for (const one of allSeries) {
      const count = (relation) => one.members.filter((row) => row.series.relation === relation).length;
      const [from, to] = [one.steps[0].at, one.steps.at(-1).at], range = `${from} to ${to} ${one.unit}`.trim();
      const words = [
        plural(one.members.length, "pattern"), one.valued && range, plural(count("changed"), "change"),
        count("lost") && `${count("lost")} without a trusted cell`,
      ].filter(Boolean).join(" · ");
      const grid = element("div", { class: "tracks" }), changes = element("ul", { class: "changes" });
      const press = () => {
        one.relative = !one.relative;
        button.setAttribute("aria-pressed", String(one.relative));
        drawSeries();
      };
      const button = element("button", { type: "button", "aria-pressed": "false", onclick: press }, "relative to each phase’s first (%)");
      one.canvases = tracks.places(one.steps).map((place) => {
        const label = `${tracks.NAMES[place]} along the series ${one.name}`;
        const canvas = element("canvas", { role: "img", "aria-label": label });
        const unit = element("span", {}), figure = element("figure", {}, element("figcaption", {}, `${tracks.NAMES[place]} `, unit), canvas);
        canvas.addEventListener("click", (event) => openRow(rows[canvas.stepAt(event.offsetX).order]));
        canvas.addEventListener("mousemove", (event) => { canvas.title = rows[canvas.stepAt(event.offsetX).order].id.slice(common); });
        grid.append(figure);
        return { canvas, place, unit };
      });
      for (const row of one.members.filter((member) => member.series.relation === "changed")) {
        const at = one.valued ? `${row.series.value} ${one.unit}` : `${row.series.position}`;
        const open = element("button", { type: "button", onclick: () => openRow(row) }, row.id.slice(common));
        changes.append(element("li", {}, element("b", {}, at.trim()), " ", open, ` ${row.series.change}`));
      }
      const head = element("div", { class: "head" }, element("h2", {}, one.name), element("p", { class: "quiet" }, words), button);
      $("series").append(element("div", { class: "one" }, head, grid, changes));
    }
  }

  function drawSeries() {
    const visible = new Set(shown.map((row) => row.order)), strong = (order) => visible.has(order);
    for (const { steps, canvases, relative, unit: along } of allSeries) for (const { canvas, place, unit } of canvases) {
      unit.textContent = `${relative ? "%" : tracks.UNITS[place]}${along ? `, along ${along}` : ""}`;
      canvas.stepAt = tracks.draw(canvas, steps, place, { relative, strong });
    }
  }

  let orderAt = () => 0;
  function drawCharts() {
    for (const key of CHARTS) {
      const { label, value } = byKey[key], choose = (limits) => change({ ranges: { ...state.ranges, [key]: limits } });
      pictures.histogram($(`chart-${key}`), {
        label, choose, all: rows.map(value), now: shown.map(value), chosen: key in state.ranges,
        logarithmic: key !== "probability", limits: key === "probability" ? [0, 1] : null,
      });
    }
    const visible = new Set(shown), colours = Object.fromEntries(Object.keys(MARKS).map((name) => [name, pictures.colour(name)]));
    const points = rows.filter((row) => row.best && TRUSTED.has(row.status)).map((row) => ({
      order: row.order, value: number(row.best.zero), esd: row.best.zeroEsd, colour: colours[row.status], strong: visible.has(row),
    })).filter((point) => point.value != null);
    orderAt = pictures.series($("chart-zero"), points, rows.length);
    drawSeries();
  }

  const ticks = (row, answer) => pictures.ticks({
    lattice: answer.lattice, cell: answer.cell.map(number), volume: number(answer.volume),
    zero: number(answer.zero) || 0, displacement: number(answer.displacement) || 0,
  }, row, row.trace.high);

  function drawPattern(canvas, row, answer, large) {
    if (!row.trace) return;
    const foreign = answer ? answer.foreign.map((place) => row.lines[place]) : [];
    pictures.pattern(canvas, row.trace, answer ? ticks(row, answer) : [], foreign, large);
  }

  // Only rows in view are in the document; above and below them stand two empty rows of the right height.
  const body = document.querySelector("#cells tbody");
  const full = (attributes, ...children) => element("td", { colspan: COLUMNS.length, ...attributes }, ...children);
  const [above, below] = [0, 1].map(() => element("tr", { "aria-hidden": "true" }, full({ class: "gap" })));
  const none = element("tr", {}, full({ class: "quiet" }, "No input is like this."));
  const drawn = new Map();
  let detail = null, detailHeight = 0;
  const top = () => body.getBoundingClientRect().top + scrollY;

  function redraw() {
    drawn.clear();
    detail = null;
    detailHeight = 0;
    body.replaceChildren(above, below, ...(shown.length ? [] : [none]));
    drawCharts();
    drawRows();
  }

  function drawRows() {
    const open = state.open >= 0 ? shown.indexOf(rows[state.open]) : -1, from = scrollY - top(), end = (open + 1) * ROW;
    const at = (offset) => Math.floor((open >= 0 && offset > end ? Math.max(end, offset - detailHeight) : offset) / ROW);
    const first = Math.max(0, Math.min(at(from) - OVERSCAN, shown.length - 1));
    const last = Math.min(shown.length - 1, at(from + innerHeight) + OVERSCAN);
    for (const [order, made] of drawn) {
      if (made.place < first || made.place > last) {
        made.remove();
        drawn.delete(order);
      }
    }
    if (detail && (open < first || open > last)) {
      detail.remove();
      detail = null;
    }
    let before = above;
    for (let place = first; place <= last; place += 1) {
      const row = shown[place];
      let made = drawn.get(row.order);
      if (!made) {
        made = makeRow(row, place);
        drawn.set(row.order, made);
        before.after(made);
        drawPattern(made.querySelector("canvas"), row, row.best, false);
      }
      before = made;
      if (place !== open) continue;
      if (!detail) {
        detail = makeDetail(row);
        made.after(detail);
        detail.draw();
        detailHeight = detail.offsetHeight;
      }
      before = detail;
    }
    above.firstChild.style.height = `${first * ROW + (open >= 0 && open < first ? detailHeight : 0)}px`;
    below.firstChild.style.height = `${Math.max(0, shown.length - 1 - last) * ROW + (open > last ? detailHeight : 0)}px`;
  }

  function focusOn(row) {
    drawRows();
    drawn.get(row.order)?.querySelector("button").focus({ preventScroll: true });
  }

  function openRow(row) {
    const again = state.open === row.order, at = shown.indexOf(row);
    Object.assign(state, { open: again ? -1 : row.order, chosen: 0 });
    writeAddress();
    redraw();
    const offset = top() + at * ROW, hidden = offset < scrollY || offset + ROW + detailHeight > scrollY + innerHeight;
    if (!again && at >= 0 && hidden) scrollTo(0, offset - 48);
    focusOn(row);
  }

  function step(event, place) {
    const next = place + ({ ArrowDown: 1, ArrowUp: -1 }[event.key] || 0);
    if (next === place || !shown[next]) return;
    event.preventDefault();
    const offset = top() + next * ROW;
    if (offset < scrollY + 40) scrollTo(0, offset - 40);
    else if (offset + ROW > scrollY + innerHeight) scrollTo(0, offset + ROW - innerHeight);
    focusOn(shown[next]);
  }

  function makeRow(row, place) {
    const open = state.open === row.order, name = ["row", open && "open", !TRUSTED.has(row.status) && "doubtful"];
    const made = element("tr", {
      class: name.filter(Boolean).join(" "), "aria-rowindex": place + 2, "data-id": row.id, onclick: () => openRow(row),
    });
    made.place = place;
    const [first, last] = ["findIndex", "findLastIndex"].map((find) => COLUMNS[find]((column) => column.cell));
    COLUMNS.forEach((column, i) => {
      if (row.best || i < first || i > last) made.append(makeCell(row, column, place, open));
      else if (i === first) {
        const reasons = row.reasons.join("; ");
        made.append(element("td", { class: "quiet", colspan: last - first + 1, title: reasons }, reasons));
      }
    });
    return made;
  }

  function makeCell(row, { key, cls, cell, show, number: right }, place, open) {
    const td = element("td", { class: [cls, right && "number", cell && "cell"].filter(Boolean).join(" ") });
    if (key === "pattern") {
      td.append(element("canvas", { role: "img", "aria-label": row.trace ? `pattern of ${row.id}` : "no pattern" }));
    } else if (key === "status") {
      td.title = WORDS[row.status] || row.status;
      td.append(statusMark(row.status, element("span", { class: "hidden" }, td.title)));
    } else if (key === "id") {
      td.append(element("button", {
        type: "button", title: row.id, "aria-expanded": String(open), onkeydown: (event) => step(event, place),
      }, row.id.slice(common)));
    } else if (key === "beta") {
      const angles = row.best ? free(row.best).slice(3) : [];
      td.append(...angles.map((angle) => element("span", { class: angles.length > 1 ? "small" : null }, angle)));
    } else {
      td.textContent = show(row);
      if (key === "known") td.title = row.known;
    }
    return td;
  }

  function makeDetail(row) {
    const label = `pattern of ${row.id} with the lines of the chosen cell`;
    const picture = element("canvas", { class: "large", role: "img", "aria-label": label });
    const caption = element("p", { class: "caption" }), list = element("tbody"), facts = element("dl");
    const choose = (place) => {
      state.chosen = place;
      [...list.children].forEach((line, i) => line.setAttribute("aria-selected", String(i === place)));
      drawPattern(picture, row, row.solutions[place], true);
      const told = factsOf(row, row.solutions[place]).filter(([, value]) => value);
      facts.replaceChildren(...told.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
    };
    const explain = () => {
      caption.textContent = "Intensity on a square-root scale; move over the pattern to read positions.";
    };
    picture.addEventListener("mouseleave", explain);
    picture.addEventListener("mousemove", ({ offsetX }) => {
      const { low, high } = row.trace, angle = low + ((offsetX - 8) / (picture.clientWidth - 16)) * (high - low);
      const d = row.wavelength / (2 * Math.sin((angle * Math.PI) / 360));
      caption.textContent = `2θ ${angle.toFixed(2)}° · d ${d.toFixed(4)} Å`;
    });
    explain();
    const named = row.solutions.some((answer) => answer.known), left = element("div");
    row.solutions.forEach((answer, i) => {
      const values = [
        i + 1, answer.lattice, free(answer).join("\u2002"), answer.volume, answer.probability?.toFixed(2) ?? "",
        merit(answer.m20), `${answer.indexed}/${row.lines.length}`, ...(named ? [answer.known] : []),
      ];
      const onkeydown = (event) => event.key === "Enter" && choose(i);
      list.append(element("tr", { tabindex: 0, "aria-selected": "false", onclick: () => choose(i), onkeydown },
        ...values.map((value) => element("td", { title: value }, String(value)))));
    });
    if (row.solutions.length) {
      const heads = ["#", "Lattice", "Cell (Å, °)", "V (Å³)", "P", "M20", "Lines", ...(named ? ["Known phase"] : [])];
      const head = element("thead", {}, element("tr", {}, ...heads.map((name) => element("th", {}, name))));
      left.append(element("h2", {}, "Solutions"), element("table", {}, head, list));
      if (row.hidden) left.append(element("p", { class: "quiet" }, `and ${row.hidden} more in the results`));
    } else left.append(element("h2", {}, "No solutions"));
    const reasons = element("ul", {}, ...row.reasons.map((reason) => element("li", {}, reason)));
    const right = element("div", {}, element("h2", {}, "Reasons"), reasons, element("h2", {}, "Details"), facts);
    const above = row.trace ? [picture, caption] : [];
    const made = element("tr", { class: "detail" }, full({}, ...above, element("div", { class: "columns" }, left, right)));
    made.draw = () => choose(Math.min(state.chosen, Math.max(0, row.solutions.length - 1)));
    return made;
  }

  function factsOf(row, answer) {
    const lines = answer?.foreign.map((place) => row.lines[place].toFixed(3)).join(", ");
    const partners = answer?.partners.map(([lattice, cell, relation]) => ["Same lines", `${lattice} ${cell} (${relation})`]) || [];
    return [
      ["Zero shift", answer && `${answer.zero}°`], ["Displacement", answer && `${answer.displacement} mm`],
      ["In the series", row.series && [row.series.relation, row.series.change].filter(Boolean).join(": ")],
      ["Wavelength", row.wavelength && `${row.wavelength.toFixed(5)} Å`], ["Not indexed", lines], ["File", row.file], ...partners,
    ];
  }

  drawOnce();
  makeSeries();
  readAddress();
  document.documentElement.dataset.ready = performance.now().toFixed(0);
  return { ticks: (order) => ticks(rows[order], rows[order].best) };
})();
