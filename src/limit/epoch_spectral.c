/* Steps U f(S) V' made of the singular values and vectors of the momentum M = U S V': muon's U V', and ngd's M / ||M||,
 * the same for a matrix of one row.
 *
 * For dM, with E = U'dM V and complements beyond the singular vectors that are kept,
 *   d(U f V') = U K V' + U (f/S) U'dM (I - VV') + (I - UU') dM V (f/S) V',
 *   K_ij = [(f_i - f_j)/(s_i - s_j) (E_ij + E_ji) + (f_i + f_j)/(s_i + s_j) (E_ij - E_ji)] / 2
 * (differential of the singular value decomposition; Higham, Functions of Matrices, chapters 3 and 8). */
#include "limit/epoch_block.h"

#include "base/memory.h"
#include "base/padded.h"
#include "base/rotate.h"
#include "base/vector.h"
#include "margin/rows.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct bs_spectral_work {
  size_t rows, columns;               /* of a step's matrix, the shorter side as rows */
  bool transposed;                    /* the longer side is the classes' */
  double *turn;                       /* kept steps x rows x rows: U', row-major */
  double *singular;                   /* kept steps x rows: 0 where not kept */
  double *rotated, *turned, *lengths; /* padded, of one step */
  double *left, *right;               /* a sample's row as an outer product: rows, columns */
  double *along, *across;             /* U' left and V' right: rows each */
  double *rest, *line, *inner;        /* columns, columns; rows */
  double *change, *share;             /* rows x rows: K, and U K; rows: f / S */
};

void bs_spectral_free(bs_spectral_work *work) {
  if (!work) return;
  double *const owned[] = {work->turn, work->singular, work->rotated, work->turned, work->lengths,
                           work->left, work->right,    work->along,   work->across, work->rest,
                           work->line, work->inner,    work->change,  work->share};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
  free(work);
}

static bool allocate(bs_spectral_work *w, size_t steps) {
  const size_t square = w->rows * w->rows;
  w->turn = BS_NEW(double, steps *square);
  w->singular = BS_NEW(double, steps * w->rows);
  w->rotated = BS_NEW(double, w->rows *bs_padded(w->columns));
  w->turned = BS_NEW(double, w->rows *bs_padded(w->rows));
  w->lengths = BS_NEW(double, bs_padded(w->rows));
  w->left = BS_NEW(double, w->rows);
  w->right = BS_NEW(double, w->columns);
  w->along = BS_NEW(double, w->rows);
  w->across = BS_NEW(double, w->rows);
  w->rest = BS_NEW(double, w->columns);
  w->line = BS_NEW(double, w->columns);
  w->inner = BS_NEW(double, w->rows);
  w->change = BS_NEW(double, 2 * square);
  w->share = BS_NEW(double, w->rows);
  return w->turn && w->singular && w->rotated && w->turned && w->lengths && w->left && w->right && w->along &&
         w->across && w->rest && w->line && w->inner && w->change && w->share;
}

bs_spectral_work *bs_spectral_create(const bs_epoch_map *map, bs_direction direction, size_t steps) {
  bs_spectral_work *w = BS_NEW(bs_spectral_work, 1);
  if (!w) return NULL;
  const size_t rows = direction == BS_NORMALISED ? 1 : map->outputs, columns = map->features / rows;
  w->transposed = rows > columns;
  w->rows = w->transposed ? columns : rows;
  w->columns = w->transposed ? rows : columns;
  if (allocate(w, steps)) return w;
  bs_spectral_free(w);
  return NULL;
}

/* ---- The steps ------------------------------------------------------------------------------------- */

/* Entry (i, j) of the shorter-sided matrix in the map's order. */
static size_t place(const bs_spectral_work *w, size_t i, size_t j) {
  return w->transposed ? j * w->rows + i : i * w->columns + j;
}

/* The momentum becomes V', rows x columns; U' and S go to the step's part of turn and singular. */
static void factor(bs_spectral_work *w, size_t t, double *momentum) {
  const size_t padded = bs_padded(w->columns), square = bs_padded(w->rows);
  double *turn = w->turn + t * w->rows * w->rows, *singular = w->singular + t * w->rows, largest = 0.0;
  int exponent; /* of a unit that keeps squares in range */
  frexp(bs_max_abs(w->rows * w->columns, momentum), &exponent);
  memset(w->rotated, 0, w->rows * padded * sizeof *w->rotated);
  for (size_t i = 0; i < w->rows; i++)
    for (size_t j = 0; j < w->columns; j++) w->rotated[i * padded + j] = ldexp(momentum[place(w, i, j)], -exponent);
  bs_rotate_rows(w->rows, padded, w->rotated, w->turned, w->lengths);
  for (size_t i = 0; i < w->rows; i++) largest = fmax(largest, w->lengths[i]);
  for (size_t i = 0; i < w->rows; i++) {
    const bool kept = w->lengths[i] > BS_RANK_CUT * largest;
    singular[i] = kept ? ldexp(w->lengths[i], exponent) : 0.0;
    memcpy(turn + i * w->rows, w->turned + i * square, w->rows * sizeof *turn);
    for (size_t j = 0; j < w->columns; j++)
      momentum[i * w->columns + j] = kept ? w->rotated[i * padded + j] / w->lengths[i] : 0.0;
  }
}

/* f_i / (a factor of all): whether the step follows the singular direction i. */
static double followed(const double *singular, size_t i) {
  return singular[i] > 0.0 ? 1.0 : 0.0;
}

/* What multiplies the step: 1, or the sum of the singular values. */
static double size_of(const bs_spectral_work *w, const bs_epoch_rule *rule, const double *singular) {
  double sum = 0.0;
  for (size_t i = 0; i < w->rows; i++) sum += singular[i];
  return rule->direction == BS_SPECTRAL_SIZED ? sum : 1.0;
}

static void add_step(const bs_spectral_work *w, size_t t, double scale, const double *units, double *direction) {
  const double *turn = w->turn + t * w->rows * w->rows, *singular = w->singular + t * w->rows;
  for (size_t i = 0; i < w->rows; i++) {
    for (size_t a = 0; a < w->rows; a++) {
      const double by = scale * followed(singular, i) * turn[i * w->rows + a];
      for (size_t j = 0; by != 0.0 && j < w->columns; j++) direction[place(w, a, j)] += by * units[i * w->columns + j];
    }
  }
}

/* ---- Their derivatives ----------------------------------------------------------------------------- */

/* The matrix of a sample's row as an outer product, left of the shorter side. */
static void split_row(const bs_epoch_map *map, bs_spectral_work *w, size_t l) {
  const double *row = map->rows + l * map->features;
  double *classes = w->transposed ? w->right : w->left, *features = w->transposed ? w->left : w->right;
  if (w->rows == 1) {
    w->left[0] = 1.0;
    memcpy(w->right, row, w->columns * sizeof *w->right);
    return;
  }
  const bs_pair pair = bs_pair_of(l, map->outputs, map->class_of);
  const size_t d = map->features / map->outputs;
  memset(classes, 0, map->outputs * sizeof *classes);
  classes[pair.own] = 1.0;
  classes[pair.other] = -1.0;
  memcpy(features, row + pair.own * d, d * sizeof *features);
}

/* along = U' left and across = V' right; left and rest become what is beyond the vectors kept. */
static void resolve(bs_spectral_work *w, const double *turn, const double *singular, const double *units) {
  memcpy(w->rest, w->right, w->columns * sizeof *w->rest);
  memcpy(w->inner, w->left, w->rows * sizeof *w->inner);
  for (size_t i = 0; i < w->rows; i++) {
    w->along[i] = w->across[i] = 0.0;
    if (singular[i] == 0.0) continue;
    w->along[i] = bs_dot(w->rows, turn + i * w->rows, w->left);
    w->across[i] = bs_dot(w->columns, units + i * w->columns, w->right);
    bs_axpy(w->rows, -w->along[i], turn + i * w->rows, w->inner);
    bs_axpy(w->columns, -w->across[i], units + i * w->columns, w->rest);
  }
}

/* K of the outer product, for f = 1 on the vectors kept. */
static void fill_change(bs_spectral_work *w, const double *singular) {
  for (size_t i = 0; i < w->rows; i++) {
    w->share[i] = singular[i] > 0.0 ? 1.0 / singular[i] : 0.0;
    for (size_t j = 0; j < w->rows; j++) {
      const bool both = singular[i] > 0.0 && singular[j] > 0.0;
      w->change[i * w->rows + j] =
          both ? (w->along[i] * w->across[j] - w->along[j] * w->across[i]) / (singular[i] + singular[j]) : 0.0;
    }
  }
}

/* slope += scale d(U f V') along the row that `split_row` holds. */
static void add_slope(bs_spectral_work *w, const bs_epoch_rule *rule, size_t t, double scale, const double *units,
                      double *slope) {
  const size_t n = w->rows;
  const double *turn = w->turn + t * n * n, *singular = w->singular + t * n;
  const double by = scale * size_of(w, rule, singular);
  double *mixed = w->change + n * n, grown = 0.0;
  resolve(w, turn, singular, units);
  fill_change(w, singular);
  for (size_t i = 0; i < n && rule->direction == BS_SPECTRAL_SIZED; i++) grown += w->along[i] * w->across[i];
  memset(mixed, 0, n * n * sizeof *mixed);
  for (size_t j = 0; j < n; j++) {
    for (size_t i = 0; i < n; i++) bs_axpy(n, by * w->change[i * n + j], turn + i * n, mixed + j * n);
    bs_axpy(n, by * w->across[j] * w->share[j], w->inner, mixed + j * n);
    bs_axpy(n, scale * grown * followed(singular, j), turn + j * n, mixed + j * n);
  }
  memset(w->inner, 0, n * sizeof *w->inner);
  for (size_t i = 0; i < n; i++) bs_axpy(n, by * w->along[i] * w->share[i], turn + i * n, w->inner);
  for (size_t a = 0; a < n; a++) {
    for (size_t j = 0; j < w->columns; j++) w->line[j] = w->inner[a] * w->rest[j];
    for (size_t i = 0; i < n; i++) bs_axpy(w->columns, mixed[i * n + a], units + i * w->columns, w->line);
    for (size_t j = 0; j < w->columns; j++) slope[place(w, a, j)] += w->line[j];
  }
}

/* For c_l x_l in batch j of the schedule, summed over the steps t that remember it: the transposed average, at j, of
 * the steps' derivatives along x_l. */
static void add_sample(bs_epoch_map *map, const bs_epoch_rule *rule, size_t l, double *row) {
  const size_t d = map->features;
  const bs_kept_steps *kept = &map->kept;
  bs_spectral_work *w = map->spectral;
  const bool memoryless = bs_epoch_memoryless(rule);
  memset(map->second, 0, kept->period.steps * d * sizeof *map->second);
  split_row(map, w, l);
  for (uint32_t n = map->of_sample.head[l]; memoryless && n != BS_NO_ENTRY; n = map->of_sample.next[n]) {
    const size_t t = map->of_sample.step[n];
    add_slope(w, rule, t, kept->share[t] * kept->entry[n] * kept->repeats[t], map->momentum + t * d, row);
  }
  if (memoryless) return;
  for (size_t t = 0; t < kept->period.steps; t++)
    add_slope(w, rule, t, kept->repeats[t], map->momentum + t * d, map->second + t * d);
  bs_periodic_momentum_transposed(&kept->period, d, rule, map->second, map->second, map->state);
  for (uint32_t n = map->of_sample.head[l]; n != BS_NO_ENTRY; n = map->of_sample.next[n]) {
    const size_t t = map->of_sample.step[n];
    bs_axpy(d, kept->share[t] * kept->entry[n], map->second + t * d, row);
  }
}

void bs_epoch_spectral(bs_epoch_map *map, const bs_epoch_rule *rule, double *direction, double *sensitivity) {
  const size_t d = map->features;
  const bs_kept_steps *kept = &map->kept;
  bs_spectral_work *w = map->spectral;
  bs_epoch_fill_gradients(map, 0, d);
  bs_periodic_momentum(&kept->period, d, rule, map->gradient, map->momentum, map->state);
  for (size_t t = 0; t < kept->period.steps; t++) {
    factor(w, t, map->momentum + t * d);
    add_step(w, t, kept->repeats[t] * size_of(w, rule, w->singular + t * w->rows), map->momentum + t * d, direction);
  }
  if (!sensitivity) return;
  bs_epoch_list_entries(map);
  for (size_t l = 0; l < map->samples; l++)
    if (map->of_sample.head[l] != BS_NO_ENTRY) add_sample(map, rule, l, sensitivity + l * d);
}
