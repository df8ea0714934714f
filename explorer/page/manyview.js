// The many-dimensional view: cosines against steps, predicted levels and paths, the phase diagram, dropped files.
import { make, find, set, write } from "./dom.js";
import { Chart } from "./chart.js";
import { Legend } from "./legend.js";
import { Phases } from "./phases.js";
import { Latest, Runner, newDataKey } from "./session.js";
import { Client } from "./client.js";
import { batchSizes } from "./controls.js";
import { SHORT_NAMES, cosine, count, limitSentence, message, separableSentence } from "./words.js";
import gaussian from "../../tests/data/gaussian-10x50.csv";
import rademacher from "../../tests/data/rademacher-4x4.csv";
import iris from "../../tests/data/real/iris.csv";

const PER_DECADE = 12, LARGEST_FILE = 400e6;
const bytesOf = (text) => new TextEncoder().encode(text);

const DATA = {
  gaussian: { title: "Gaussian, 10 × 50 (the paper's Figure 1)", data: () => ({ kind: "file", name: "gaussian-10x50.csv", bytes: bytesOf(gaussian) }) },
  rademacher: { title: "generalised Rademacher, 4 × 4 (Figure 2)", data: () => ({ kind: "file", name: "rademacher-4x4.csv", bytes: bytesOf(rademacher) }) },
  diagonal: { title: "shifted diagonal, 8 × 8", data: () => ({ kind: "generate", generator: "shifted-diagonal", samples: 8, features: 8 }) },
  iris: { title: "iris: setosa against the other flowers", data: () => ({ kind: "file", name: "iris.csv", bytes: bytesOf(iris) }) },
  clouds: { title: "three clouds, 30 × 12", data: () => ({ kind: "generate", generator: "mixture", samples: 30, features: 12, classes: 3, distance: 4, seed: 1 }) },
};
const BETA2 = ["0", "0.5", "0.8", "0.9", "0.95", "0.98", "0.99", "0.999"];

export class ManyView {
  constructor(app) {
    Object.assign(this, { app, known: null, curves: {}, paths: {}, values: {}, step: 0, running: false });
    this.chart = new Chart("chart-picture", ["l2", "linf", "l1", "spectral", "limit"]);
    this.legend = new Legend("many-legend", (name, on) => app.toggle(name, on), ["training"]);
    this.solver = new Latest("solve", (reply, question) => this.learn(reply, question));
    this.runner = new Runner();
    this.forecaster = new Client();
    this.phaser = new Client();
    this.phases = new Phases((column, row) => app.choose({ batch_size: column, beta2: row }));
    this.fillTools();
  }

  fillTools() {
    find("data").append(...Object.entries(DATA).map(([name, { title }]) => make("option", { value: name }, title)));
    find("data").addEventListener("change", ({ target }) => { if (DATA[target.value]) { this.app.state.data = target.value; this.renew(); } });
    find("steps").addEventListener("input", ({ target }) => { this.app.state.steps = 10 ** Number(target.value); this.train(); this.app.change(); });
    find("many-stop").addEventListener("click", () => this.running || this.following ? this.halt() : (this.train(), this.follow()));
    find("fill").addEventListener("click", () => this.filling ? this.stopFilling() : this.fill());
    find("reference").addEventListener("change", () => this.phases.repaint(find("reference").value));
    find("file").addEventListener("change", ({ target }) => { if (target.files[0]) this.open(target.files[0]); });
    find("label-column").addEventListener("change", () => this.reopen());
    find("standardize").addEventListener("change", () => this.reopen());
    find("file-intercept").addEventListener("change", () => this.reopen());
    addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("dropping"); });
    addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
    addEventListener("drop", (event) => {
      event.preventDefault();
      document.body.classList.remove("dropping");
      if (event.dataTransfer.files[0]) this.app.go("many").then(() => this.open(event.dataTransfer.files[0]));
    });
  }

  // ---- Files

  // The file stays in the browser: it is read here, and given to the workers.
  async open(file) {
    if (file.size > LARGEST_FILE) return this.app.say(`${file.name} has ${count(file.size)} bytes; the page reads at most ${count(LARGEST_FILE)}. The program biascope reads larger files.`);
    this.app.say(`Reading ${file.name} …`);
    const bytes = new Uint8Array(await file.arrayBuffer());
    const names = firstLine(bytes), label = guessLabel(names, bytes);
    find("label-column").replaceChildren(make("option", { value: "" }, "none: labels are folded in"),
      ...names.map((name, i) => make("option", { value: String(i) }, name)));
    find("label-column").value = label;
    this.file = { name: file.name, bytes };
    this.reopen();
  }

  reopen() {
    if (!this.file) return;
    this.app.state.data = "file";
    this.renew();
  }

  data() {
    if (this.app.state.data !== "file") return DATA[this.app.state.data].data();
    const label = find("label-column").value;
    set(find("file-intercept"), { disabled: label === "" }); // the sign of the intercept is the label's
    return { kind: "file", ...this.file, label, standardize: find("standardize").checked, intercept: label !== "" && find("file-intercept").checked };
  }

  // ---- Computing

  renew() {
    if (this.app.state.data === "file" && !this.file) this.app.state.data = "gaussian";
    this.known = null;
    this.question = { dataKey: newDataKey(), data: this.data(), options: { ...this.app.state.options } };
    this.stopFilling();
    this.phases.cells = [];
    this.ask();
    this.app.change();
  }

  ask() {
    this.halt();
    this.question = { ...this.question, options: { ...this.app.state.options } };
    Object.assign(this, { curves: {}, paths: {}, step: 0, asked: performance.now() });
    this.solver.ask(this.question);
    this.app.redraw();
  }

  learn(reply, question) {
    if (question.dataKey !== this.question?.dataKey) return;
    this.app.record("answers", performance.now() - this.asked);
    if (reply.data?.status !== 0) {
      this.known = null;
      this.app.say(message(reply.data ?? reply));
      return this.app.redraw();
    }
    this.known = reply;
    this.norms = reply.data.outputs === 1 ? ["l2", "linf", "l1"] : ["l2", "linf", "l1", "spectral"];
    this.values = { limit: { measures: reply.limit?.measures, uncertainty: reply.limit?.standard_error, unique: reply.limit?.unique } };
    for (const [norm, { measures, unique }] of Object.entries(reply.margins)) this.values[norm] = { measures, unique };
    this.app.showOptions(reply.options, reply.data.samples);
    const size = `${count(reply.data.samples)} samples of ${count(reply.data.features)} features. `;
    this.app.say(size + (reply.options.status !== 0 ? message(reply.options) : reply.separable.status === 3 ? separableSentence(reply.separable) : limitSentence(reply.limit)));
    this.drawNotes(reply.data);
    if (reply.options.status === 0) {
      this.train();
      this.follow();
    }
    this.app.redraw();
  }

  references() { return ["l2", "linf", "l1", "spectral"].filter((norm) => this.known.margins[norm]?.status === 0); }

  async measure(name, weights) {
    const key = this.question?.dataKey, measures = await this.solver.client.ask("measure", { weights, references: this.references() });
    if (measures.status === 0 && key === this.question?.dataKey) this.values[name] = { measures };
    this.app.redraw();
    return measures;
  }

  append(to, step, measures) {
    for (const norm of [...this.norms, "limit"]) {
      const value = measures[norm === "limit" ? "cosine_predicted" : `cosine_${norm}`];
      if (value !== null && value !== undefined) (to[norm] ??= []).push([step, value]);
    }
    this.app.redraw();
  }

  train() {
    if (!this.known) return;
    const curves = this.curves = {};
    this.running = true;
    this.step = 0;
    this.runner.start({ ...this.question, speed: Infinity, total: this.app.state.steps, perDecade: PER_DECADE, withWeights: false }, async (event, content) => {
      if (event === "failed") this.app.say(message(content.reply));
      if (event === "failed" || event === "end") this.running = false;
      if (event === "frame") this.step = content.state.step;
      if (event === "record" && this.known.separable.status === 0) {
        const measures = await this.measure("training", content.state.weights);
        if (measures.status === 0 && curves === this.curves) this.append(curves, content.state.step, measures);
      }
      this.app.redraw();
    });
  }

  // The predicted path, where there is one.
  async follow() {
    if (!this.known || this.known.separable.status !== 0) return;
    const paths = this.paths = {};
    this.following = true;
    const reply = await this.forecaster.ask("forecast", { ...this.question, steps: this.app.state.steps, perDecade: PER_DECADE, norms: this.references() },
      (event, { step, measures }) => { if (paths === this.paths && measures.status === 0) this.append(paths, step, measures); });
    if (reply.status !== 0 && reply.status !== 6 && paths === this.paths) this.pathMessage = message(reply);
    else this.pathMessage = "";
    if (paths === this.paths) this.following = false;
    this.app.redraw();
  }

  // Ends the run and the predicted path; what was found stays.
  halt() {
    this.runner.stop();
    this.forecaster.end();
    this.running = this.following = false;
    this.app.redraw();
  }

  leave() {
    this.question = null;
    this.halt();
    this.stopFilling();
  }

  // ---- The phase diagram

  async fill() {
    if (!this.known) return;
    const sizes = batchSizes(this.known.data.samples), reference = () => find("reference").value;
    this.phases.begin({ name: "batch_size", title: "batch size", values: sizes }, { name: "beta2", title: "β₂", values: BETA2 });
    this.filling = { done: 0, total: sizes.length * BETA2.length };
    this.app.redraw();
    const question = { ...this.question, columns: { name: "batch_size", values: sizes }, rows: { name: "beta2", values: BETA2 }, norms: this.references() };
    const reply = await this.phaser.ask("phases", question, (event, cell) => {
      if (!this.filling) return;
      this.filling.done++;
      this.phases.add(cell, reference());
      this.app.redraw();
    });
    if (reply.status === 0) this.phases.fillTable(reference());
    if (reply.status !== 6) this.filling = null;
    this.app.redraw();
  }

  stopFilling() {
    this.filling = null;
    this.phaser.end();
    this.app.redraw();
  }

  // ---- Drawing

  drawNotes(data) {
    find("notes").replaceChildren(...(this.app.state.data === "file" ? data.notes : []).map((note) => make("li", {}, note)));
  }

  draw() {
    const { state } = this.app, known = this.known, limit = known?.limit;
    const levels = {};
    if (limit?.status === 0 && limit.kind === 0 && limit.measures) {
      for (const norm of this.norms) levels[norm] = limit.measures[`cosine_${norm}`] ?? null;
      levels.limit = null;
    }
    this.chart.show({ curves: this.curves, paths: this.paths, levels, steps: state.steps, shown: state.shown.filter((name) => name !== "training") });
    if (find("curves").open) this.drawCurveTable();
    this.legend.show(this.norms ?? [], state.shown, known ? this.values : {}, ["training", "limit", ...(this.norms ?? [])]);
    this.drawTools();
  }

  // The curves in text: a row for each power of ten that the run has reached.
  drawCurveTable() {
    const names = [...(this.norms ?? []), "limit"], rows = [];
    for (let step = 1; step <= this.app.state.steps; step *= 10) {
      const values = names.map((name) => this.curves[name]?.find((point) => point[0] === step)?.[1]);
      if (values.some((value) => value !== undefined)) rows.push([step, values]);
    }
    find("curve-table").replaceChildren(make("caption", { class: "hidden" }, "Cosines of the run's weights"),
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "step"), names.map((name) => make("th", { scope: "col" }, `cos ${SHORT_NAMES[name]}`)))),
      make("tbody", {}, rows.map(([step, values]) => make("tr", {}, make("th", { scope: "row" }, count(step)), values.map((value) => make("td", {}, cosine(value)))))));
  }

  drawTools() {
    const { state } = this.app;
    find("data").value = DATA[state.data] ? state.data : "";
    find("steps").value = Math.log10(state.steps);
    write(find("steps-value"), count(state.steps));
    write(find("many-progress"), `step ${count(this.step)} of ${count(state.steps)}${this.pathMessage ? `. No predicted path: ${this.pathMessage}` : ""}`);
    find("many-bar").value = Math.log10(Math.max(1, this.step)) / Math.log10(state.steps);
    write(find("many-stop"), this.running || this.following ? "Stop" : "Train again");
    find("file-options").hidden = state.data !== "file";
    write(find("fill"), this.filling ? "Stop" : "Fill the diagram");
    set(find("phase-bar"), { hidden: !this.filling, max: this.filling?.total ?? 1, value: this.filling?.done ?? 0 });
    find("phase-frame").hidden = this.phases.cells.length === 0;
  }
}

// ---- The columns of a file, for the choice of the label -----------------------------------------------

function lines(bytes, most) {
  return new TextDecoder().decode(bytes.subarray(0, 1 << 16)).split(/\r\n|\n|\r/).filter((line) => line.trim() && !line.startsWith("#")).slice(0, most);
}
const fieldsOf = (line) => line.split(line.includes(";") ? ";" : line.includes("\t") ? "\t" : ",").map((field) => field.trim().replace(/^"|"$/g, ""));
const isNumber = (field) => field !== "" && Number.isFinite(Number(field));

function firstLine(bytes) {
  const [line] = lines(bytes, 1);
  if (!line || line.length > 20000) return [];
  const fields = fieldsOf(line);
  return fields.every(isNumber) ? fields.map((_, i) => `column ${i + 1}`) : fields.map((name, i) => name || `column ${i + 1}`);
}

// A column that is called so, or whose values are words; else none.
function guessLabel(names, bytes) {
  const named = names.findIndex((name) => /^(label|labels|class|target|species|y)$/i.test(name));
  if (named >= 0) return String(named);
  const first = lines(bytes, 6).map(fieldsOf), rows = first[0]?.every(isNumber) ? first : first.slice(1);
  const words = names.findIndex((_, i) => rows.length > 0 && rows.every((row) => row[i] !== undefined && row[i] !== "" && !isNumber(row[i])));
  return words >= 0 ? String(words) : "";
}
