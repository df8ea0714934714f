/* Max margins with an intercept b that the norm leaves out, as support vector machines have it (Boser, Guyon and Vapnik
 * 1992): max min_i y_i (x_i.w + b) / ||w||. For a given w the best b puts the nearest samples of both classes at the
 * same distance. So the margin is that of the midpoints (y_i x_i + y_j x_j) / 2 of all pairs of samples of different
 * classes, where b cancels. Pairs join the problem as they are found to be nearer than those in it; the bound of any
 * set of pairs bounds the margin. */
#include "base/memory.h"
#include "margin/certificate.h"
#include "margin/norm.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* All pairs are taken at once up to so many; else of each class so many nearest samples join in a round. */
enum { AT_ONCE = 2048, NEAREST = 16, MOST_ROUNDS = 2000 };

typedef struct {
  double score; /* x.w, without the intercept */
  uint32_t sample;
} scored;

typedef struct {
  const biascope_dataset *data; /* the last feature is the intercept */
  biascope_norm norm;
  biascope_margin *out;
  scored *class[2]; /* the samples of each, the nearest first */
  size_t size[2];
  uint32_t (*pair)[2]; /* a sample of each class */
  size_t pairs, capacity;
  double *best; /* d: the direction of the best margin, and its intercept */
  long double margin, bound;
  long double *u, *magnitude; /* d */
} search;

/* ---- The pairs ---------------------------------------------------------------------------------------- */

static biascope_status add_pair(search *s, uint32_t positive, uint32_t negative, biascope_error *error) {
  if (s->pairs == s->capacity) {
    s->capacity = 2 * s->capacity + AT_ONCE;
    void *longer = realloc(s->pair, s->capacity * sizeof *s->pair);
    if (!longer) return bs_fail_memory(error, "the pairs of samples");
    s->pair = longer;
  }
  s->pair[s->pairs][0] = positive;
  s->pair[s->pairs++][1] = negative;
  return BIASCOPE_OK;
}

static bool has_pair(const search *s, uint32_t positive, uint32_t negative) {
  for (size_t p = 0; p < s->pairs; p++)
    if (s->pair[p][0] == positive && s->pair[p][1] == negative) return true;
  return false;
}

/* The midpoint of a pair, without the intercept, added to zeros. */
static void add_midpoint(const search *s, const uint32_t pair[2], double *row) {
  for (int side = 0; side < 2; side++) {
    const bs_row entries = bs_row_of(s->data, pair[side]);
    for (size_t at = 0; at < entries.count; at++) {
      const size_t k = bs_row_column(&entries, at);
      if (k + 1 < s->data->features) row[k] += 0.5 * entries.value[at];
    }
  }
}

static biascope_status dense_midpoints(const search *s, biascope_dataset **out, biascope_error *error) {
  const size_t d = s->data->features - 1;
  size_t entries;
  double *values = __builtin_mul_overflow(s->pairs, d, &entries) ? NULL : BS_NEW(double, entries);
  if (!values) return bs_fail_memory(error, "the midpoints of pairs");
  for (size_t p = 0; p < s->pairs; p++) add_midpoint(s, s->pair[p], values + p * d);
  const biascope_status status = bs_dataset_adopt_dense(s->pairs, d, values, out, error);
  if (status != BIASCOPE_OK) free(values);
  return status;
}

/* The union of two rows' columns, but the last feature; returns their number. */
static size_t merge_columns(const search *s, const uint32_t pair[2], uint32_t *column) {
  const bs_row a = bs_row_of(s->data, pair[0]), b = bs_row_of(s->data, pair[1]);
  size_t i = 0, j = 0, count = 0;
  while (i < a.count || j < b.count) {
    const uint32_t of_a = i < a.count ? a.column[i] : UINT32_MAX, of_b = j < b.count ? b.column[j] : UINT32_MAX;
    const uint32_t k = of_a < of_b ? of_a : of_b;
    i += of_a == k;
    j += of_b == k;
    if (k + 1 < s->data->features) column[count++] = k;
  }
  return count;
}

static biascope_status sparse_midpoints(const search *s, biascope_dataset **out, biascope_error *error) {
  const size_t *start = s->data->row_start;
  size_t entries = 0;
  for (size_t p = 0; p < s->pairs; p++)
    for (int side = 0; side < 2; side++) entries += start[s->pair[p][side] + 1] - start[s->pair[p][side]];
  size_t *row_start = BS_NEW(size_t, s->pairs + 1);
  uint32_t *column = BS_NEW(uint32_t, entries);
  double *value = BS_NEW(double, entries), *row = BS_NEW(double, s->data->features);
  biascope_status status = row_start && column && value && row ? BIASCOPE_OK : bs_fail_memory(error, "the midpoints");
  for (size_t p = 0; p < s->pairs && status == BIASCOPE_OK; p++) {
    uint32_t *own = column + row_start[p];
    const size_t count = merge_columns(s, s->pair[p], own);
    add_midpoint(s, s->pair[p], row);
    for (size_t at = 0; at < count; at++) {
      value[row_start[p] + at] = row[own[at]];
      row[own[at]] = 0.0;
    }
    row_start[p + 1] = row_start[p] + count;
  }
  free(row);
  if (status == BIASCOPE_OK)
    status = bs_dataset_adopt_csr(s->pairs, s->data->features - 1, row_start, column, value, out, error);
  if (status == BIASCOPE_OK) return status;
  free(row_start);
  free(column);
  free(value);
  return status;
}

/* ---- The samples of each class ------------------------------------------------------------------------ */

static int nearer(const void *a, const void *b) {
  const scored *first = a, *second = b;
  if (first->score != second->score) return first->score < second->score ? -1 : 1;
  return first->sample < second->sample ? -1 : 1;
}

static biascope_status part_classes(search *s, biascope_error *error) {
  const biascope_dataset *data = s->data;
  for (size_t i = 0; i < data->samples; i++) {
    const bs_row row = bs_row_of(data, i);
    const bool stored = row.count > 0 && bs_row_column(&row, row.count - 1) + 1 == data->features;
    const double entry = stored ? row.value[row.count - 1] : 0.0;
    if (fabs(entry) != 1.0)
      return bs_fail(error, BIASCOPE_USAGE,
                     "sample %zu has %g as its last feature; a free intercept expects 1 times the label there", i,
                     entry);
    const int side = entry < 0.0;
    s->class[side][s->size[side]++].sample = (uint32_t)i;
  }
  if (s->size[0] > 0 && s->size[1] > 0 && data->features > 1) return BIASCOPE_OK;
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: a free intercept classifies them by itself, at any distance",
                 data->features > 1 ? "all samples are of one class" : "there are no features beside the intercept");
}

static void score_samples(search *s, const double *w) {
  for (int side = 0; side < 2; side++) {
    for (size_t i = 0; i < s->size[side]; i++)
      s->class[side][i].score = bs_row_dot(s->data, s->class[side][i].sample, w);
    qsort(s->class[side], s -> size[side], sizeof *s->class[side], nearer);
  }
}

/* ---- Rounds ------------------------------------------------------------------------------------------- */

/* The pair's own dual, halved between its samples. */
static void take_dual(search *s, const biascope_margin *solution) {
  double *dual = s->out->dual;
  memset(dual, 0, s->data->samples * sizeof *dual);
  for (size_t p = 0; p < s->pairs; p++)
    for (int side = 0; side < 2; side++) dual[s->pair[p][side]] += 0.5 * solution->dual[p];
}

/* Scores the samples by the solution's direction, and keeps direction and intercept where their margin is the largest.
 */
static void take_direction(search *s, const biascope_margin *solution) {
  const size_t d = s->data->features - 1;
  double *w = s->out->direction;
  memcpy(w, solution->direction, d * sizeof *w);
  w[d] = 0.0;
  score_samples(s, w);
  w[d] = 0.5 * (s->class[1][0].score - s->class[0][0].score);
  const long double length = bs_norm_value(&s->norm, (bs_shape){1, d}, w);
  const long double scale = bs_norm_value(&s->norm, (bs_shape){1, d + 1}, w) / length;
  const long double margin = bs_certify_direction(s->data, &s->norm, w).margin * scale;
  if (!(margin > s->margin)) return;
  s->margin = margin;
  for (size_t k = 0; k <= d; k++) s->best[k] = (double)(w[k] / length);
}

/* Pairs of the nearest samples, nearer than those of this margin. *added: their number. */
static biascope_status add_nearest(search *s, double margin, size_t *added, biascope_error *error) {
  const size_t before = s->pairs;
  biascope_status status = BIASCOPE_OK;
  for (size_t i = 0; i < NEAREST && i < s->size[0]; i++) {
    for (size_t j = 0; j < NEAREST && j < s->size[1] && status == BIASCOPE_OK; j++) {
      const scored *a = &s->class[0][i], *b = &s->class[1][j];
      if (i > 0 && j > 0 && i != j) continue;
      if (0.5 * (a->score + b->score) < margin && !has_pair(s, a->sample, b->sample))
        status = add_pair(s, a->sample, b->sample, error);
    }
  }
  *added = s->pairs - before;
  return status;
}

static biascope_status solve_pairs(search *s, biascope_margin *solution, biascope_error *error) {
  biascope_dataset *midpoints;
  *solution = (biascope_margin){0};
  biascope_status status =
      s->data->dense ? dense_midpoints(s, &midpoints, error) : sparse_midpoints(s, &midpoints, error);
  if (status != BIASCOPE_OK) return status;
  status = biascope_margin_solve(midpoints, s->norm, NULL, solution, error);
  biascope_dataset_free(midpoints);
  return status;
}

static biascope_status refuse_inseparable(search *s, const biascope_margin *solution, biascope_error *error) {
  biascope_margin *out = s->out;
  take_dual(s, solution);
  memset(out->direction, 0, out->features * sizeof *out->direction);
  out->margin = 0.0;
  out->upper_bound = bs_farkas_residual(s->data, out->dual, s->u, s->magnitude);
  bs_count_support(out);
  return bs_fail(error, BIASCOPE_NOT_SEPARABLE,
                 "the data are not separable, with any intercept: convex combinations of the two classes meet "
                 "(relative residual %.1e)",
                 out->upper_bound);
}

/* What the best direction and the last pairs' bound prove. */
static biascope_status conclude(search *s, const biascope_margin *last, double tolerance, biascope_error *error) {
  biascope_margin *out = s->out;
  memcpy(out->direction, s->best, out->features * sizeof *out->direction);
  out->margin = (double)s->margin;
  out->upper_bound = (double)s->bound;
  out->gap = fmax(0.0, (double)((s->bound - s->margin) / s->bound));
  bs_count_support(out);
  /* optimal directions of all pairs are some of those of the pairs taken */
  const bool all = s->pairs == s->size[0] * s->size[1];
  out->face_dimension = all || last->face_dimension == 0 ? last->face_dimension : SIZE_MAX;
  out->unique = out->face_dimension == 0;
  return bs_check_gap(out, tolerance, error);
}

static biascope_status run_rounds(search *s, const biascope_solve_options *options, biascope_error *error) {
  const double tolerance = options && options->tolerance > 0.0 ? options->tolerance : BS_DEFAULT_GAP;
  const int limit = options && options->max_iterations > 0 ? options->max_iterations : MOST_ROUNDS;
  biascope_margin solution = {0};
  biascope_status status = BIASCOPE_OK;
  size_t added = s->pairs;
  for (int round = 0; round < limit && added > 0; round++) {
    biascope_margin_free(&solution);
    status = solve_pairs(s, &solution, error);
    if (!solution.dual) break; /* there was no memory */
    if (status == BIASCOPE_NOT_SEPARABLE) status = refuse_inseparable(s, &solution, error);
    if (status != BIASCOPE_OK && status != BIASCOPE_NOT_CONVERGED) break;
    if (!(solution.margin > 0.0)) { /* not decided */
      s->out->upper_bound = solution.upper_bound;
      s->out->gap = 1.0;
      break;
    }
    take_dual(s, &solution);
    s->bound = bs_certify_dual(s->data, &s->norm, s->out->dual, s->u, s->magnitude).bound;
    take_direction(s, &solution);
    status = BIASCOPE_OK;
    if (s->bound - s->margin <= 1e-13L * s->bound) break;
    status = add_nearest(s, solution.margin, &added, error);
    if (status != BIASCOPE_OK) break;
  }
  if (status == BIASCOPE_OK) status = conclude(s, &solution, tolerance, error);
  biascope_margin_free(&solution);
  return status;
}

static biascope_status start(search *s, biascope_error *error) {
  biascope_status status = part_classes(s, error);
  if (status != BIASCOPE_OK) return status;
  memset(s->best, 0, s->data->features * sizeof *s->best);
  score_samples(s, s->best);
  if (s->size[0] > AT_ONCE / s->size[1]) return add_pair(s, s->class[0][0].sample, s->class[1][0].sample, error);
  for (size_t i = 0; i < s->size[0]; i++)
    for (size_t j = 0; j < s->size[1] && status == BIASCOPE_OK; j++)
      status = add_pair(s, s->class[0][i].sample, s->class[1][j].sample, error);
  return status;
}

static biascope_status check_norm(const biascope_norm *norm, const biascope_dataset *data, biascope_error *error) {
  const biascope_status status = bs_norm_check(norm, data, error);
  if (status != BIASCOPE_OK) return status;
  if (norm->kind == BIASCOPE_MAHALANOBIS)
    return bs_fail(error, BIASCOPE_USAGE,
                   "the metric has an entry for the intercept: a norm that leaves the intercept out has none; expected "
                   "l2, linf, l1 or lP");
  return bs_require_two_classes(data, "margins with a free intercept are solved for", error);
}

biascope_status biascope_margin_solve_free_intercept(const biascope_dataset *data, biascope_norm norm,
                                                     const biascope_solve_options *options, biascope_margin *out,
                                                     biascope_error *error) {
  const size_t n = data->samples, d = data->features;
  *out = (biascope_margin){.samples = n, .features = d, .outputs = 1, .rows = n};
  biascope_status status = check_norm(&norm, data, error);
  if (status != BIASCOPE_OK) return status;
  search s = {.data = data, .norm = norm, .out = out, .margin = -INFINITY, .bound = INFINITY};
  out->direction = BS_NEW(double, d);
  out->dual = BS_NEW(double, n);
  s.class[0] = BS_NEW(scored, n);
  s.class[1] = BS_NEW(scored, n);
  s.best = BS_NEW(double, d);
  s.u = BS_NEW(long double, 2 * d);
  s.magnitude = s.u ? s.u + d : NULL;
  if (out->direction && out->dual && s.class[0] && s.class[1] && s.best && s.u)
    status = start(&s, error);
  else
    status = bs_fail_memory(error, "the max-margin solution");
  if (status == BIASCOPE_OK) status = run_rounds(&s, options, error);
  free(s.class[0]);
  free(s.class[1]);
  free(s.pair);
  free(s.best);
  free(s.u);
  if (status != BIASCOPE_OK && status != BIASCOPE_NOT_SEPARABLE && status != BIASCOPE_NOT_CONVERGED)
    biascope_margin_free(out);
  return status;
}
