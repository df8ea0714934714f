// The picture of the plane: regions, boundaries and margin strips of classifiers, and the points, which can be moved.
import { make, find, set } from "./dom.js";
import { scoresOf, marginOf, regions, edges } from "./geometry.js";
import { CLASS_NAMES, SHORT_NAMES } from "./words.js";
import { SIZE } from "./state.js";

const PIXELS = 640, SCALE = PIXELS / (2 * SIZE), BEYOND = SIZE * 1.5;
// The order in which lines are drawn; each has its own colour and dashes in the style sheet.
const LINES = ["l1", "linf", "spectral", "l2", "limit", "training"];
const LABEL_PLACE = { training: 0.09, limit: 0.17, l2: 0.83, linf: 0.91, l1: 0.75, spectral: 0.67 };

const px = ([x, y]) => [PIXELS / 2 + SCALE * x, PIXELS / 2 - SCALE * y];
const pathOf = (polygon) => polygon.length < 3 ? "" : `M${polygon.map((p) => px(p).map((v) => v.toFixed(1)).join(" ")).join("L")}Z`;
const linesOf = (pieces) => pieces.map(([p, q]) => `M${px(p).map((v) => v.toFixed(1)).join(" ")}L${px(q).map((v) => v.toFixed(1)).join(" ")}`).join("");
const rounded = (value) => Math.max(-SIZE + 0.1, Math.min(SIZE - 0.1, Math.round(value * 100) / 100));

// A mark for each class, so that colour alone does not tell them apart.
const MARKS = ["M0-8A8 8 0 1 1 0 8A8 8 0 1 1 0-8Z", "M-7.5-7.5H7.5V7.5H-7.5Z", "M0-9.5L9 6.5H-9Z", "M0-10.5L9 0L0 10.5L-9 0Z",
  "M-3-9H3V-3H9V3H3V9H-3V3H-9V-3H-3Z"];
export const mark = (label) => make("path", { d: MARKS[label], class: `mark class-${label}` });

export class Plane {
  // act: {move(i, x, y), add(x, y), remove(i), relabel(i, label), select(i)}
  constructor(act) {
    this.act = act;
    this.svg = find("plane-picture");
    this.regions = MARKS.map((_, j) => make("path", { class: `region class-${j}` }));
    this.lines = Object.fromEntries(LINES.map((name) => [name, {
      strip: make("path", { class: `strip line-${name}`, "fill-rule": "evenodd" }), edge: make("path", { class: `edge line-${name}` }),
      line: make("path", { class: `line line-${name}` }), label: make("text", { class: `line-label line-${name}`, "aria-hidden": "true" }, SHORT_NAMES[name]) }]));
    this.points = make("g", { role: "group", "aria-label": "Points" });
    this.svg.append(this.axes(), ...this.regions, ...LINES.flatMap((name) => [this.lines[name].strip, this.lines[name].edge]),
      ...LINES.map((name) => this.lines[name].line), ...LINES.map((name) => this.lines[name].label), this.points);
    this.shownPoints = [];
    this.listen();
  }

  axes() {
    const ticks = [];
    for (let t = -SIZE + 1; t < SIZE; t++) {
      const [x, y] = px([t, t]);
      ticks.push(make("line", { x1: x, x2: x, y1: 0, y2: PIXELS, class: t === 0 ? "axis" : "grid" }),
        make("line", { y1: y, y2: y, x1: 0, x2: PIXELS, class: t === 0 ? "axis" : "grid" }));
    }
    return make("g", { "aria-hidden": "true" }, ticks);
  }

  // ---- Pointer and keyboard

  place(event) {
    const frame = this.svg.getBoundingClientRect();
    return [rounded(((event.clientX - frame.left) / frame.width * 2 - 1) * SIZE), rounded((1 - (event.clientY - frame.top) / frame.height * 2) * SIZE)];
  }

  listen() {
    this.svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      const index = event.target.closest(".point")?.dataset.index;
      if (index === undefined) { this.down = this.place(event); this.downAt = [event.clientX, event.clientY]; return; }
      this.dragged = Number(index);
      this.act.select(this.dragged);
      this.svg.setPointerCapture(event.pointerId);
    });
    this.svg.addEventListener("pointermove", (event) => {
      if (this.dragged !== undefined) this.act.move(this.dragged, ...this.place(event));
    });
    this.svg.addEventListener("pointerup", (event) => {
      const still = this.downAt && Math.hypot(event.clientX - this.downAt[0], event.clientY - this.downAt[1]) < 6;
      if (this.dragged === undefined && still) this.act.add(...this.down);
      this.dragged = this.down = this.downAt = undefined;
    });
    this.svg.addEventListener("pointercancel", () => { this.dragged = this.down = this.downAt = undefined; });
    this.svg.addEventListener("keydown", (event) => this.press(event));
    this.svg.addEventListener("focusin", (event) => {
      const index = event.target.closest(".point")?.dataset.index;
      if (index !== undefined) this.act.select(Number(index));
    });
  }

  press(event) {
    const index = event.target.closest(".point")?.dataset.index;
    if (index === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const i = Number(index), [x, y] = this.shownPoints[i], step = event.shiftKey ? 0.01 : 0.1;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (moves[event.key]) this.act.move(i, rounded(x + moves[event.key][0]), rounded(y + moves[event.key][1]));
    else if (event.key === "Delete" || event.key === "Backspace") this.act.remove(i);
    else if (/^[1-5]$/.test(event.key)) this.act.relabel(i, Number(event.key) - 1);
    else return;
    event.preventDefault();
  }

  focus(i) { this.points.children[i]?.focus(); }

  // ---- Drawing

  showPoints(points, selected, stuck) {
    while (this.points.children.length > points.length) this.points.lastChild.remove();
    points.forEach(([x, y, label], i) => {
      let point = this.points.children[i];
      if (!point || point.label !== label) {
        const fresh = make("g", { class: "point", tabindex: 0, role: "button", "aria-roledescription": "movable point", "data-index": i },
          make("circle", { r: 20, class: "handle" }), make("circle", { r: 14, class: "ring" }), mark(label));
        const focused = point && document.activeElement === point;
        if (point) point.replaceWith(fresh);
        else this.points.append(fresh);
        point = fresh;
        point.label = label;
        if (focused) point.focus();
      }
      const [u, v] = px([x, y]);
      set(point, { transform: `translate(${u.toFixed(1)} ${v.toFixed(1)})`, class: `point${i === selected ? " selected" : ""}${stuck.has(i) ? " stuck" : ""}`,
        "aria-label": `point ${i + 1}, class ${CLASS_NAMES[label]}, at ${x}, ${y}${stuck.has(i) ? ", not separable" : ""}` });
    });
    this.shownPoints = points;
  }

  // classifiers: {name: weights}; labels: the class of each output; points with the outputs' numbers.
  showLines(classifiers, outputs, intercept, labels, points) {
    const tinted = classifiers.training ?? classifiers.limit ?? null;
    const tint = tinted ? regions(scoresOf(tinted, outputs, intercept), 0, BEYOND) : [];
    this.regions.forEach((region, j) => set(region, { d: pathOf(tint[labels.indexOf(j)] ?? []) || null }));
    for (const name of LINES) this.showLine(name, classifiers[name], outputs, intercept, points);
  }

  showLine(name, weights, outputs, intercept, points) {
    const { strip, edge, line, label } = this.lines[name];
    const drawn = Boolean(weights) && weights.some((w) => w !== 0);
    for (const part of [strip, edge, line, label]) part.style.display = drawn ? "" : "none";
    if (!drawn) return;
    const scores = scoresOf(weights, outputs, intercept), lead = marginOf(scores, points), pieces = edges(scores, 0, BEYOND);
    set(line, { d: linesOf(pieces) });
    set(edge, { d: lead > 0 ? linesOf(edges(scores, lead, BEYOND)) : "" });
    set(strip, { d: lead > 0 ? pathOf([[-BEYOND, -BEYOND], [BEYOND, -BEYOND], [BEYOND, BEYOND], [-BEYOND, BEYOND]]) + regions(scores, lead, BEYOND).map(pathOf).join("") : "" });
    this.placeLabel(label, name, pieces);
  }

  // On the longest visible piece, at a place of its own for each line.
  placeLabel(label, name, pieces) {
    const inside = pieces.map(([p, q]) => clip(p, q)).filter(Boolean).sort((a, b) => length(b) - length(a))[0];
    label.style.display = inside ? "" : "none";
    if (!inside) return;
    const [p, q] = inside[0][1] > inside[1][1] ? inside : [inside[1], inside[0]], t = LABEL_PLACE[name];
    const [u, v] = px([p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])]);
    set(label, { x: Math.max(6, Math.min(PIXELS - 70, u + 7)).toFixed(1), y: Math.max(16, Math.min(PIXELS - 8, v - 6)).toFixed(1) });
  }
}

const length = ([p, q]) => Math.hypot(p[0] - q[0], p[1] - q[1]);

// The part of a segment inside the picture (Liang and Barsky).
function clip(p, q) {
  let from = 0, to = 1;
  for (let k = 0; k < 2; k++) {
    const d = q[k] - p[k];
    for (const [slope, room] of [[-d, p[k] + SIZE], [d, SIZE - p[k]]]) {
      if (slope === 0) { if (room < 0) return null; continue; }
      if (slope < 0) from = Math.max(from, room / slope);
      else to = Math.min(to, room / slope);
    }
  }
  return from < to ? [[p[0] + from * (q[0] - p[0]), p[1] + from * (q[1] - p[1])], [p[0] + to * (q[0] - p[0]), p[1] + to * (q[1] - p[1])]] : null;
}
