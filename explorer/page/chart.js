// Curves of cosines against steps on a log scale, with dashed levels for what is predicted.
import { make, find, set } from "./dom.js";
import { SHORT_NAMES, superscript } from "./words.js";

const LEFT = 52, RIGHT = 86, TOP = 14, BOTTOM = 44;
const NARROW = matchMedia("(max-width: 560px)"); // where the picture has fewer units, so that its text stays readable

export class Chart {
  constructor(id, names) {
    this.svg = find(id);
    this.axes = make("g", { class: "axes", "aria-hidden": "true" });
    this.parts = Object.fromEntries(names.map((name) => [name, {
      level: make("line", { class: `level line-${name}` }), path: make("path", { class: `path line-${name}` }),
      curve: make("path", { class: `curve line-${name}` }), label: make("text", { class: `line-label line-${name}`, "aria-hidden": "true" }, SHORT_NAMES[name]) }]));
    this.svg.append(this.axes, ...Object.values(this.parts).flatMap(({ level, path, curve, label }) => [level, path, curve, label]));
  }

  x(step) { return LEFT + (this.width - LEFT - RIGHT) * Math.log10(Math.max(1, step)) / this.decades; }
  y(value) { return TOP + (this.height - TOP - BOTTOM) * (1 - Math.max(0, value - this.low) / (1 - this.low)); }

  drawAxes() {
    const key = `${this.decades} ${this.low} ${this.width}`;
    if (key === this.key) return;
    this.key = key;
    set(this.svg, { viewBox: `0 0 ${this.width} ${this.height}` });
    const parts = [], every = Math.ceil(this.decades / (this.width > 500 ? 7 : 4));
    for (let decade = 0; decade <= this.decades; decade += every) {
      const x = this.x(10 ** decade);
      parts.push(make("line", { x1: x, x2: x, y1: TOP, y2: this.height - BOTTOM, class: "grid" }),
        make("text", { x, y: this.height - BOTTOM + 20, "text-anchor": "middle" }, decade === 0 ? "1" : `10${superscript(decade)}`));
    }
    for (let i = 0; i <= 4; i++) {
      const value = this.low + (1 - this.low) * i / 4, y = this.y(value);
      parts.push(make("line", { x1: LEFT, x2: this.width - RIGHT, y1: y, y2: y, class: "grid" }),
        make("text", { x: LEFT - 8, y: y + 4, "text-anchor": "end" }, value.toFixed(2)));
    }
    parts.push(make("text", { x: (LEFT + this.width - RIGHT) / 2, y: this.height - 6, "text-anchor": "middle", class: "title" }, "steps"),
      make("text", { x: 14, y: (TOP + this.height - BOTTOM) / 2, "text-anchor": "middle", class: "title", transform: `rotate(-90 14 ${(TOP + this.height - BOTTOM) / 2})` }, "cosine with"));
    this.axes.replaceChildren(...parts);
  }

  // curves, paths (of the forecast): {name: [[step, value]]}; levels: {name: value}; shown: names.
  show({ curves, paths, levels, steps, shown }) {
    [this.width, this.height] = NARROW.matches ? [400, 320] : [720, 400];
    this.decades = Math.max(1, Math.log10(steps));
    const values = shown.flatMap((name) => [...(curves[name] ?? []).map((p) => p[1]), ...(paths[name] ?? []).map((p) => p[1]), levels[name]])
      .filter((value) => value !== null && value !== undefined);
    const least = Math.min(0.9, ...values);
    this.low = least < 0 ? Math.floor(least * 5) / 5 : Math.floor(least * 10) / 10;
    this.drawAxes();
    const places = [];
    for (const [name, part] of Object.entries(this.parts)) {
      const visible = shown.includes(name), curve = curves[name] ?? [], path = paths[name] ?? [], level = levels[name] ?? null;
      set(part.curve, { d: visible ? this.pathOf(curve) : "" });
      set(part.path, { d: visible ? this.pathOf(path) : "" });
      const leveled = visible && level !== null;
      part.level.style.display = leveled ? "" : "none";
      if (leveled) set(part.level, { x1: LEFT, x2: this.width - RIGHT, y1: this.y(level).toFixed(1), y2: this.y(level).toFixed(1) });
      const last = level ?? curve.at(-1)?.[1] ?? path.at(-1)?.[1] ?? null;
      part.label.style.display = visible && last !== null ? "" : "none";
      set(part.label, { x: this.width - RIGHT + 8 });
      if (visible && last !== null) places.push({ label: part.label, y: this.y(last) + 5 });
    }
    spread(places, this.height - BOTTOM + 8);
  }

  pathOf(points) {
    const known = points.filter(([, value]) => value !== null);
    return known.length < 1 ? "" : `M${known.map(([step, value]) => `${this.x(step).toFixed(1)} ${this.y(value).toFixed(1)}`).join("L")}`;
  }
}

// Labels at the right border, no two on top of each other.
function spread(places, lowest) {
  places.sort((a, b) => a.y - b.y);
  places.forEach((place, i) => { if (i > 0) place.y = Math.max(place.y, places[i - 1].y + 17); });
  const over = places.length ? places.at(-1).y - lowest : 0;
  if (over > 0) {
    places.at(-1).y -= over;
    for (let i = places.length - 2; i >= 0; i--) places[i].y = Math.min(places[i].y, places[i + 1].y - 17);
  }
  for (const { label, y } of places) set(label, { y: y.toFixed(1) });
}
