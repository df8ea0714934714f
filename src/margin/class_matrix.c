#include "margin/class_matrix.h"

#include "base/dense.h"
#include "base/vector.h"
#include "margin/kernel.h"
#include <math.h>
#include <string.h>

/* Samples, and pairs of classes, multiplied at a time. */
enum { SAMPLES_AT_ONCE = 512, PAIRS_AT_ONCE = 64 };

/* ---- Products ------------------------------------------------------------------------------------ */

/* scores_ij = x_i.w_j */
static void set_scores(const bs_matrix *x, const double *w) {
  const size_t k = x->classes, d = x->features;
  if (x->dense) {
    bs_dense_multiply_abt(x->samples, k, d, 1.0, x->dense, w, x->scores, k);
    return;
  }
  for (size_t i = 0; i < x->samples; i++) {
    for (size_t j = 0; j < k; j++) {
      double sum = 0.0;
      for (size_t at = x->row_start[i]; at < x->row_start[i + 1]; at++) sum += x->value[at] * w[j * d + x->column[at]];
      x->scores[i * k + j] = sum;
    }
  }
}

void bs_class_apply(const bs_matrix *x, const double *w, double *z) {
  const size_t k = x->classes;
  set_scores(x, w);
  for (size_t i = 0; i < x->samples; i++) {
    const double *score = x->scores + i * k;
    const size_t own = x->class_of[i];
    for (size_t j = 0; j < k; j++)
      if (j != own) *z++ = score[own] - score[j];
  }
}

/* What the rows of sample i give x_i in each class: sum_j c_ij in its own, -c_ij in class j. */
static void set_shares(const bs_matrix *x, const double *c) {
  const size_t k = x->classes;
  for (size_t i = 0; i < x->samples; i++) {
    double *share = x->scores + i * k, sum = 0.0;
    const size_t own = x->class_of[i];
    for (size_t j = 0; j < k; j++) {
      if (j == own) continue;
      sum += *c;
      share[j] = -*c++;
    }
    share[own] = sum;
  }
}

void bs_class_combine(const bs_matrix *x, const double *c, double *u) {
  const size_t k = x->classes, d = x->features;
  memset(u, 0, bs_padded(x->columns) * sizeof *u);
  set_shares(x, c);
  if (x->dense) {
    bs_dense_multiply_atb(k, d, x->samples, 1.0, x->scores, x->dense, u);
    return;
  }
  for (size_t i = 0; i < x->samples; i++)
    for (size_t j = 0; j < k; j++)
      for (size_t at = x->row_start[i]; at < x->row_start[i + 1]; at++)
        u[j * d + x->column[at]] += x->scores[i * k + j] * x->value[at];
}

/* ---- X H X' ---------------------------------------------------------------------------------------- */

/* The upper triangle of the samples' products in class j's weights, x_i diag(weight_j) x_l. */
static void set_products(const bs_matrix *x, const double *weight, double *scaled, double *products) {
  const size_t n = x->samples, d = x->features;
  for (size_t i = 0; i < n; i++) {
    double *row = scaled + i * d;
    if (!x->dense) memset(row, 0, d * sizeof *row);
    for (size_t at = x->dense ? 0 : x->row_start[i]; at < (x->dense ? d : x->row_start[i + 1]); at++) {
      const size_t f = x->dense ? at : x->column[at];
      row[f] = (x->dense ? x->dense[i * d + at] : x->value[at]) * sqrt(weight[f]);
    }
  }
  bs_dense_row_gram(n, d, scaled, d, products, n);
}

/* The sign of class j in row `row`, 0 where it has no part in it. */
static double sign_in(const bs_pair *pair, size_t j) {
  return pair->own == j ? 1.0 : pair->other == j ? -1.0 : 0.0;
}

void bs_class_sample_gram(const bs_matrix *x, const double *weight, double *scratch, double *gram, size_t order) {
  const size_t n = x->samples;
  double *scaled = scratch, *products = scratch + n * x->features;
  for (size_t r = 0; r < x->rows; r++) memset(gram + r * order, 0, order * sizeof *gram);
  for (size_t j = 0; j < x->classes; j++) {
    set_products(x, weight + j * x->features, scaled, products);
    for (size_t r = 0; r < x->rows; r++) {
      const bs_pair row = bs_pair_of(r, x->classes, x->class_of);
      const double sign = sign_in(&row, j);
      for (size_t s = r; s < x->rows && sign != 0.0; s++) {
        const bs_pair other = bs_pair_of(s, x->classes, x->class_of);
        gram[r * order + s] += sign * sign_in(&other, j) * products[row.sample * n + other.sample];
      }
    }
  }
}

/* ---- X' H X ---------------------------------------------------------------------------------------- */

/* One product of features: the rows of two classes, weighted and less their own centre, and what is left of the
 * centres.
 */
typedef struct {
  const bs_matrix *x;
  const double *weight, *shift, *centre;
  bool centred;            /* whether `centre` is anything but zero */
  double *block, *product; /* samples x d, and d x d: the upper triangle */
  double *mean, *left;     /* d; pairs x columns */
  size_t pairs;            /* in left */
  double *gram;
  size_t order;
} feature_gram;

/* The row of sample i of class `own` that is about class `other`. */
static size_t row_about(const bs_matrix *x, size_t i, size_t own, size_t other) {
  return i * (x->classes - 1) + other - (other > own);
}

static void add_to(const bs_matrix *x, size_t i, double scale, double *y) {
  const size_t first = x->dense ? i * x->features : x->row_start[i],
               count = x->dense ? x->features : x->row_start[i + 1] - first;
  const double *value = (x->dense ? x->dense : x->value) + first;
  for (size_t at = 0; at < count; at++) y[x->dense ? at : x->column[first + at]] += scale * value[at];
}

/* The mean of x over the rows of class `own` about `other`, weighted by weight and shift; returns sum weight shift^2.
 */
static double set_mean(feature_gram *run, size_t own, size_t other) {
  const bs_matrix *x = run->x;
  double total = 0.0;
  memset(run->mean, 0, x->features * sizeof *run->mean);
  for (size_t at = x->class_start[own]; at < x->class_start[own + 1] && run->centred; at++) {
    const size_t i = x->by_class[at], row = row_about(x, i, own, other);
    const double scale = run->weight[row] * run->shift[row];
    add_to(x, i, scale, run->mean);
    total += scale * run->shift[row];
  }
  if (total > 0.0) bs_scale(x->features, 1.0 / total, run->mean);
  return total;
}

/* Adds sum weight (x - shift mean)(x - shift mean)' over the rows of class `own` about `other` to the product. */
static void add_product(feature_gram *run, size_t own, size_t other) {
  const bs_matrix *x = run->x;
  const size_t d = x->features, last = x->class_start[own + 1];
  for (size_t first = x->class_start[own]; first < last; first += SAMPLES_AT_ONCE) {
    const size_t count = last - first < SAMPLES_AT_ONCE ? last - first : SAMPLES_AT_ONCE;
    size_t filled = 0;
    for (size_t at = 0; at < count; at++) {
      const size_t i = x->by_class[first + at], row = row_about(x, i, own, other);
      if (run->weight[row] == 0.0) continue;
      const double root = sqrt(run->weight[row]);
      double *to = run->block + filled++ * d;
      memset(to, 0, d * sizeof *to);
      add_to(x, i, root, to);
      if (run->centred) bs_axpy(d, -root * run->shift[row], run->mean, to);
    }
    if (filled > 0) bs_dense_add_column_gram(d, filled, run->block, d, run->product, d);
  }
}

static void add_left(feature_gram *run) {
  if (run->pairs > 0)
    bs_dense_add_column_gram(run->x->columns, run->pairs, run->left, run->x->columns, run->gram, run->order);
  run->pairs = 0;
}

/* What centring the rows of a pair by their own mean leaves of centring them by the common one. */
static void keep_left(feature_gram *run, size_t own, size_t other, double total) {
  const size_t d = run->x->features, columns = run->x->columns;
  if (!(total > 0.0)) return;
  const double root = sqrt(total);
  double *row = run->left + run->pairs++ * columns;
  for (size_t f = 0; f < columns; f++) row[f] = -root * run->centre[f];
  bs_axpy(d, root, run->mean, row + own * d);
  bs_axpy(d, -root, run->mean, row + other * d);
  if (run->pairs == PAIRS_AT_ONCE) add_left(run);
}

/* The product of (e_a - e_b) x rows: itself in blocks (a, a) and (b, b), its negative in (a, b). */
static void scatter(feature_gram *run, size_t a, size_t b) {
  const size_t d = run->x->features, order = run->order;
  double *first = run->gram + a * d * order + a * d, *second = run->gram + b * d * order + b * d;
  double *between = run->gram + a * d * order + b * d;
  for (size_t f = 0; f < d; f++) {
    const double *from = run->product + f * d;
    for (size_t g = f; g < d; g++) {
      first[f * order + g] += from[g];
      second[f * order + g] += from[g];
      between[f * order + g] -= from[g];
    }
    for (size_t g = f + 1; g < d; g++) between[g * order + f] -= from[g];
  }
}

void bs_class_feature_gram(const bs_matrix *x, const double *weight, const double *shift, const double *centre,
                           double *scratch, double *gram, size_t order) {
  const size_t d = x->features;
  feature_gram run = {.x = x,
                      .weight = weight,
                      .shift = shift,
                      .centre = centre,
                      .centred = bs_max_abs(x->columns, centre) > 0.0,
                      .block = scratch,
                      .gram = gram,
                      .order = order};
  run.product = scratch + SAMPLES_AT_ONCE * d;
  run.mean = run.product + d * d;
  run.left = run.mean + d;
  for (size_t f = 0; f < x->columns; f++) memset(gram + f * order, 0, order * sizeof *gram);
  for (size_t a = 0; a < x->classes; a++) {
    for (size_t b = a + 1; b < x->classes; b++) {
      memset(run.product, 0, d * d * sizeof *run.product);
      keep_left(&run, a, b, set_mean(&run, a, b));
      add_product(&run, a, b);
      keep_left(&run, b, a, set_mean(&run, b, a));
      add_product(&run, b, a);
      scatter(&run, a, b);
    }
  }
  add_left(&run);
}

size_t bs_class_gram_scratch(const bs_matrix *x, bool by_sample) {
  const size_t n = x->samples, d = x->features;
  return by_sample ? n * (n + d) : SAMPLES_AT_ONCE * d + d * d + d + PAIRS_AT_ONCE * x->columns;
}
