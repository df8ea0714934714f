// Numbers and facts in words.

export const CLASS_NAMES = ["A", "B", "C", "D", "E"];
export const LINE_NAMES = { training: "training", limit: "predicted limit", l2: "ℓ₂ max margin", linf: "ℓ∞ max margin",
  l1: "ℓ₁ max margin", spectral: "spectral max margin" };
export const SHORT_NAMES = { training: "training", limit: "predicted", l2: "ℓ₂", linf: "ℓ∞", l1: "ℓ₁", spectral: "spectral", proxy: "AdamProxy" };

// A cosine to the digits that are known; 4 unless the uncertainty is larger.
export function cosine(value, uncertainty = 0) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const places = uncertainty > 0 ? Math.max(1, Math.min(4, Math.floor(-Math.log10(uncertainty)))) : 4;
  return value.toFixed(places).replace("-", "−");
}

export function short(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) {
    const [mantissa, exponent] = value.toExponential(1).split("e");
    return `${mantissa.replace(".0", "")} · 10${superscript(Number(exponent))}`.replace("-", "−");
  }
  return Number(value.toPrecision(3)).toString().replace("-", "−");
}

export function superscript(whole) {
  return String(whole).replace(/./g, (digit) => digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
}

// 12,345 or 1.2 million
export function count(whole) {
  if (whole < 1e6) return Math.round(whole).toLocaleString("en");
  const unit = whole < 1e9 ? [1e6, "million"] : [1e9, "billion"];
  return `${(whole / unit[0]).toFixed(whole / unit[0] < 100 ? 1 : 0)} ${unit[1]}`;
}

export function listOf(items, count = items.length) {
  const shown = items.slice(0, 8);
  if (count > shown.length) return `${shown.join(", ")} and ${count - shown.length} more`;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

// What biascope_limit_kind means, in its order.
const KINDS = ["The direction of the weights converges", "Training comes to rest: margins stop growing",
  "The update is unbounded: weights grow faster than the step sizes add up",
  "The least margin decreases without end although the data are separable", "No limit was found"];

// A sentence that begins with a word, and not with the name of a file, gets a capital letter.
const capital = (text) => (/^[a-z]+ /.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text).replace(/\.$/, "");

// The reference that the direction is nearest to, if any is near.
export function nearest(measures) {
  const known = Object.entries(measures).filter(([name, value]) => /^cosine_(l2|linf|l1|spectral)$/.test(name) && value !== null);
  known.sort((a, b) => b[1] - a[1]);
  return known.length ? [known[0][0].slice(7), known[0][1]] : null;
}

// One sentence about a predicted limit.
export function limitSentence(limit) {
  if (!limit) return "";
  if (limit.status !== 0 && limit.status !== 4) return `No predicted limit: ${limit.message}.`.replace("..", ".");
  if (limit.status === 4 || limit.kind === 4) return `No limit could be certified: ${limit.message ?? "the search did not settle"}.`.replace("..", ".");
  if (limit.kind !== 0) return `${KINDS[limit.kind]}.`;
  const near = nearest(limit.measures ?? {});
  const place = !near ? "" : near[1] > 0.9999
    ? ` to the ${LINE_NAMES[near[0]]}`
    : `, to no max margin: the nearest, ${SHORT_NAMES[near[0]]}, has cosine ${cosine(near[1], limit.standard_error)} with it`;
  const proof = limit.confirmed ? `confirmed by ${limit.confirmed_by === "theorem" ? "a theorem" : `the ${limit.confirmed_by}`}` : "not confirmed by a run";
  const handover = limit.handover_step === null ? "" : ` From about step ${count(limit.handover_step)} on, ε is larger than √v.`;
  return `${KINDS[0]}${place} (gap ${short(limit.gap)}, ${proof}).${handover}`;
}

// Why data are not separable, and which of them.
export function separableSentence(separable, labels) {
  if (separable.status !== 3) return "";
  const inside = separable.stuck.map((i) => labels ? labels[i] : String(i + 1));
  if (!inside.length) return "The data are not separable: no line has every class on its own side.";
  return `The data are not separable: ${inside.length === 1 ? "point" : "points"} ${listOf(inside, separable.stuck_count)} cannot all be on their own side. ` +
    "Weights stay finite along their span, where training finds the minimum of the loss.";
}

export const message = (reply) => `${capital(reply.message ?? "The computation failed")}.`;

// a x + b y + c
export function equation([a, b, c]) {
  const term = (value, name) => `${value < 0 ? "−" : "+"} ${Math.abs(value).toFixed(3)}${name}`;
  return `${term(a, " x")} ${term(b, " y")}${c === 0 ? "" : ` ${term(c, "")}`}`.replace(/^\+ /, "");
}
