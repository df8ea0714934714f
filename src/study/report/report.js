"use strict";
// Reads the runs from #report-data and draws them. Text reaches the page as text nodes only, never as markup.
(() => {
  const DATA = JSON.parse(document.getElementById("report-data").textContent);
  const COLUMN = Object.fromEntries(DATA.columns.map(({ name }, index) => [name, index]));
  const SUBSCRIPTS = { "_1": "₁", "_2": "₂", "_∞": "∞" };
  const LABELS = Object.fromEntries(DATA.columns.map(({ name, title }) => [name,
    (name.startsWith("limit_") ? "predicted " : "") + title.replace(/_[12∞]/g, (mark) => SUBSCRIPTS[mark])]));
  const having = (key, wanted) => DATA.columns.filter((column) => column[key] === wanted).map(({ name }) => name);
  const DIMENSIONS = having("role", "option"), MEASURES = having("role", "measure");
  const CONTINUOUS = new Set(having("layout", "scaled"));
  const NAMES = new Set(having("layout", "names"));
  const TABLE_ROWS = 50, MOST_LINES = 50, MOST_FILTER_VALUES = 200, MOST_COLOURS = 10;
  // Okabe and Ito's colours, told apart by every kind of colour vision, and three more; brighter on a dark page.
  const DARK = matchMedia("(prefers-color-scheme: dark)");
  const palette = () => DARK.matches
    ? ["#56b4e9", "#f58a3c", "#2fc99a", "#e79ac6", "#f2c14e", "#8fa7ff", "#b5b5b5", "#d09a86", "#5fd6e0", "#d6d74b"]
    : ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#8c564b", "#17becf", "#bcbd22"];

  const byId = (id) => document.getElementById(id);
  const value = (run, name) => run[COLUMN[name]];
  const TEXTS = new Intl.Collator("en", { numeric: true }); // "data 2" before "data 10"
  const compare = (a, b) => (a === null) - (b === null) || (typeof a === "number" && typeof b === "number" ? a - b
    : TEXTS.compare(a, b));
  const show = (v) => v === null || v === undefined ? "–" : typeof v === "number" && !Number.isInteger(v)
    ? String(Number(v.toPrecision(7))) : String(v);

  function element(tag, text, attributes = {}) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    for (const [name, content] of Object.entries(attributes)) made.setAttribute(name, content);
    return made;
  }

  // ---- What varies, and what is chosen ---------------------------------------------------------------

  const VALUES = {};
  for (const name of DIMENSIONS) {
    VALUES[name] = [...new Set(DATA.rows.map((run) => value(run, name)))].sort(compare);
  }
  const VARYING = DIMENSIONS.filter((name) => VALUES[name].filter((v) => v !== null).length > 1);
  const FILTERS = VARYING.filter((name) => VALUES[name].length <= MOST_FILTER_VALUES);
  const COLOURS = VARYING.filter((name) => VALUES[name].length <= MOST_COLOURS);
  const AXES = VARYING.length ? VARYING : ["optimizer"];
  const HAS = MEASURES.filter((name) => DATA.rows.some((run) => value(run, name) !== null));

  const preferred = (names, among, unlike = []) =>
    names.find((name) => among.includes(name) && !unlike.includes(name)) ?? among.find((name) => !unlike.includes(name)) ?? among[0];
  const START = { measure: HAS[0] ?? "cosine_l2", sort: "", find: "" };
  START.across = preferred(["batch_size", "beta1", "lr", "beta2"], AXES);
  START.colour = preferred(["optimizer", "beta2", "beta1", "batch_order", "data"], ["none", ...COLOURS], ["none", START.across]) ?? "none";
  START.down = preferred(["beta1", "beta2", "lr", "optimizer"], AXES, [START.across]);
  const state = { ...START, filter: {}, page: 0 };

  // The choices stand in the address, so that a view can be kept and sent.
  function readAddress() {
    const given = new URLSearchParams(location.hash.slice(1));
    Object.assign(state, START, { filter: {}, page: 0 });
    for (const [name, text] of given) {
      if (name in START) state[name] = text;
      else if (FILTERS.includes(name) && VALUES[name].some((v) => show(v) === text)) state.filter[name] = text;
    }
    if (!HAS.includes(state.measure)) state.measure = START.measure;
    if (!AXES.includes(state.across)) state.across = START.across;
    if (!AXES.includes(state.down)) state.down = START.down;
    if (!["none", ...COLOURS].includes(state.colour)) state.colour = START.colour;
  }

  function writeAddress() {
    const kept = new URLSearchParams(state.filter);
    for (const name of Object.keys(START)) if (state[name] !== START[name]) kept.set(name, state[name]);
    history.replaceState(null, "", kept.size ? "#" + kept : location.pathname + location.search);
  }

  const shown = () => DATA.rows.map((run, index) => ({ run, index })).filter(({ run }) =>
    Object.entries(state.filter).every(([name, text]) => show(value(run, name)) === text));

  // ---- Controls --------------------------------------------------------------------------------------

  function select(label, names, current, change, text = (name) => LABELS[name] ?? name) {
    const made = element("label", label);
    const box = element("select", undefined, { "aria-label": label });
    for (const name of names) box.append(new Option(text(name), name, false, name === current));
    box.addEventListener("change", () => change(box.value));
    made.append(box);
    return made;
  }

  function drawControls() {
    const choose = (key) => (name) => { state[key] = name; update(); };
    byId("choices").replaceChildren(
      select("Measure", HAS, state.measure, choose("measure")),
      select("Across", AXES, state.across, choose("across")),
      select("Down (heat map)", AXES, state.down, choose("down")),
      select("Colour", ["none", ...COLOURS], state.colour, choose("colour")));
    byId("filters").replaceChildren(...FILTERS.map((name) =>
      select(LABELS[name], ["", ...VALUES[name].map(show)], state.filter[name] ?? "", (text) => {
        if (text) state.filter[name] = text; else delete state.filter[name];
        state.page = 0;
        update();
      }, (text) => text || "all")));
  }

  function drawTiles(runs) {
    const numbers = (name) => runs.map(({ run }) => value(run, name)).filter((v) => v !== null).sort((a, b) => a - b);
    const tile = (number, text) => {
      const made = element("div");
      made.append(element("strong", number), element("span", text));
      return made;
    };
    const kinds = new Set(runs.map(({ run }) => value(run, "data") + " " + value(run, "samples") + " " + value(run, "features"))).size;
    const tiles = [tile(runs.length.toLocaleString("en"), runs.length === 1 ? "run" : "runs"),
      tile(kinds, kinds === 1 ? "kind of data" : "kinds of data")];
    const measured = numbers(state.measure);
    const part = (fraction) => show(Number(measured[Math.floor(fraction * (measured.length - 1))].toPrecision(6)));
    if (measured.length) tiles.push(tile(part(0), "least " + LABELS[state.measure]), tile(part(0.5), "median"), tile(part(1), "greatest"));
    for (const status of ["not separable", "diverged"]) {
      const failed = runs.filter(({ run }) => value(run, "status") === status).length;
      if (failed) tiles.push(tile(failed.toLocaleString("en"), status));
    }
    byId("tiles").replaceChildren(...tiles);
    byId("count").textContent = `${runs.length.toLocaleString("en")} of ${DATA.rows.length.toLocaleString("en")} runs shown.`;
  }

  // ---- Plots -----------------------------------------------------------------------------------------

  const CONFIG = {
    background: null, font: "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif", view: { stroke: null },
    axis: { labelColor: "currentColor", titleColor: "currentColor", domainColor: "currentColor", tickColor: "currentColor",
      gridColor: "currentColor", gridOpacity: 0.12, domainOpacity: 0.5, tickOpacity: 0.5, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" },
    legend: { labelColor: "currentColor", titleColor: "currentColor", labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", symbolLimit: 20, symbolOpacity: 1, symbolStrokeWidth: 2, labelOverlap: false },
  };
  const narrow = () => document.body.clientWidth < 640;

  function draw(id, spec) {
    return vegaEmbed(byId(id), { $schema: "https://vega.github.io/schema/vega-lite/v6.json", width: "container", height: narrow() ? 260 : 340,
      autosize: { type: "fit-x", contains: "padding" }, config: CONFIG, ...spec },
      { renderer: "svg", actions: { export: true, source: false, compiled: false, editor: false }, tooltip: { theme: DARK.matches ? "dark" : "light" }, downloadFileName: "biascope-" + id });
  }

  const nothing = (id, text) => byId(id).replaceChildren(element("p", text));

  function summary(values) {
    const known = values.filter((v) => v !== null);
    if (!known.length) return null;
    return { mean: known.reduce((sum, v) => sum + v, 0) / known.length, least: Math.min(...known), greatest: Math.max(...known), runs: known.length };
  }

  // A run that was predicted itself tells its error; such runs are dashed curves.
  const kindOf = (run) => value(run, "error_estimate") === null ? "trained" : "predicted";
  const DASHES = { field: "kind", type: "nominal", scale: { domain: ["trained", "predicted"], range: [[1, 0], [4, 3]] }, legend: null };

  function group(runs, keys) {
    const groups = new Map();
    for (const { run } of runs) {
      const values = keys.map((name) => name === "none" ? null : name === "kind" ? kindOf(run) : value(run, name));
      const key = JSON.stringify(values);
      if (!groups.has(key)) groups.set(key, { values, runs: [] });
      groups.get(key).runs.push(run);
    }
    return [...groups.values()];
  }

  const limitOf = (measure) => measure === "cosine_predicted" ? null : "limit_" + measure;

  function colourChannel() {
    if (state.colour === "none") return { value: palette()[0] };
    return { field: "colour", type: "nominal", title: LABELS[state.colour], sort: VALUES[state.colour].map(show),
      scale: { domain: VALUES[state.colour].map(show), range: palette() }, legend: { orient: narrow() ? "bottom" : "right", columns: narrow() ? 3 : 1 } };
  }

  // Upright names where they would not fit side by side.
  const labelAngle = (name) => VALUES[name].map(show).join("  ").length > (narrow() ? 30 : 90) ? -60 : 0;

  function acrossChannel() {
    const values = VALUES[state.across], title = LABELS[state.across];
    if (CONTINUOUS.has(state.across) && values.every((v) => v > 0)) {
      const log = values.at(-1) >= 8 * values[0];
      return { field: "x", type: "quantitative", title, scale: { ...(log ? { type: "log" } : { zero: false }), nice: false, padding: 12 },
        axis: values.length <= 12 ? { values, format: "~g" } : { format: "~g" } };
    }
    return { field: "x", type: "ordinal", title, sort: values.map(show), axis: { labelAngle: labelAngle(state.across) } };
  }

  const measureChannel = (field = "y") => ({ field, type: "quantitative", title: LABELS[state.measure], scale: { zero: false } });

  function drawEnds(runs) {
    const continuous = acrossChannel().type === "quantitative", limit = limitOf(state.measure);
    const rows = [];
    for (const { values: [x, colour, kind], runs: members } of group(runs, [state.across, state.colour, "kind"])) {
      const end = summary(members.map((run) => value(run, state.measure)));
      const predicted = limit && summary(members.map((run) => value(run, limit)));
      if (end) rows.push({ x: continuous ? x : show(x), colour: show(colour), kind, y: end.mean, least: end.least, greatest: end.greatest,
        runs: end.runs, limit: predicted?.runs === end.runs ? predicted.mean : null });
    }
    if (!rows.length) return nothing("ends", "No run shown has this measure.");
    const tooltip = [{ field: "x", title: LABELS[state.across] }, { field: "y", title: "mean", format: ".6f" },
      { field: "least", format: ".6f" }, { field: "greatest", format: ".6f" }, { field: "limit", title: "predicted", format: ".6f" }, { field: "runs" }];
    if (state.colour !== "none") tooltip.splice(1, 0, { field: "colour", title: LABELS[state.colour] });
    const x = acrossChannel(), color = colourChannel();
    const apart = NAMES.has(state.across); // nothing lies between two names: no line, and curves stand side by side
    const place = apart && state.colour !== "none" ? { x, xOffset: { field: "colour", sort: VALUES[state.colour].map(show) }, color } : { x, color };
    const ring = { filled: false, fill: null, size: 150, strokeWidth: 1.5 };
    return draw("ends", { data: { values: rows }, layer: [
      { mark: apart ? { type: "rule" } : { type: "area", opacity: 0.15 }, encoding: { ...place, detail: { field: "kind" }, y: measureChannel("least"), y2: { field: "greatest" } } },
      { mark: apart ? { type: "point", ...ring } : { type: "line", strokeDash: [6, 4], strokeWidth: 1.5, point: ring }, encoding: { ...place, detail: { field: "kind" }, y: measureChannel("limit") } },
      ...(apart ? [] : [{ mark: { type: "line", strokeWidth: 2 }, encoding: { ...place, strokeDash: DASHES, y: measureChannel() } }]),
      { mark: { type: "point", filled: true, size: 60, opacity: 1 }, encoding: { ...place, y: measureChannel(), tooltip } },
    ] });
  }

  function drawTraces(runs) {
    const traced = runs.filter(({ index }) => DATA.traces[index]);
    const count = Math.min(traced.length, MOST_LINES);
    const lines = Array.from({ length: count }, (_, i) => traced[Math.floor(i * traced.length / count)]);
    byId("trace-note").textContent = (lines.length < runs.length
      ? `${lines.length} of the ${runs.length.toLocaleString("en")} runs shown, evenly chosen. ` : "Every run shown. ") + "Dashed: where the predicted limit lies, and runs that were predicted themselves.";
    const limit = limitOf(state.measure), rows = [];
    for (const { run, index } of lines) {
      const colour = state.colour === "none" ? "–" : show(value(run, state.colour)), trace = DATA.traces[index];
      trace.step.forEach((at, k) => {
        const y = trace[state.measure][k];
        if (y !== null) rows.push({ step: at, y, colour, run: value(run, "hash").slice(0, 8), kind: kindOf(run), limit: k === 0 && limit ? value(run, limit) : null });
      });
    }
    if (!rows.length) return nothing("traces", "No run shown has a trace of this measure.");
    const color = colourChannel();
    const tooltip = [{ field: "run" }, { field: "step" }, { field: "y", title: LABELS[state.measure], format: ".6f" }, { field: "colour", title: LABELS[state.colour] ?? "" }];
    return draw("traces", { data: { values: rows }, layer: [
      { transform: [{ filter: "isValid(datum.limit)" }], mark: { type: "rule", strokeDash: [6, 4], opacity: Math.max(0.25, 0.7 - lines.length / 100), clip: true }, encoding: { y: measureChannel("limit"), color } },
      { mark: { type: "line", strokeWidth: 1.5, opacity: Math.max(0.35, 1 - lines.length / 100) },
        encoding: { x: { field: "step", type: "quantitative", title: "step", scale: { type: "log", nice: false }, axis: { format: "~s", tickCount: 8 } },
          y: measureChannel(), color, strokeDash: DASHES, detail: { field: "run" }, tooltip } },
    ] });
  }

  function drawHeat(runs) {
    byId("heat-note").textContent = `Mean ${LABELS[state.measure]} of the runs shown, over ${LABELS[state.across]} and ${LABELS[state.down]}.`;
    if (state.across === state.down) return nothing("heat", "Choose two different options for Across and Down.");
    const rows = [];
    for (const { values: [x, y], runs: members } of group(runs, [state.across, state.down])) {
      const end = summary(members.map((run) => value(run, state.measure)));
      if (end) rows.push({ x: show(x), y: show(y), mean: end.mean, least: end.least, greatest: end.greatest, runs: end.runs });
    }
    if (!rows.length) return nothing("heat", "No run shown has this measure.");
    const across = { field: "x", type: "ordinal", title: LABELS[state.across], sort: VALUES[state.across].map(show), axis: { labelAngle: labelAngle(state.across), labelOverlap: true } };
    const down = { field: "y", type: "ordinal", title: LABELS[state.down], sort: VALUES[state.down].map(show).reverse() };
    const means = rows.map((row) => row.mean), middle = (Math.min(...means) + Math.max(...means)) / 2;
    const cells = { mark: { type: "rect" }, encoding: { x: across, y: down,
      color: { field: "mean", type: "quantitative", title: "mean", scale: { scheme: "viridis", zero: false, nice: false }, legend: { orient: narrow() ? "bottom" : "right", format: ".3~f" } },
      tooltip: [{ field: "x", title: LABELS[state.across] }, { field: "y", title: LABELS[state.down] }, { field: "mean", format: ".6f" }, { field: "least", format: ".6f" }, { field: "greatest", format: ".6f" }, { field: "runs" }] } };
    const numbers = { mark: { type: "text", fontSize: 11 }, encoding: { x: across, y: down, text: { field: "mean", format: ".3f" },
      color: { condition: { test: `datum.mean > ${middle}`, value: "#000" }, value: "#fff" } } };
    const columns = new Set(rows.map((row) => row.x)).size, lines = new Set(rows.map((row) => row.y)).size;
    return draw("heat", { height: Math.min(520, Math.max(120, 36 * lines)), data: { values: rows }, layer: columns <= (narrow() ? 6 : 14) ? [cells, numbers] : [cells] });
  }

  // ---- Table -----------------------------------------------------------------------------------------

  const TABLE_COLUMNS = ["hash", ...(VARYING.length ? VARYING : ["optimizer"]), ...HAS, "predicted_gap", "seconds"];

  function tableRuns(runs) {
    const find = state.find.toLowerCase();
    const kept = find ? runs.filter(({ run }) => run.some((v) => show(v).toLowerCase().includes(find))) : [...runs];
    if (!state.sort) return kept;
    const descending = state.sort.startsWith("-"), name = state.sort.replace("-", "");
    if (!(name in COLUMN)) return kept;
    return kept.sort((a, b) => {
      const left = value(a.run, name), right = value(b.run, name);
      if (left === null || right === null) return (left === null) - (right === null);
      return compare(left, right) * (descending ? -1 : 1);
    });
  }

  function drawHeadings() {
    const line = element("tr");
    for (const name of TABLE_COLUMNS) {
      const numeric = DATA.rows.some((run) => typeof value(run, name) === "number");
      const sorted = state.sort === name ? "ascending" : state.sort === "-" + name ? "descending" : "none";
      const cell = element("th", undefined, { scope: "col", "aria-sort": sorted, class: numeric ? "number" : "" });
      const button = element("button", LABELS[name] ?? name, { type: "button" });
      button.addEventListener("click", () => { state.sort = state.sort === name ? "-" + name : name; state.page = 0; drawTable(shown()); writeAddress(); });
      cell.append(button);
      line.append(cell);
    }
    byId("table").tHead.replaceChildren(line);
  }

  function drawTable(runs) {
    const kept = tableRuns(runs), pages = Math.max(1, Math.ceil(kept.length / TABLE_ROWS));
    state.page = Math.min(state.page, pages - 1);
    drawHeadings();
    byId("table").tBodies[0].replaceChildren(...kept.slice(state.page * TABLE_ROWS, (state.page + 1) * TABLE_ROWS).map(({ run }) => {
      const line = element("tr");
      for (const name of TABLE_COLUMNS) {
        const v = value(run, name);
        line.append(element("td", name === "hash" ? v.slice(0, 8) : name === "seconds" ? v.toFixed(3) : show(v), typeof v === "number" ? { class: "number" } : {}));
      }
      line.addEventListener("click", () => openRun(run));
      return line;
    }));
    const turn = (text, by) => {
      const button = element("button", text, { type: "button" });
      button.disabled = state.page + by < 0 || state.page + by >= pages;
      button.addEventListener("click", () => { state.page += by; drawTable(shown()); });
      return button;
    };
    byId("pager").replaceChildren(turn("Previous", -1), ` page ${state.page + 1} of ${pages}, ${kept.length.toLocaleString("en")} runs `, turn("Next", 1));
  }

  // A word of a command line, quoted where the shell would take it apart.
  const word = (text) => /^[\w.,:/=+-]+$/.test(text) ? text : "'" + text.replaceAll("'", "'\\''") + "'";

  // What the store says of a file beside how it is read.
  const FACTS = new Set(["name", "file", "seed", "samples", "features", "fingerprint", "test_samples", "test_fingerprint"]);

  // The commands that make the run's data and train on them.
  function trainLines(run, flags) {
    const source = DATA.sources[value(run, "source")];
    if (source.file) {
      const reading = Object.entries(source).filter(([name, given]) => !FACTS.has(name) && given !== false).map(([name, given]) =>
        `--${name.replaceAll("_", "-")}` + (given === true ? "" : " " + word(String(given))));
      return [["biascope train", word(source.file), ...reading, ...flags].join(" ")];
    }
    const options = ["samples", "features", "classes", "margin", "delta", "nonzeros", "distance", "seed"].filter((name) => name in source)
      .map((name) => `--${name} ${source[name]}`);
    return [`biascope generate ${source.generate} ${options.join(" ")} --out data.npy`, `biascope train data.npy ${[...(source.classes > 2 ? ["--label-column -1"] : []), ...flags].join(" ")}`];
  }

  function openRun(run) {
    const list = byId("run").querySelector("dl");
    list.replaceChildren(...DATA.columns.filter(({ name }) => name !== "source" && value(run, name) !== null).flatMap(({ name }) =>
      [element("dt", LABELS[name] ?? name), element("dd", String(value(run, name)))]));
    const flags = DATA.columns.filter(({ name, option, is_flag }) => option && value(run, name) !== null && !(is_flag && !value(run, name)))
      .map(({ name, option, is_flag }) => `--${option.replaceAll("_", "-")}` + (is_flag ? "" : ` ${value(run, name)}`));
    byId("run").querySelector("pre").textContent = trainLines(run, flags).join("\n");
    byId("run").showModal();
  }

  // ---- The page --------------------------------------------------------------------------------------

  async function update() {
    const runs = shown();
    writeAddress();
    drawControls();
    drawTiles(runs);
    drawTable(runs);
    await Promise.all([drawEnds(runs), drawTraces(runs), drawHeat(runs)]);
    document.documentElement.dataset.ready = "true";
  }

  byId("title").textContent = DATA.title;
  byId("subtitle").textContent = DATA.subtitle;
  byId("find").addEventListener("input", (event) => { state.find = event.target.value; state.page = 0; drawTable(shown()); writeAddress(); });
  byId("reset").addEventListener("click", () => { Object.assign(state, START, { filter: {}, page: 0 }); byId("find").value = ""; update(); });
  addEventListener("hashchange", () => { readAddress(); update(); });
  DARK.addEventListener("change", update);
  let wasNarrow = narrow();
  addEventListener("resize", () => { if (narrow() !== wasNarrow) { wasNarrow = narrow(); update(); } });
  readAddress();
  byId("find").value = state.find;
  if (DATA.rows.length) update();
  else for (const part of document.querySelectorAll("#tiles, .controls, figure, #runs")) part.remove();
})();
