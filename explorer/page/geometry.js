// Linear classifiers in the plane: scores as [a, b, c] for a x + b y + c, one of each class; the largest decides.

// Weights, outputs x features (2, and 1 more with an intercept), divided by their largest entry.
export function scoresOf(weights, outputs, intercept) {
  const features = intercept ? 3 : 2;
  const scale = Math.max(...weights.map(Math.abs)) || 1;
  const rows = [];
  for (let j = 0; j < outputs; j++) {
    const row = weights.slice(j * features, (j + 1) * features).map((w) => w / scale);
    rows.push([row[0], row[1], row[2] ?? 0]);
  }
  return outputs === 1 ? [[0, 0, 0], rows[0]] : rows;
}

const at = (f, [x, y]) => f[0] * x + f[1] * y + f[2];
const minus = (f, g, shift = 0) => [f[0] - g[0], f[1] - g[1], f[2] - g[2] - shift];

// The least lead of a point's own class over the best other one, in the units of the scores.
export function marginOf(scores, points) {
  let least = Infinity;
  for (const [x, y, label] of points) {
    let other = -Infinity;
    scores.forEach((f, j) => { if (j !== label) other = Math.max(other, at(f, [x, y])); });
    least = Math.min(least, at(scores[label], [x, y]) - other);
  }
  return least;
}

// The part of a convex polygon where f >= 0 (Sutherland and Hodgman).
function cut(polygon, f) {
  const kept = [];
  polygon.forEach((p, i) => {
    const q = polygon[(i + 1) % polygon.length], a = at(f, p), b = at(f, q);
    if (a >= 0) kept.push(p);
    if ((a >= 0) !== (b >= 0)) kept.push([p[0] + (q[0] - p[0]) * a / (a - b), p[1] + (q[1] - p[1]) * a / (a - b)]);
  });
  return kept;
}

export const box = (size) => [[-size, -size], [size, -size], [size, size], [-size, size]];

// For each class, where it leads all others by at least `lead`.
export function regions(scores, lead, size) {
  return scores.map((f, j) => scores.reduce((polygon, g, l) => l === j ? polygon : cut(polygon, minus(f, g, lead)), box(size)));
}

// The segment of the line f = 0 inside the box where all of `conditions` are >= 0; null if there is none.
function segment(f, conditions, size) {
  const norm = Math.hypot(f[0], f[1]);
  if (norm < 1e-9) return null;
  const origin = [-f[0] * f[2] / norm ** 2, -f[1] * f[2] / norm ** 2], along = [-f[1] / norm, f[0] / norm];
  const limits = [[1, 0, size], [-1, 0, size], [0, 1, size], [0, -1, size], ...conditions];
  let from = -1e6, to = 1e6;
  for (const g of limits) {
    const start = at(g, origin), slope = g[0] * along[0] + g[1] * along[1];
    if (Math.abs(slope) < 1e-12) { if (start < -1e-9) return null; continue; }
    if (slope > 0) from = Math.max(from, -start / slope);
    else to = Math.min(to, -start / slope);
  }
  const point = (t) => [origin[0] + t * along[0], origin[1] + t * along[1]];
  return from < to ? [point(from), point(to)] : null;
}

// Where two classes lead together (lead 0), or where one leads the next by `lead`.
export function edges(scores, lead, size) {
  const found = [];
  scores.forEach((f, j) => scores.forEach((g, l) => {
    if (j === l || (lead === 0 && l < j)) return;
    const others = scores.flatMap((h, q) => q === j || q === l ? [] : [minus(f, h, lead)]);
    const piece = segment(minus(f, g, lead), others, size);
    if (piece) found.push(piece);
  }));
  return found;
}
