/* Training written a second time, to check predictions (study_limit.py): it shares no code with src/. Built as
 * a shared library. Weights start at 0; gradients and moments of column k are held in units of 2^exponent[k], an
 * exponent of its own, so that nothing fades to zero however far training goes. */
#include "draw.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { NGD, SIGN, RATIO, PROXY, LION, NADAM };
enum { CYCLIC, SHUFFLE, REPLACEMENT };

typedef struct {
  int64_t samples, features, batch, steps;
  int32_t rule, order, logistic;
  double beta1, beta2, lr, decay; /* eta_t = lr (t+2)^-decay */
  double weight_decay;            /* apart from the gradient */
  uint64_t seed;
} settings;

typedef struct {
  const settings *s;
  const double *x;       /* samples x features, labels folded in */
  double *w, *m, *v, *g; /* features */
  int64_t *exponent;     /* features */
  double *mantissa;      /* of a sample's slope |l'(z_i)| */
  int64_t *power;
  int64_t *permutation;
  uint64_t random;
  bool forgets; /* no moment outlives a step */
} state;

static double two_to(int64_t power) {
  union {
    uint64_t bits;
    double value;
  } u;
  if (power < -1000) return 0.0;
  if (power > 1000) return INFINITY;
  u.bits = (uint64_t)(power + 1023) << 52;
  return u.value;
}

/* The slope of sample i as mantissa 2^power. */
static void find_slope(state *r, int64_t i) {
  const double *row = r->x + i * r->s->features;
  double z = 0.0;
  for (int64_t k = 0; k < r->s->features; k++) z += row[k] * r->w[k];
  double log_slope = -z;
  if (r->s->logistic) log_slope = z > 0.0 ? -z - (z < 40.0 ? log1p(exp(-z)) : 0.0) : -log1p(exp(z));
  const double power = floor(log_slope * M_LOG2E);
  r->power[i] = (int64_t)power;
  r->mantissa[i] = exp(log_slope - power * M_LN2);
}

static void set_exponent(state *r, int64_t k, int64_t exponent) {
  const double shift = two_to(r->exponent[k] - exponent);
  r->m[k] = r->m[k] == 0.0 ? 0.0 : r->m[k] * shift;
  r->v[k] = r->v[k] == 0.0 ? 0.0 : r->v[k] * shift * shift;
  r->exponent[k] = exponent;
}

/* g = mean over the batch of slope x; a column whose gradient has outgrown its unit takes a new one first. */
static void find_gradient(state *r, const int64_t *batch, int64_t count) {
  const int64_t d = r->s->features;
  for (int64_t b = 0; b < count; b++) find_slope(r, batch[b]);
  memset(r->g, 0, (size_t)d * sizeof *r->g);
  for (int64_t k = 0; k < d; k++) {
    int64_t top = INT64_MIN;
    for (int64_t b = 0; b < count; b++)
      if (r->x[batch[b] * d + k] != 0.0 && r->power[batch[b]] > top) top = r->power[batch[b]];
    if (top == INT64_MIN) continue;
    const bool forgotten = r->forgets || (r->m[k] == 0.0 && r->v[k] == 0.0);
    if (forgotten) r->exponent[k] = top;
    if (!forgotten && top > r->exponent[k] + 100) set_exponent(r, k, top);
  }
  for (int64_t b = 0; b < count; b++) {
    const double *row = r->x + batch[b] * d, share = r->mantissa[batch[b]] / (double)count;
    const int64_t power = r->power[batch[b]];
    for (int64_t k = 0; k < d; k++) {
      if (row[k] == 0.0) continue;
      const double part = -share * row[k] * two_to(power - r->exponent[k]);
      r->g[k] += part;
      if (r->s->rule == PROXY) r->v[k] += part * part;
    }
  }
}

static double length_of(const state *r, int64_t *unit) {
  double sum = 0.0;
  *unit = INT64_MIN;
  for (int64_t k = 0; k < r->s->features; k++)
    if (r->m[k] != 0.0 && r->exponent[k] > *unit) *unit = r->exponent[k];
  for (int64_t k = 0; k < r->s->features; k++) {
    const double entry = r->m[k] == 0.0 ? 0.0 : r->m[k] * two_to(r->exponent[k] - *unit);
    sum += entry * entry;
  }
  return sqrt(sum);
}

/* Moves the moments of column k on, and leaves in g the momentum that the step takes. */
static void average(state *r, int64_t k) {
  const settings *s = r->s;
  const double before = r->m[k], g = r->g[k];
  const bool squares = s->rule == RATIO || s->rule == NADAM;
  const double kept = s->rule == LION ? s->beta2 : s->beta1;
  r->m[k] = kept * before + (1.0 - kept) * g;
  if (squares) r->v[k] = s->beta2 * r->v[k] + (1.0 - s->beta2) * g * g;
  r->g[k] = r->m[k];
  if (s->rule == LION) r->g[k] = s->beta1 * before + (1.0 - s->beta1) * g;
  if (s->rule == NADAM) r->g[k] = s->beta1 * r->m[k] + (1.0 - s->beta1) * g;
  const double content = squares ? sqrt(r->v[k]) : fabs(r->m[k]);
  if (!(content > 0.0) || content >= 0x1p-100) return;
  const int64_t shift = ilogb(content);
  r->g[k] = r->g[k] == 0.0 ? 0.0 : r->g[k] * two_to(-shift);
  set_exponent(r, k, r->exponent[k] + shift);
}

static void update(state *r, double eta) {
  const settings *s = r->s;
  for (int64_t k = 0; k < s->features; k++) average(r, k);
  int64_t unit = 0;
  const double length = s->rule == NGD ? length_of(r, &unit) : 1.0;
  for (int64_t k = 0; k < s->features; k++) {
    r->w[k] *= 1.0 - eta * s->weight_decay;
    if (r->g[k] == 0.0) continue;
    switch (s->rule) {
    case NGD:
      r->w[k] -= eta * r->g[k] * two_to(r->exponent[k] - unit) / length;
      break;
    case SIGN:
    case LION:
      r->w[k] -= eta * (r->g[k] > 0.0 ? 1.0 : -1.0);
      break;
    default:
      if (r->v[k] > 0.0) r->w[k] -= eta * r->g[k] / sqrt(r->v[k]);
    }
  }
}

/* Samples of step t: filled into batch, counted. */
static int64_t choose(state *r, int64_t t, int64_t *batch) {
  const int64_t n = r->s->samples, size = r->s->batch, count = (n + size - 1) / size, first = t % count * size;
  const int64_t taken = first + size > n ? n - first : size;
  if (r->s->order == REPLACEMENT) {
    for (int64_t b = 0; b < size; b++) batch[b] = draw_below(&r->random, n);
    return size;
  }
  if (r->s->order == SHUFFLE && first == 0) {
    for (int64_t i = n - 1; i > 0; i--) {
      const int64_t j = draw_below(&r->random, i + 1), held = r->permutation[i];
      r->permutation[i] = r->permutation[j];
      r->permutation[j] = held;
    }
  }
  memcpy(batch, r->permutation + first, (size_t)taken * sizeof *batch);
  return taken;
}

static bool finite_weights(const state *r) {
  for (int64_t k = 0; k < r->s->features; k++)
    if (!(fabs(r->w[k]) < 1e13)) return false;
  return true;
}

/* Writes the weights after each of `count` ascending numbers of steps: count x features. Returns how many of these
 * numbers were reached with weights below 1e13; -1 where memory is lacking. */
int simulate(const settings *s, const double *x, int count, const int64_t *at, double *weights) {
  const size_t n = (size_t)s->samples, d = (size_t)s->features;
  double *reals = calloc(4 * d + n, sizeof *reals);
  int64_t *wholes = calloc(d + 2 * n + (size_t)s->batch, sizeof *wholes);
  int reached = reals && wholes ? 0 : -1;
  if (reached == 0) {
    state r = {.s = s,
               .x = x,
               .w = reals,
               .m = reals + d,
               .v = reals + 2 * d,
               .g = reals + 3 * d,
               .mantissa = reals + 4 * d,
               .exponent = wholes,
               .power = wholes + d,
               .permutation = wholes + d + n,
               .random = s->seed,
               .forgets = s->beta1 == 0.0 && s->beta2 == 0.0};
    int64_t *batch = wholes + d + 2 * n;
    for (size_t i = 0; i < n; i++) r.permutation[i] = (int64_t)i;
    for (int64_t t = 0; reached < count; t++) {
      if (t == at[reached]) {
        if (!finite_weights(&r)) break;
        memcpy(weights + (size_t)reached++ * d, r.w, d * sizeof *r.w);
        if (reached == count) break;
      }
      const int64_t taken = choose(&r, t, batch);
      if (s->rule == PROXY) memset(r.v, 0, d * sizeof *r.v);
      find_gradient(&r, batch, taken);
      update(&r, s->lr * pow((double)(t + 2), -s->decay));
    }
  }
  free(reals);
  free(wholes);
  return reached;
}
