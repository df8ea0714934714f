/* The two parts of a data set (Ji and Telgarsky 2019), found by taking away what cannot be separated until the rest
 * can: a Farkas certificate names samples that combine to zero; x_i.w >= 0 on all of them forces x_i.w = 0, so that w
 * is orthogonal to their span, and the same question is asked again of the other samples' parts outside it. */
#include "base/memory.h"
#include "base/vector.h"
#include "data/dataset.h"
#include "margin/certificate.h"
#include "margin/equations.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Entries of the data as a dense matrix: 512 MB. */
static const size_t LARGEST = (size_t)1 << 26;
/* A unit row this near a span is in it. */
static const double IN_SPAN = 1e-10;
/* What rounding leaves of X'c = 0 and of x_i.w = 0 for unit rows. A sample's part in X'c = 0, c_i ||x_i||, or its x_i.w
 * proves nothing where it does not exceed this by a hundred times. */
static const double ROUNDING = 1e-12, PROVES = 100.0;

typedef struct {
  const biascope_dataset *data;
  biascope_parts *parts;
  size_t inseparable; /* samples, so far */
  double *unit;       /* N x d: rows of norm 1, less their parts in the span */
  double *norm;       /* N */
  double *level;      /* N: a certificate of the last samples found */
  double *product;    /* d */
  long double *u;     /* 2 d */
} search;

void biascope_parts_free(biascope_parts *parts) {
  free(parts->separable);
  free(parts->dual);
  free(parts->direction);
  free(parts->basis);
  *parts = (biascope_parts){0};
}

static void search_free(search *s) {
  free(s->unit);
  free(s->norm);
  free(s->level);
  free(s->product);
  free(s->u);
}

static biascope_status allocate(search *s, biascope_error *error) {
  const size_t n = s->data->samples, d = s->data->features, most = n < d ? n : d;
  *s->parts = (biascope_parts){.samples = n, .features = d};
  if (n > LARGEST / d)
    return bs_fail(error, BIASCOPE_USAGE, "%zu samples of %zu features are too many to tell their separable part", n,
                   d);
  s->parts->separable = BS_NEW(bool, n);
  s->parts->dual = BS_NEW(double, n);
  s->parts->direction = BS_NEW(double, d);
  s->parts->basis = BS_NEW(double, most *d);
  s->unit = BS_NEW(double, n *d);
  s->norm = BS_NEW(double, n);
  s->level = BS_NEW(double, n);
  s->product = BS_NEW(double, d + 1);
  s->u = BS_NEW(long double, 2 * d);
  if (s->parts->separable && s->parts->dual && s->parts->direction && s->parts->basis && s->unit && s->norm &&
      s->level && s->product && s->u)
    return BIASCOPE_OK;
  return bs_fail_memory(error, "the separable part");
}

static void load_rows(search *s) {
  const size_t d = s->data->features;
  for (size_t i = 0; i < s->data->samples; i++) {
    double *row = s->unit + i * d;
    size_t next = 0;
    for (size_t k = 0; k < d; k++) row[k] = bs_row_walk(s->data, i, k, &next);
    s->norm[i] = bs_norm2(d, row);
    for (size_t k = 0; k < d && s->norm[i] > 0.0; k++) row[k] /= s->norm[i];
    s->parts->separable[i] = true;
  }
}

/* Takes from x its parts along the basis from row `first` on; twice, as rounding leaves some the first time. */
static void remove_span(const biascope_parts *parts, size_t first, double *x) {
  const size_t d = parts->features;
  for (int time = 0; time < 2; time++)
    for (size_t r = first; r < parts->rank; r++)
      bs_axpy(d, -bs_dot(d, parts->basis + r * d, x), parts->basis + r * d, x);
}

void biascope_parts_project(const biascope_parts *parts, const double *w, double *inside) {
  const size_t d = parts->features;
  memcpy(inside, w, d * sizeof *inside);
  remove_span(parts, 0, inside);
  for (size_t k = 0; k < d; k++) inside[k] = w[k] - inside[k];
}

/* Adds the span of the samples of `level` to the basis, the farthest from what is there first, and takes it from every
 * row. */
static void extend_span(search *s) {
  biascope_parts *parts = s->parts;
  const size_t n = s->data->samples, d = s->data->features;
  for (;;) {
    size_t farthest = 0;
    double distance = IN_SPAN;
    for (size_t i = 0; i < n; i++) {
      if (s->level[i] == 0.0 || !(bs_norm2(d, s->unit + i * d) > distance)) continue;
      distance = bs_norm2(d, s->unit + i * d);
      farthest = i;
    }
    if (distance == IN_SPAN) return;
    double *base = parts->basis + parts->rank * d;
    memcpy(base, s->unit + farthest * d, d * sizeof *base);
    bs_scale(d, 1.0 / distance, base);
    remove_span(parts, 0, base);
    bs_scale(d, 1.0 / bs_norm2(d, base), base);
    parts->rank++;
    for (size_t i = 0; i < n; i++) remove_span(parts, parts->rank - 1, s->unit + i * d);
  }
}

/* a on the samples found before with sum_i a_i x_i = sum_i level_i x_i. */
static biascope_status express(const search *s, double *a, biascope_error *error) {
  const biascope_dataset *data = s->data;
  const size_t n = data->samples, d = data->features;
  bs_equations equations;
  biascope_status status = bs_equations_create(s->inseparable, d, &equations, error);
  if (status != BIASCOPE_OK) return status;
  double *x = BS_NEW(double, s->inseparable), *rest = BS_NEW(double, n);
  if (!x || !rest) status = bs_fail_memory(error, "the separable part");
  for (size_t i = 0, row = 0; i < n && status == BIASCOPE_OK; i++) {
    if (s->parts->separable[i]) continue;
    if (s->norm[i] > 0.0) bs_row_axpy(data, i, 1.0 / s->norm[i], equations.a + row * d);
    row++;
  }
  if (status == BIASCOPE_OK) status = bs_equations_factor(&equations, error);
  for (int round = 0; round < 3 && status == BIASCOPE_OK; round++) {
    for (size_t i = 0; i < n; i++) rest[i] = s->level[i] - a[i];
    bs_combine(data, rest, s->product);
    memset(x, 0, s->inseparable * sizeof *x);
    bs_equations_solve_transposed(&equations, s->product, x);
    for (size_t i = 0, row = 0; i < n; i++) {
      if (s->parts->separable[i]) continue;
      if (s->norm[i] > 0.0) a[i] += x[row] / s->norm[i];
      row++;
    }
  }
  bs_equations_free(&equations);
  free(x);
  free(rest);
  return status;
}

/* Takes the samples of `level`, whose combination is in the span of those found before, among the inseparable ones:
 * dual + t (level - a) combines all of them to zero, positively for t small. */
static biascope_status join(search *s, biascope_error *error) {
  biascope_parts *parts = s->parts;
  const size_t n = s->data->samples;
  double *a = BS_NEW(double, n), share = 1.0, sum = 0.0;
  biascope_status status = a ? BIASCOPE_OK : bs_fail_memory(error, "the separable part");
  if (status == BIASCOPE_OK && parts->rank > 0 && s->inseparable > 0) status = express(s, a, error);
  for (size_t i = 0; i < n && status == BIASCOPE_OK; i++)
    if (a[i] > 0.0) share = fmin(share, 0.5 * parts->dual[i] / a[i]);
  for (size_t i = 0; i < n && status == BIASCOPE_OK; i++) {
    parts->dual[i] += share * (s->level[i] - a[i]);
    sum += parts->dual[i];
    if (s->level[i] == 0.0) continue;
    parts->separable[i] = false;
    s->inseparable++;
  }
  if (status == BIASCOPE_OK) bs_scale(n, 1.0 / sum, parts->dual);
  free(a);
  return status;
}

/* Those in the span of samples that combine to zero are inseparable, too. Leaves `level` zero where there are none. */
static void find_in_span(search *s) {
  const size_t n = s->data->samples, d = s->data->features;
  for (size_t i = 0; i < n; i++)
    s->level[i] = s->parts->separable[i] && bs_norm2(d, s->unit + i * d) <= IN_SPAN
                      ? 1.0 / (s->norm[i] > 0.0 ? s->norm[i] : 1.0)
                      : 0.0;
}

/* A certificate of X'c = 0 is one of those samples alone whose parts in it are more than what rounding leaves. */
static void keep_what_proves(search *s) {
  double largest = 0.0;
  for (size_t i = 0; i < s->data->samples; i++) largest = fmax(largest, s->level[i] * s->norm[i]);
  for (size_t i = 0; i < s->data->samples; i++)
    if (s->level[i] * s->norm[i] < ROUNDING * largest) s->level[i] = 0.0;
}

/* The max margin of the samples not yet found, outside the span: a direction, or a certificate in `level`. */
static biascope_status ask(search *s, biascope_error *error) {
  biascope_parts *parts = s->parts;
  const size_t n = s->data->samples, d = s->data->features, left = n - s->inseparable;
  double *rows = BS_NEW(double, left *d);
  biascope_dataset *rest = NULL;
  if (!rows) return bs_fail_memory(error, "the separable part");
  for (size_t i = 0, row = 0; i < n; i++) {
    if (!parts->separable[i]) continue;
    for (size_t k = 0; k < d; k++) rows[row * d + k] = s->norm[i] * s->unit[i * d + k];
    row++;
  }
  biascope_status status = biascope_dataset_from_dense(left, d, rows, &rest, error);
  free(rows);
  if (status != BIASCOPE_OK) return status;
  biascope_margin margin;
  status = biascope_margin_solve(rest, (biascope_norm){.kind = BIASCOPE_L2}, NULL, &margin, error);
  biascope_dataset_free(rest);
  if (status == BIASCOPE_NOT_CONVERGED && margin.margin > 0.0) status = BIASCOPE_OK; /* whatever its gap */
  if (status == BIASCOPE_OK) memcpy(parts->direction, margin.direction, d * sizeof *parts->direction);
  for (size_t i = 0, row = 0; i < n && status == BIASCOPE_NOT_SEPARABLE; i++)
    s->level[i] = parts->separable[i] ? margin.dual[row++] : 0.0;
  if (status == BIASCOPE_NOT_SEPARABLE) keep_what_proves(s);
  biascope_margin_free(&margin);
  return status;
}

/* Whether sample i, at margin z, is proved to be in its part; `rest` is what is left of X'c. A zero sample needs none.
 */
static bool proved(const search *s, size_t i, double z, double rest) {
  const biascope_parts *parts = s->parts;
  if (parts->separable[i]) return parts->dual[i] == 0.0 && z > PROVES * ROUNDING * s->norm[i];
  return parts->dual[i] > 0.0 && (s->norm[i] == 0.0 || parts->dual[i] * s->norm[i] >= PROVES * rest);
}

/* Evaluates both certificates on the data as given. */
static biascope_status verify(search *s, biascope_error *error) {
  biascope_parts *parts = s->parts;
  const size_t n = s->data->samples, d = s->data->features;
  parts->separable_count = n - s->inseparable;
  remove_span(parts, 0, parts->direction);
  if (parts->separable_count > 0) bs_scale(d, 1.0 / bs_norm2(d, parts->direction), parts->direction);
  parts->margin = parts->separable_count > 0 ? INFINITY : 0.0;
  parts->residual = s->inseparable > 0 ? bs_farkas_residual(s->data, parts->dual, s->u, s->u + d) : 0.0;
  double rest = 0.0;
  for (size_t k = 0; k < d; k++) rest = fmax(rest, fabs((double)s->u[k]));
  size_t proofs = 0;
  for (size_t i = 0; i < n; i++) {
    const double z = bs_row_dot(s->data, i, parts->direction);
    proofs += proved(s, i, z, rest);
    if (parts->separable[i])
      parts->margin = fmin(parts->margin, z);
    else if (s->norm[i] > 0.0)
      parts->leak = fmax(parts->leak, fabs(z) / s->norm[i]);
  }
  if (proofs == n && parts->residual <= ROUNDING && parts->leak <= ROUNDING) return BIASCOPE_OK;
  return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                 "rounding leaves %zu of %zu samples without proof of their part (residual %.1e, leak %.1e)",
                 n - proofs, n, parts->residual, parts->leak);
}

static biascope_status take_apart(search *s, biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  load_rows(s);
  while (s->inseparable < s->data->samples) {
    status = ask(s, error);
    if (status != BIASCOPE_NOT_SEPARABLE) break;
    extend_span(s);
    status = join(s, error);
    if (status == BIASCOPE_OK) find_in_span(s);
    if (status == BIASCOPE_OK && bs_max_abs(s->data->samples, s->level) > 0.0) status = join(s, error);
    if (status != BIASCOPE_OK) break;
  }
  return status == BIASCOPE_OK ? verify(s, error) : status;
}

biascope_status biascope_parts_find(const biascope_dataset *data, biascope_parts *out, biascope_error *error) {
  search s = {.data = data, .parts = out};
  biascope_status status = bs_require_two_classes(data, "data are taken apart", error);
  if (status != BIASCOPE_OK) return status;
  status = allocate(&s, error);
  if (status == BIASCOPE_OK) status = take_apart(&s, error);
  search_free(&s);
  if (status != BIASCOPE_OK) biascope_parts_free(out);
  return status;
}
