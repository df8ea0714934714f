// The plane view: what the reader does to points and options, and what is computed and drawn of it.
import { make, find, set, write } from "./dom.js";
import { Plane, mark } from "./plane.js";
import { Legend } from "./legend.js";
import { scoresOf } from "./geometry.js";
import { Latest, Runner, newDataKey } from "./session.js";
import { CLASS_NAMES, LINE_NAMES, count, equation, limitSentence, message, separableSentence } from "./words.js";
import { MOST_POINTS, PRESETS } from "./state.js";

export const SPEEDS = [1, 10, 100, 1000, 1e4, 1e5, Infinity];
const MOST_STEPS = 1e12;
const MEASURED_EVERY = 200; // milliseconds

export class PlaneView {
  // app: {state, change(), redraw(), showOptions(reply, samples), record(name, milliseconds)}
  constructor(app) {
    Object.assign(this, { app, known: null, frame: null, selected: null, paused: matchMedia("(prefers-reduced-motion: reduce)").matches, values: {} });
    this.plane = new Plane({ move: (i, x, y) => this.edit((points) => { points[i] = [x, y, points[i][2]]; }),
      add: (x, y) => this.add(x, y), remove: (i) => this.remove(i), relabel: (i, label) => this.relabel(i, label), select: (i) => { this.selected = i; app.redraw(); } });
    this.legend = new Legend("plane-legend", (name, on) => app.toggle(name, on));
    this.solver = new Latest("solve", (reply, question) => this.learn(reply, question));
    this.runner = new Runner();
    this.fillTools();
  }

  fillTools() {
    find("classes").append(...CLASS_NAMES.map((name, label) => make("button", { type: "button", class: "class-button", "aria-label": `class ${name}`, "aria-pressed": false,
      title: `New points are of class ${name}; a selected point becomes one`, click: () => this.choose(label) }, make("svg", { viewBox: "-12 -12 24 24", "aria-hidden": "true" }, mark(label)))));
    find("preset").append(...Object.entries(PRESETS).map(([name, { title }]) => make("option", { value: name }, title)));
    find("preset").addEventListener("change", ({ target }) => { if (PRESETS[target.value]) this.take(target.value); });
    find("remove").addEventListener("click", () => { if (this.selected !== null) this.remove(this.selected); });
    find("add").addEventListener("click", () => this.add(0.5, 0.5));
    find("clear").addEventListener("click", () => { this.selected = null; this.edit((points) => points.splice(0)); });
    find("intercept").addEventListener("change", ({ target }) => { this.app.state.intercept = target.checked; this.edit(() => {}); });
    find("pause").addEventListener("click", () => { this.paused = !this.paused; this.runner.control({ paused: this.paused }); this.app.redraw(); });
    find("restart").addEventListener("click", () => this.train());
    find("speed").addEventListener("input", ({ target }) => { this.app.state.speed = Number(target.value); this.runner.control({ speed: SPEEDS[this.app.state.speed] }); this.app.change(); });
  }

  // ---- Points

  edit(change) {
    change(this.app.state.points);
    find("preset").value = "";
    this.renew();
  }

  take(name) {
    Object.assign(this.app.state, { points: PRESETS[name].points(), intercept: PRESETS[name].intercept });
    this.selected = null;
    this.renew();
  }

  add(x, y) {
    if (this.app.state.points.length >= MOST_POINTS) return this.app.say(`The picture holds at most ${MOST_POINTS} points; drop a file on the page for more.`);
    this.selected = this.app.state.points.length;
    this.edit((points) => points.push([x, y, this.app.state.pen]));
  }

  remove(i) {
    this.selected = null;
    this.edit((points) => points.splice(i, 1));
    requestAnimationFrame(() => this.plane.focus(Math.min(i, this.app.state.points.length - 1)));
  }

  relabel(i, label) { this.edit((points) => { points[i] = [points[i][0], points[i][1], label]; }); }

  choose(label) {
    this.app.state.pen = label;
    if (this.selected !== null) this.relabel(this.selected, label);
    else this.app.change();
  }

  // ---- Computing

  // The data as the core takes them: classes that have points, numbered without gaps.
  data() {
    const { points, intercept } = this.app.state;
    const labels = [...new Set(points.map((p) => p[2]))].sort();
    return { labels, data: { kind: "points", classes: labels.length, intercept, points: points.map(([x, y, label]) => [x, y, labels.indexOf(label)]) } };
  }

  // Data or options have changed.
  renew() {
    const { labels, data } = this.data();
    this.labels = labels;
    this.question = labels.length < 2 ? null : { dataKey: newDataKey(), data, options: { ...this.app.state.options } };
    if (this.question) this.ask();
    else this.blank(labels.length === 0 ? "There are no points: press on the picture to add some." : `All points are of class ${CLASS_NAMES[labels[0]]}: add points of another class.`);
    this.app.change();
  }

  // The options alone have changed.
  ask() {
    this.asked = performance.now();
    this.question = { ...this.question, options: { ...this.app.state.options } };
    this.solver.ask(this.question);
    this.train();
  }

  blank(sentence) {
    this.known = null;
    this.frame = null;
    this.values = {};
    this.runner.stop();
    this.app.say(sentence);
  }

  learn(reply, question) {
    if (question.dataKey !== this.question?.dataKey) return;
    this.app.record("answers", performance.now() - this.asked);
    if (reply.data?.status !== 0) return this.blank(message(reply.data ?? reply));
    this.known = { ...reply, points: question.data.points, labels: this.labels, outputs: reply.data.outputs, intercept: question.data.intercept };
    this.values = { limit: { measures: reply.limit?.measures, uncertainty: reply.limit?.standard_error, unique: reply.limit?.unique } };
    for (const [norm, { measures, unique }] of Object.entries(reply.margins)) this.values[norm] = { measures, unique };
    this.app.showOptions(reply.options, reply.data.samples);
    this.app.say(this.sentence(reply));
    this.app.redraw();
  }

  sentence({ options, separable, limit, data }) {
    if (options.status !== 0) return message(options);
    const names = this.app.state.points.map((p, i) => `${i + 1} (${CLASS_NAMES[p[2]]})`);
    return separable.status === 3 ? separableSentence(separable, names) : limitSentence(limit, data);
  }

  async measure(name, weights) {
    const key = this.question?.dataKey;
    const measures = await this.solver.client.ask("measure", { weights, references: ["l2", "linf", "l1", "spectral"].filter((norm) => this.known?.margins[norm]?.status === 0) });
    if (measures.status !== 0 || key !== this.question?.dataKey) return;
    this.values[name] = { measures };
    this.app.redraw();
  }

  train() {
    if (!this.question || this.app.state.view !== "plane") return;
    const { options } = this.app.state;
    this.runner.start({ ...this.question, options, speed: SPEEDS[this.app.state.speed], total: MOST_STEPS, paused: this.paused },
      (event, content) => this.hear(event, content));
  }

  hear(event, content) {
    if (event === "failed") this.frame = null, this.app.say(message(content.reply));
    if (event === "frame") this.frame = { ...content, labels: this.labels };
    const now = performance.now();
    if (event === "frame" && this.known && now - (this.measured ?? 0) > MEASURED_EVERY && content.state.step > 0) {
      this.measured = now;
      this.measure("training", content.state.weights);
    }
    this.app.redraw();
  }

  // What is still computed for this view is not heard any more.
  leave() {
    this.question = null;
    this.runner.stop();
  }

  // ---- Drawing

  draw() {
    const { state } = this.app, known = this.known;
    const inside = new Set(known?.separable.stuck ?? []);
    this.plane.showPoints(state.points, this.selected, inside);
    const outputs = known?.outputs ?? 1;
    if (known) this.plane.showLines(this.classifiers(), outputs, known.intercept, known.labels, known.points);
    else this.plane.showLines({}, 1, false, [], []);
    this.drawTools();
    const norms = outputs === 1 ? ["l2", "linf", "l1"] : ["l2", "linf", "l1", "spectral"];
    this.legend.show(norms, state.shown, this.values, ["training", "limit", ...norms]);
    if (find("equations").open) this.drawEquations();
  }

  // The lines in text, at most five times a second.
  drawEquations() {
    const now = performance.now(), known = this.known;
    if (now - (this.equated ?? 0) < MEASURED_EVERY) return;
    this.equated = now;
    const lines = known ? Object.entries(this.classifiers()) : [];
    find("equations").lastElementChild.replaceChildren(...lines.map(([name, weights]) =>
      make("li", {}, `${LINE_NAMES[name]}: ${equations(weights, known)}`)));
  }

  classifiers() {
    const { state } = this.app, known = this.known, all = {};
    const length = known.outputs * (known.intercept ? 3 : 2);
    if (this.frame?.state.weights.length === length) all.training = this.frame.state.weights;
    if (known.limit?.direction && known.limit.status === 0 && known.limit.kind === 0) all.limit = known.limit.direction;
    for (const [norm, margin] of Object.entries(known.margins)) if (margin.status === 0) all[norm] = margin.direction;
    return Object.fromEntries(Object.entries(all).filter(([name]) => state.shown.includes(name)));
  }

  drawTools() {
    const { state } = this.app, step = this.frame?.state.step ?? 0, loss = this.frame?.state.log_loss;
    write(find("pause"), this.paused ? "Run" : "Pause");
    write(find("progress"), `step ${count(step)}${loss === undefined || loss === null ? "" : `, log loss ${loss.toFixed(2).replace("-", "−")}`}`);
    write(find("speed-value"), SPEEDS[state.speed] === Infinity ? `as fast as it goes${this.frame ? ` (${count(this.frame.rate)} a second)` : ""}` : `${count(SPEEDS[state.speed])} steps a second`);
    set(find("remove"), { disabled: this.selected === null });
    [...find("classes").children].forEach((button, label) => set(button, { "aria-pressed": label === (this.selected !== null ? state.points[this.selected]?.[2] : state.pen) }));
    find("intercept").checked = state.intercept;
    find("speed").value = state.speed;
  }
}

// Of two classes the line itself, of more the score of each class, divided by their largest number.
function equations(weights, { outputs, intercept, labels }) {
  const scores = scoresOf(weights, outputs, intercept);
  return outputs === 1 ? `${equation(scores[1])} = 0` : scores.map((score, j) => `${CLASS_NAMES[labels[j]]}: ${equation(score)}`).join("; ");
}
