/* Training of several classes written a second time, to check predictions (study_classes.py): it shares no code with
 * src/. Built as a shared library. Softmax cross-entropy from W = 0; gradients and moments are long doubles in units of
 * e^shift, so that what fades a thousand times faster than the rest is kept. */
#include "draw.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { NGD, SIGN, RATIO, LION, POLAR, SHAMPOO_LEFT, SHAMPOO_BOTH };
enum { CYCLIC, SHUFFLE, REPLACEMENT };

typedef struct {
  int64_t samples, features, classes, batch, steps;
  int32_t rule, order, nesterov;
  double beta1, beta2, lr, decay; /* eta_t = lr (t+2)^-decay */
  uint64_t seed;
} settings;

typedef long double real;

typedef struct {
  const settings *s;
  const double *x; /* samples x features */
  const int32_t *label;
  double *w;                      /* classes x features */
  real *m, *v, *g, *left, *right; /* the same; Shampoo's factors */
  double *step, *a, *q, *p, *power;
  double *logit;
  real *slope;
  real shift;   /* gradients are in units of e^shift */
  double *size; /* of each sample: log of its largest slope at its last step */
  int64_t *permutation;
  uint64_t random;
} state;

/* g += minus the gradient of sample i. */
static void add_sample(state *r, int64_t i) {
  const settings *s = r->s;
  const double *x = r->x + i * s->features;
  double most = -INFINITY, sum = 0.0, largest = -INFINITY;
  real all = 0.0L;
  for (int64_t j = 0; j < s->classes; j++) {
    double z = 0.0;
    for (int64_t k = 0; k < s->features; k++) z += r->w[j * s->features + k] * x[k];
    r->logit[j] = z;
    if (z > most) most = z;
  }
  for (int64_t j = 0; j < s->classes; j++) sum += exp(r->logit[j] - most);
  const double whole = most + log(sum);
  for (int64_t j = 0; j < s->classes; j++) {
    if (j == r->label[i]) continue;
    const double power = r->logit[j] - whole;
    if (power > largest) largest = power;
    r->slope[j] = expl((real)power - r->shift);
    all += r->slope[j];
  }
  r->slope[r->label[i]] = -all;
  r->size[i] = largest;
  for (int64_t j = 0; j < s->classes; j++)
    for (int64_t k = 0; k < s->features; k++) r->g[j * s->features + k] -= r->slope[j] * x[k];
}

/* The unit follows the largest slope. */
static void change_unit(state *r) {
  const settings *s = r->s;
  const int64_t kd = s->classes * s->features;
  double largest = -INFINITY;
  for (int64_t i = 0; i < s->samples; i++) largest = fmax(largest, r->size[i]);
  const real factor = expl(r->shift - largest);
  r->shift = largest;
  for (int64_t n = 0; n < kd; n++) r->m[n] *= factor;
  for (int64_t n = 0; n < kd; n++) r->v[n] *= factor * factor;
  for (int64_t n = 0; n < s->classes * s->classes; n++) r->left[n] *= factor * factor;
  for (int64_t n = 0; n < s->features * s->features; n++) r->right[n] *= factor * factor;
}

/* q a0 = a with orthogonal rows, one-sided Jacobi. a: n x length, q: n x n */
static void rotate(int64_t n, int64_t length, double *a, double *q) {
  for (int64_t i = 0; i < n * n; i++) q[i] = i % (n + 1) == 0;
  bool turned = true;
  for (int sweep = 0; sweep < 60 && turned; sweep++) {
    turned = false;
    for (int64_t i = 0; i < n - 1; i++) {
      for (int64_t j = i + 1; j < n; j++) {
        double ii = 0.0, jj = 0.0, ij = 0.0;
        for (int64_t k = 0; k < length; k++) {
          const double b = a[i * length + k], c = a[j * length + k];
          ii += b * b, jj += c * c, ij += b * c;
        }
        if (ij == 0.0 || fabs(ij) <= 1e-15 * sqrt(ii) * sqrt(jj)) continue;
        turned = true;
        const double z = (jj - ii) / (2.0 * ij), t = (z >= 0 ? 1.0 : -1.0) / (fabs(z) + hypot(1.0, z));
        const double c = 1.0 / sqrt(1.0 + t * t), sn = c * t;
        for (int64_t k = 0; k < length; k++) {
          const double b = a[i * length + k], e = a[j * length + k];
          a[i * length + k] = c * b - sn * e, a[j * length + k] = sn * b + c * e;
        }
        for (int64_t k = 0; k < n; k++) {
          const double b = q[i * n + k], e = q[j * n + k];
          q[i * n + k] = c * b - sn * e, q[j * n + k] = sn * b + c * e;
        }
      }
    }
  }
}

/* step = U V' of the matrix in step, over singular values above 1e-13 of the largest. */
static void take_polar(state *r) {
  const int64_t k = r->s->classes, d = r->s->features, n = k < d ? k : d, length = k < d ? d : k;
  double largest = 0.0;
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < length; j++) r->a[i * length + j] = k < d ? r->step[i * d + j] : r->step[j * d + i];
  rotate(n, length, r->a, r->q);
  memset(r->step, 0, (size_t)(k * d) * sizeof(double));
  for (int pass = 0; pass < 2; pass++) {
    for (int64_t i = 0; i < n; i++) {
      double norm = 0.0;
      for (int64_t j = 0; j < length; j++) norm += r->a[i * length + j] * r->a[i * length + j];
      norm = sqrt(norm);
      if (pass == 0) largest = fmax(largest, norm);
      if (pass == 0 || !(norm > 1e-13 * largest)) continue;
      for (int64_t b = 0; b < n; b++)
        for (int64_t j = 0; j < length; j++)
          r->step[k < d ? b * d + j : j * d + b] += r->q[i * n + b] * r->a[i * length + j] / norm;
    }
  }
}

/* power = factor^-exponent, symmetric n x n; eigenvalues are at least 1e-15 of the largest. */
static void take_power(state *r, int64_t n, const real *factor, double exponent) {
  real largest = 0.0L;
  double most = 0.0;
  for (int64_t i = 0; i < n * n; i++) largest = fmaxl(largest, fabsl(factor[i]));
  for (int64_t i = 0; i < n * n; i++) r->a[i] = (double)(factor[i] / largest);
  rotate(n, n, r->a, r->q); /* rows of q are eigenvectors, the lengths of a's rows eigenvalues */
  memset(r->power, 0, (size_t)(n * n) * sizeof(double));
  for (int pass = 0; pass < 2; pass++) {
    for (int64_t i = 0; i < n; i++) {
      double value = 0.0;
      for (int64_t j = 0; j < n; j++) value += r->a[i * n + j] * r->a[i * n + j];
      value = sqrt(value);
      if (pass == 0) most = fmax(most, value);
      if (pass == 0) continue;
      const double by = pow(fmax(value, 1e-15 * most), -exponent) * (double)powl(largest, (real)-exponent);
      for (int64_t b = 0; b < n; b++)
        for (int64_t c = 0; c < n; c++) r->power[b * n + c] += by * r->q[i * n + b] * r->q[i * n + c];
    }
  }
}

static void precondition(state *r, bool both) {
  const int64_t k = r->s->classes, d = r->s->features;
  const double beta = r->s->beta2;
  for (int64_t i = 0; i < k; i++)
    for (int64_t j = 0; j < k; j++) {
      real sum = 0.0L;
      for (int64_t l = 0; l < d; l++) sum += r->g[i * d + l] * r->g[j * d + l];
      r->left[i * k + j] = beta * r->left[i * k + j] + (1.0 - beta) * sum;
    }
  take_power(r, k, r->left, both ? 0.25 : 0.5);
  for (int64_t i = 0; i < k; i++)
    for (int64_t l = 0; l < d; l++) {
      real sum = 0.0L;
      for (int64_t j = 0; j < k; j++) sum += r->power[i * k + j] * r->m[j * d + l];
      r->p[i * d + l] = (double)sum;
    }
  memcpy(r->step, r->p, (size_t)(k * d) * sizeof(double));
  if (!both) return;
  for (int64_t i = 0; i < d; i++)
    for (int64_t j = 0; j < d; j++) {
      real sum = 0.0L;
      for (int64_t l = 0; l < k; l++) sum += r->g[l * d + i] * r->g[l * d + j];
      r->right[i * d + j] = beta * r->right[i * d + j] + (1.0 - beta) * sum;
    }
  take_power(r, d, r->right, 0.25);
  for (int64_t i = 0; i < k; i++)
    for (int64_t l = 0; l < d; l++) {
      double sum = 0.0;
      for (int64_t j = 0; j < d; j++) sum += r->p[i * d + j] * r->power[j * d + l];
      r->step[i * d + l] = sum;
    }
}

static double sign(real value) {
  return (value > 0.0L) - (value < 0.0L);
}

/* From g to the step, with the moments. */
static void take_step(state *r) {
  const settings *s = r->s;
  const int64_t kd = s->classes * s->features;
  const double b1 = s->beta1, b2 = s->beta2;
  real largest = 0.0L, norm = 0.0L;
  for (int64_t n = 0; n < kd; n++) {
    const real old = r->m[n];
    r->m[n] = s->rule == LION ? b2 * old + (1.0 - b2) * r->g[n] : b1 * old + (1.0 - b1) * r->g[n];
    r->v[n] = b2 * r->v[n] + (1.0 - b2) * r->g[n] * r->g[n];
    const real taken =
        s->rule == LION || s->nesterov ? b1 * (s->rule == LION ? old : r->m[n]) + (1.0 - b1) * r->g[n] : r->m[n];
    largest = fmaxl(largest, fabsl(taken));
    norm += taken * taken;
    r->p[n] = 0.0;
    if (s->rule == SIGN || s->rule == LION) r->step[n] = sign(taken);
    if (s->rule == RATIO) r->step[n] = r->v[n] > 0.0L ? (double)(taken / sqrtl(r->v[n])) : 0.0;
  }
  if (s->rule == SHAMPOO_LEFT || s->rule == SHAMPOO_BOTH) precondition(r, s->rule == SHAMPOO_BOTH);
  if (s->rule != NGD && s->rule != POLAR) return;
  for (int64_t n = 0; n < kd && largest > 0.0L; n++) {
    const real taken = s->nesterov ? b1 * r->m[n] + (1.0 - b1) * r->g[n] : r->m[n];
    r->step[n] = (double)(taken / (s->rule == NGD ? sqrtl(norm) : largest));
  }
  if (s->rule == POLAR) take_polar(r);
}

static void run(state *r, int marks, const int64_t *at, double *weights) {
  const settings *s = r->s;
  const int64_t kd = s->classes * s->features, batches = (s->samples + s->batch - 1) / s->batch;
  int mark = 0;
  for (int64_t t = 0; t < s->steps; t++) {
    const int64_t turn = t % batches, first = turn * s->batch;
    const int64_t last = first + s->batch < s->samples || s->order == REPLACEMENT ? first + s->batch : s->samples;
    if (turn == 0) change_unit(r);
    for (int64_t i = s->samples - 1; i > 0 && turn == 0 && s->order == SHUFFLE; i--) {
      const int64_t j = draw_below(&r->random, i + 1), swapped = r->permutation[i];
      r->permutation[i] = r->permutation[j], r->permutation[j] = swapped;
    }
    for (int64_t n = 0; n < kd; n++) r->g[n] = 0.0L;
    for (int64_t n = first; n < last; n++)
      add_sample(r, s->order == REPLACEMENT ? draw_below(&r->random, s->samples) : r->permutation[n]);
    for (int64_t n = 0; n < kd; n++) r->g[n] /= (real)(last - first);
    take_step(r);
    const double eta = s->lr * pow((double)(t + 2), -s->decay);
    for (int64_t n = 0; n < kd; n++) r->w[n] += eta * r->step[n];
    for (; mark < marks && at[mark] == t + 1; mark++) memcpy(weights + mark * kd, r->w, (size_t)kd * sizeof(double));
  }
}

static void *zeros(int64_t count, size_t size) {
  return calloc((size_t)count, size);
}

/* Weights after each number of steps in `at`, ascending: marks x classes x features. -1: out of memory. */
int simulate_classes(const settings *s, const double *x, const int32_t *label, int marks, const int64_t *at,
                     double *weights) {
  const int64_t kd = s->classes * s->features, most = s->classes > s->features ? s->classes : s->features;
  state r = {.s = s, .x = x, .label = label, .random = s->seed};
  double **const doubles[] = {&r.w, &r.step, &r.p, &r.a, &r.q, &r.power};
  real **const reals[] = {&r.m, &r.v, &r.g, &r.left, &r.right};
  bool complete = true;
  for (size_t n = 0; n < sizeof doubles / sizeof *doubles; n++)
    complete &= (*doubles[n] = zeros(n < 3 ? kd : most * most, sizeof(double))) != NULL;
  for (size_t n = 0; n < sizeof reals / sizeof *reals; n++)
    complete &= (*reals[n] = zeros(n < 3 ? kd : most * most, sizeof(real))) != NULL;
  r.logit = zeros(s->classes, sizeof(double));
  r.slope = zeros(s->classes, sizeof(real));
  r.size = zeros(s->samples, sizeof(double));
  r.permutation = zeros(s->samples, sizeof(int64_t));
  complete &= r.logit && r.slope && r.size && r.permutation;
  for (int64_t i = 0; complete && i < s->samples; i++) {
    r.permutation[i] = i;
    r.size[i] = -log((double)s->classes);
  }
  if (complete) run(&r, marks, at, weights);
  for (size_t n = 0; n < sizeof doubles / sizeof *doubles; n++) free(*doubles[n]);
  for (size_t n = 0; n < sizeof reals / sizeof *reals; n++) free(*reals[n]);
  free(r.logit);
  free(r.slope);
  free(r.size);
  free(r.permutation);
  return complete ? 0 : -1;
}
