// What the page shows, and how it is written in the address.

export const MOST_POINTS = 400;
export const SIZE = 4; // the plane shows -SIZE to SIZE

export const OPTION_NAMES = ["optimizer", "loss", "batch_size", "order", "beta1", "beta2", "eps", "weight_decay", "lr", "lr_decay"];

export const DEFAULTS = {
  view: "plane", points: [], intercept: true, pen: 0, data: "gaussian", steps: 1e6, speed: 4, tour: 0, theme: "auto",
  shown: ["training", "limit", "l2", "linf"], options: { optimizer: "adam", batch_size: "full", order: "cyclic" },
};

// Points to hundredths, as "a-120.35": a letter for the class, two whole numbers.
const encodePoints = (points) => points.map(([x, y, label]) => `${"abcde"[label]}${Math.round(x * 100)}.${Math.round(y * 100)}`).join("");

function decodePoints(text) {
  const points = [];
  for (const [, letter, x, y] of text.matchAll(/([a-e])(-?\d{1,3})\.(-?\d{1,3})/g))
    if (points.length < MOST_POINTS) points.push([Number(x) / 100, Number(y) / 100, "abcde".indexOf(letter)]);
  return points;
}

export function encode(state) {
  const query = new URLSearchParams();
  query.set("view", state.view);
  if (state.tour) query.set("tour", state.tour);
  for (const name of OPTION_NAMES) if (state.options[name] !== undefined) query.set(name, state.options[name]);
  query.set("speed", state.speed);
  query.set("shown", state.shown.join("."));
  if (state.view === "plane") {
    query.set("intercept", Number(state.intercept));
    query.set("points", encodePoints(state.points));
  } else {
    if (state.data !== "file") query.set("data", state.data);
    query.set("steps", state.steps);
  }
  return query.toString();
}

const whole = (text, low, high, otherwise) => text !== null && /^\d+(e\d+)?$/.test(text) && Number(text) >= low && Number(text) <= high ? Number(text) : otherwise;
const one = (text, of, otherwise) => of.includes(text) ? text : otherwise;

// The address may come from anyone: every value is checked, the options by the core itself.
export function decode(text) {
  const query = new URLSearchParams(text), state = structuredClone(DEFAULTS);
  state.view = one(query.get("view"), ["plane", "many"], state.view);
  state.tour = whole(query.get("tour"), 0, 8, 0);
  state.data = one(query.get("data"), ["gaussian", "rademacher", "diagonal", "iris", "clouds"], state.data);
  state.steps = whole(query.get("steps"), 10, 1e12, state.steps);
  state.speed = whole(query.get("speed"), 0, 6, state.speed);
  state.intercept = query.get("intercept") !== "0";
  if (query.has("shown")) state.shown = query.get("shown").split(".").filter((name) => ["training", "limit", "l2", "linf", "l1", "spectral"].includes(name));
  for (const name of OPTION_NAMES)
    if (/^[a-z0-9.+-]{1,24}$/.test(query.get(name) ?? "")) state.options[name] = query.get(name);
  state.points = query.has("points") ? decodePoints(query.get("points")) : PRESETS.clouds.points();
  if (!query.has("points")) state.intercept = PRESETS.clouds.intercept;
  return state;
}

// ---- Drawn data ------------------------------------------------------------------------------------

// Reproducible noise from a linear congruential generator.
function cloud(centre, label, count, spread, seed) {
  let s = seed;
  const next = () => (s = (Math.imul(s, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return Array.from({ length: count }, () => {
    const r = spread * Math.sqrt(next()), angle = 2 * Math.PI * next();
    return [centre[0] + r * Math.cos(angle), centre[1] + r * Math.sin(angle)].map((v) => Math.round(v * 100) / 100).concat(label);
  });
}

const around = (count, radius, each, spread) => Array.from({ length: count }, (_, k) => {
  const angle = Math.PI / 2 + 2 * Math.PI * k / count;
  return cloud([radius * Math.cos(angle), radius * Math.sin(angle)], k, each, spread, 11 + k);
}).flat();

export const PRESETS = {
  clouds: { title: "two clouds", intercept: false, points: () => [
    [1.5, 0.3, 1], [2.5, 1.5, 1], [1.9, 2.6, 1], [3.3, 0.4, 1], [2.9, 2.9, 1], [2.4, -0.2, 1], [1.2, 3.4, 1],
    [-1.9, -0.6, 0], [-2.6, 0.1, 0], [-2.3, -2.2, 0], [-3.3, -1.3, 0], [-1.4, -3.0, 0], [-3.0, -3.2, 0], [-3.5, 0.4, 0]] },
  lopsided: { title: "two clouds, long and flat", intercept: true, points: () => [...cloud([-1.6, 0.9], 0, 9, 1.1, 5), ...cloud([1.7, -0.6], 1, 9, 1.1, 8), [3.4, 2.2, 1], [-3.3, -1.6, 0]] },
  overlapping: { title: "not separable", intercept: true, points: () => [...cloud([-1.2, 0.6], 0, 8, 1.1, 5), ...cloud([1.4, -0.4], 1, 8, 1.1, 8), [1.5, 0.3, 0], [-1.4, 0.8, 1]] },
  three: { title: "three clouds", intercept: true, points: () => around(3, 2.2, 6, 1.0) },
  five: { title: "five clouds", intercept: true, points: () => around(5, 2.7, 5, 0.8) },
};
