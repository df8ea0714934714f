/* Shampoo's steps L^-1/4 M R^-1/4, or L^-1/2 M, with L and R the moving averages of G G' and G' G. In the eigenvectors
 * Q of a factor with eigenvalues s, the differential of its power is Q (C o Q'dL Q) Q', where C_ij is the divided
 * difference of s^-p (Daleckii and Krein; Higham, Functions of Matrices, theorem 3.11). */
#include "limit/epoch_block.h"

#include "base/memory.h"
#include "base/padded.h"
#include "base/rotate.h"
#include "base/vector.h"
#include "margin/rows.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A side's factor at every kept step. */
typedef struct {
  size_t order;
  double power;           /* of the eigenvalues, negative */
  double *average;        /* kept steps x order x order; after the eigenvectors are known, its change */
  double *vectors;        /* the same: eigenvectors as rows */
  double *value;          /* kept steps x order: eigenvalues */
  double *powered;        /* kept steps x order: their powers */
  double *a, *q, *root;   /* padded, of one step */
  double *outer;          /* order: G x, or G'a */
  double *along, *turned; /* order: the row and `outer` in the eigenvectors */
} side;

struct bs_preconditioned_work {
  size_t rows, columns;
  bool both; /* else L alone */
  side left, right;
  double *momentum;    /* kept steps x rows x columns: between the eigenvectors of both sides */
  double *mixed, *row; /* rows x columns, scratch */
  double *slope;       /* kept steps x rows x columns: by the factors; or the change of the gradients */
  double *state;       /* of averages of factors: the square of the larger order */
};

static void free_side(side *s) {
  double *const owned[] = {s->average, s->vectors, s->value, s->powered, s->a,
                           s->q,       s->root,    s->outer, s->along,   s->turned};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
}

void bs_preconditioned_free(bs_preconditioned_work *work) {
  if (!work) return;
  free_side(&work->left);
  free_side(&work->right);
  free(work->momentum);
  free(work->mixed);
  free(work->row);
  free(work->slope);
  free(work->state);
  free(work);
}

static bool create_side(side *s, size_t order, double power, size_t steps) {
  size_t square, all;
  *s = (side){.order = order, .power = power};
  if (__builtin_mul_overflow(order, order, &square) || __builtin_mul_overflow(square, steps, &all)) return false;
  s->average = BS_NEW(double, all);
  s->vectors = BS_NEW(double, all);
  s->value = BS_NEW(double, steps *order);
  s->powered = BS_NEW(double, steps *order);
  s->a = BS_NEW(double, order *bs_padded(order));
  s->q = BS_NEW(double, order *bs_padded(order));
  s->root = BS_NEW(double, bs_padded(order));
  s->outer = BS_NEW(double, order);
  s->along = BS_NEW(double, order);
  s->turned = BS_NEW(double, order);
  return s->average && s->vectors && s->value && s->powered && s->a && s->q && s->root && s->outer && s->along &&
         s->turned;
}

bs_preconditioned_work *bs_preconditioned_create(const bs_epoch_map *map, bs_direction direction, size_t steps) {
  bs_preconditioned_work *w = BS_NEW(bs_preconditioned_work, 1);
  if (!w) return NULL;
  w->rows = map->outputs;
  w->columns = map->features / map->outputs;
  w->both = direction == BS_PRECONDITIONED;
  const size_t most = w->both && w->columns > w->rows ? w->columns : w->rows;
  bool allocated = create_side(&w->left, w->rows, w->both ? -0.25 : -0.5, steps);
  allocated = allocated && (!w->both || create_side(&w->right, w->columns, -0.25, steps));
  w->momentum = BS_NEW(double, steps * map->features);
  w->slope = BS_NEW(double, steps * map->features);
  w->mixed = BS_NEW(double, map->features);
  w->row = BS_NEW(double, map->features);
  w->state = BS_NEW(double, most *most);
  if (allocated && w->momentum && w->slope && w->mixed && w->row && w->state) return w;
  bs_preconditioned_free(w);
  return NULL;
}

/* ---- The steps ------------------------------------------------------------------------------------- */

/* G G' of every kept step, averaged by beta2. */
static void average_left(bs_epoch_map *map, const bs_epoch_rule *rule, const bs_preconditioned_work *w) {
  const size_t k = w->rows, d = w->columns;
  for (size_t t = 0; t < map->kept.period.steps; t++) {
    const double *g = map->gradient + t * map->features;
    double *average = w->left.average + t * k * k;
    for (size_t i = 0; i < k; i++)
      for (size_t j = 0; j < k; j++) average[i * k + j] = bs_dot(d, g + i * d, g + j * d);
  }
  bs_periodic_average(&map->kept.period, k * k, rule->beta2, w->left.average, w->left.average, w->state);
}

/* The same of G'G. */
static void average_right(bs_epoch_map *map, const bs_epoch_rule *rule, const bs_preconditioned_work *w) {
  const size_t k = w->rows, d = w->columns;
  memset(w->right.average, 0, map->kept.period.steps * d * d * sizeof *w->right.average);
  for (size_t t = 0; t < map->kept.period.steps; t++) {
    const double *g = map->gradient + t * map->features;
    double *average = w->right.average + t * d * d;
    for (size_t i = 0; i < k; i++)
      for (size_t j = 0; j < d; j++) bs_axpy(d, g[i * d + j], g + i * d, average + j * d);
  }
  bs_periodic_average(&map->kept.period, d * d, rule->beta2, w->right.average, w->right.average, w->state);
}

/* Eigenvectors and eigenvalues of one step's factor: of a symmetric matrix that is positive semidefinite they are its
 * singular ones. */
static void decompose(side *s, size_t t) {
  const size_t n = s->order, padded = bs_padded(n);
  const double *average = s->average + t * n * n;
  double *vectors = s->vectors + t * n * n, *value = s->value + t * n, largest = 0.0;
  int exponent; /* of a unit that keeps squares in range */
  frexp(bs_max_abs(n * n, average), &exponent);
  memset(s->a, 0, n * padded * sizeof *s->a);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) s->a[i * padded + j] = ldexp(average[i * n + j], -exponent);
  bs_rotate_rows(n, padded, s->a, s->q, s->root);
  for (size_t i = 0; i < n; i++) largest = fmax(largest, s->root[i]);
  for (size_t i = 0; i < n; i++) {
    memcpy(vectors + i * n, s->q + i * padded, n * sizeof *vectors);
    value[i] = ldexp(fmax(s->root[i], BS_LEAST_EIGENVALUE * largest), exponent);
    s->powered[t * n + i] = pow(value[i], s->power);
  }
}

/* out (rows x columns) = Q_L in Q_R', the matrix between the eigenvectors; or, turned back, Q_L' in Q_R. */
static void turn(const bs_preconditioned_work *w, size_t t, bool back, const double *in, double *out) {
  const size_t k = w->rows, d = w->columns;
  const double *left = w->left.vectors + t * k * k, *right = w->both ? w->right.vectors + t * d * d : NULL;
  memset(w->mixed, 0, k * d * sizeof *w->mixed);
  for (size_t i = 0; i < k; i++)
    for (size_t j = 0; j < k; j++) bs_axpy(d, back ? left[j * k + i] : left[i * k + j], in + j * d, w->mixed + i * d);
  if (!right) {
    memcpy(out, w->mixed, k * d * sizeof *out);
    return;
  }
  memset(out, 0, k * d * sizeof *out);
  for (size_t i = 0; i < k; i++)
    for (size_t j = 0; j < d; j++) {
      if (back)
        bs_axpy(d, w->mixed[i * d + j], right + j * d, out + i * d);
      else
        out[i * d + j] = bs_dot(d, w->mixed + i * d, right + j * d);
    }
}

/* Adds the step to direction, `repeats` times, and keeps its momentum between the eigenvectors. */
static void add_step(bs_epoch_map *map, const bs_preconditioned_work *w, size_t t, double *direction) {
  const size_t k = w->rows, d = w->columns;
  double *momentum = w->momentum + t * k * d;
  turn(w, t, false, map->momentum + t * map->features, momentum);
  for (size_t i = 0; i < k; i++) {
    const double left = w->left.powered[t * k + i];
    for (size_t j = 0; j < d; j++)
      w->row[i * d + j] = left * momentum[i * d + j] * (w->both ? w->right.powered[t * d + j] : 1.0);
  }
  double *step = map->second + t * map->features;
  turn(w, t, true, w->row, step);
  bs_axpy(k * d, map->kept.repeats[t], step, direction);
}

/* ---- Their derivatives ----------------------------------------------------------------------------- */

/* The divided difference of s^power between the eigenvalues i and j. */
static double divided(const side *s, size_t t, size_t i, size_t j) {
  const double *value = s->value + t * s->order, *powered = s->powered + t * s->order, a = value[i], b = value[j];
  if (fabs(a - b) <= 1e-9 * fmax(a, b)) return s->power * 0.5 * (powered[i] + powered[j]) / (0.5 * (a + b));
  return (powered[i] - powered[j]) / (a - b);
}

/* `along` and `turned`: the side's part of the row, and `outer`, in the eigenvectors of the step. */
static void resolve(side *s, size_t t, const double *part) {
  const double *vectors = s->vectors + t * s->order * s->order;
  for (size_t i = 0; i < s->order; i++) {
    s->along[i] = bs_dot(s->order, vectors + i * s->order, part);
    s->turned[i] = bs_dot(s->order, vectors + i * s->order, s->outer);
  }
}

/* The change of the step through the factors, between the eigenvectors: that of a power is C o (u v' + v u'). */
static void change_by_factors(const bs_preconditioned_work *w, size_t t, double *out) {
  const size_t k = w->rows, d = w->columns;
  const side *l = &w->left, *r = &w->right;
  const double *m = w->momentum + t * k * d;
  memset(out, 0, k * d * sizeof *out);
  for (size_t i = 0; i < k; i++)
    for (size_t j = 0; j < k; j++) {
      const double by = divided(l, t, i, j) * (l->along[i] * l->turned[j] + l->turned[i] * l->along[j]);
      for (size_t c = 0; c < d; c++) out[i * d + c] += by * m[j * d + c] * (w->both ? r->powered[t * d + c] : 1.0);
    }
  if (!w->both) return;
  for (size_t a = 0; a < d; a++)
    for (size_t c = 0; c < d; c++) {
      const double by = divided(r, t, a, c) * (r->along[a] * r->turned[c] + r->turned[a] * r->along[c]);
      for (size_t i = 0; i < k; i++) out[i * d + c] += by * l->powered[t * k + i] * m[i * d + a];
    }
}

/* The step along the row itself in the place of the momentum. */
static void change_by_momentum(const bs_preconditioned_work *w, size_t t, const double *columns_part, double *out) {
  const size_t k = w->rows, d = w->columns;
  for (size_t i = 0; i < k; i++)
    for (size_t j = 0; j < d; j++)
      out[i * d + j] = w->left.powered[t * k + i] * w->left.along[i] *
                       (w->both ? w->right.powered[t * d + j] * w->right.along[j] : columns_part[j]);
}

/* A row of the margins as an outer product. */
typedef struct {
  const double *features; /* columns */
  double *classes;        /* rows */
} outer_product;

static void split_row(const bs_epoch_map *map, const bs_preconditioned_work *w, size_t l, outer_product *out) {
  memset(out->classes, 0, w->rows * sizeof *out->classes);
  out->features = map->rows + l * map->features;
  out->classes[0] = 1.0;
  if (w->rows == 1) return;
  const bs_pair pair = bs_pair_of(l, map->outputs, map->class_of);
  out->features += pair.own * w->columns;
  out->classes[0] = 0.0;
  out->classes[pair.own] = 1.0;
  out->classes[pair.other] = -1.0;
}

/* For one entry of the schedule, in the batch of kept step `seen`: its part of the derivative, added to `row`. */
static void add_entry(bs_epoch_map *map, const bs_epoch_rule *rule, size_t seen, double scale,
                      const outer_product *part, double *row) {
  bs_preconditioned_work *w = map->preconditioned;
  const size_t k = w->rows, d = w->columns, size = map->features;
  const bs_period *period = &map->kept.period;
  const double *g = map->gradient + seen * size;
  for (size_t i = 0; i < k; i++) w->left.outer[i] = bs_dot(d, g + i * d, part->features);
  if (w->both) memset(w->right.outer, 0, d * sizeof *w->right.outer);
  for (size_t i = 0; w->both && i < k; i++) bs_axpy(d, part->classes[i], g + i * d, w->right.outer);
  for (size_t t = 0; t < period->steps; t++) {
    resolve(&w->left, t, part->classes);
    if (w->both) resolve(&w->right, t, part->features);
    change_by_momentum(w, t, part->features, w->row);
    turn(w, t, true, w->row, map->second + t * size);
    change_by_factors(w, t, w->row);
    turn(w, t, true, w->row, w->slope + t * size);
    bs_scale(size, map->kept.repeats[t], map->second + t * size);
    bs_scale(size, map->kept.repeats[t], w->slope + t * size);
  }
  bs_periodic_momentum_transposed(period, size, rule, map->second, map->second, map->state);
  bs_periodic_average_transposed(period, size, rule->beta2, w->slope, w->slope, map->state);
  bs_axpy(size, scale, map->second + seen * size, row);
  bs_axpy(size, scale, w->slope + seen * size, row);
}

/* d(G G') or d(G'G), at the steps of a sample's entries; `by` (steps x rows x columns) is the change of G. */
static void change_averages(bs_epoch_map *map, const bs_epoch_rule *rule, const double *by) {
  bs_preconditioned_work *w = map->preconditioned;
  const size_t k = w->rows, d = w->columns, steps = map->kept.period.steps;
  memset(w->left.average, 0, steps * k * k * sizeof *w->left.average);
  if (w->both) memset(w->right.average, 0, steps * d * d * sizeof *w->right.average);
  for (size_t t = 0; t < steps; t++) {
    const double *g = map->gradient + t * k * d, *h = by + t * k * d;
    if (bs_max_abs(k * d, h) == 0.0) continue;
    for (size_t i = 0; i < k; i++)
      for (size_t j = 0; j < k; j++)
        w->left.average[(t * k + i) * k + j] = bs_dot(d, g + i * d, h + j * d) + bs_dot(d, h + i * d, g + j * d);
    for (size_t i = 0; w->both && i < k; i++)
      for (size_t j = 0; j < d; j++) {
        bs_axpy(d, h[i * d + j], g + i * d, w->right.average + (t * d + j) * d);
        bs_axpy(d, g[i * d + j], h + i * d, w->right.average + (t * d + j) * d);
      }
  }
  bs_periodic_average(&map->kept.period, k * k, rule->beta2, w->left.average, w->left.average, w->state);
  if (w->both) bs_periodic_average(&map->kept.period, d * d, rule->beta2, w->right.average, w->right.average, w->state);
}

/* The change of the factor's power between the eigenvectors, in `a` (order x order): C o Q dF Q'. */
static void change_power(side *s, size_t t) {
  const size_t n = s->order;
  const double *vectors = s->vectors + t * n * n, *change = s->average + t * n * n;
  for (size_t i = 0; i < n; i++) {
    memset(s->along, 0, n * sizeof *s->along);
    for (size_t j = 0; j < n; j++) bs_axpy(n, vectors[i * n + j], change + j * n, s->along);
    for (size_t j = 0; j < n; j++) s->a[i * n + j] = divided(s, t, i, j) * bs_dot(n, s->along, vectors + j * n);
  }
}

/* All entries of a sample together; `by`: the change of the gradients. */
static void add_sample(bs_epoch_map *map, const bs_epoch_rule *rule, const double *by, double *row) {
  bs_preconditioned_work *w = map->preconditioned;
  const size_t k = w->rows, d = w->columns, size = map->features;
  change_averages(map, rule, by);
  bs_periodic_momentum(&map->kept.period, size, rule, by, map->second, map->state);
  for (size_t t = 0; t < map->kept.period.steps; t++) {
    const double *m = w->momentum + t * size, *left = w->left.powered + t * k;
    const double *right = w->both ? w->right.powered + t * d : NULL;
    turn(w, t, false, map->second + t * size, w->row);
    for (size_t i = 0; i < k; i++)
      for (size_t c = 0; c < d; c++) w->row[i * d + c] *= left[i] * (right ? right[c] : 1.0);
    change_power(&w->left, t);
    for (size_t i = 0; i < k; i++)
      for (size_t j = 0; j < k; j++)
        for (size_t c = 0; c < d; c++)
          w->row[i * d + c] += w->left.a[i * k + j] * m[j * d + c] * (right ? right[c] : 1.0);
    if (w->both) change_power(&w->right, t);
    for (size_t i = 0; w->both && i < k; i++)
      for (size_t c = 0; c < d; c++) w->row[i * d + c] += left[i] * bs_dot(d, m + i * d, w->right.a + c * d);
    turn(w, t, true, w->row, map->state);
    bs_axpy(size, map->kept.repeats[t], map->state, row);
  }
}

/* The change of every step's gradient with the weight of sample l, in `slope`. */
static void change_gradients(const bs_epoch_map *map, size_t l) {
  const size_t size = map->features;
  const bs_kept_steps *kept = &map->kept;
  const bs_entries *of_sample = &map->of_sample;
  double *by = map->preconditioned->slope;
  memset(by, 0, kept->period.steps * size * sizeof *by);
  for (uint32_t n = of_sample->head[l]; n != BS_NO_ENTRY; n = of_sample->next[n]) {
    const size_t t = of_sample->step[n];
    bs_axpy(size, kept->share[t] * kept->entry[n], map->rows + l * size, by + t * size);
  }
}

/* ---- What they cost -------------------------------------------------------------------------------- */

/* Multiplications, of one entry or one sample at one step. */
static double cost_of_entry(double k, double d) {
  return 2.0 * (k * k + d * d) + 3.0 * k * d * (k + d) + 8.0 * k * d;
}
static double cost_of_sample(double k, double d) {
  return 3.0 * (k * k * k + d * d * d) + 3.0 * k * d * (k + d) + 8.0 * k * d;
}

static bool by_samples(double samples, double entries, double k, double d) {
  return samples * cost_of_sample(k, d) < entries * cost_of_entry(k, d);
}

double bs_epoch_preconditioned_cost(const bs_epoch_map *map, double steps, double entries, bool with_sensitivity) {
  static const double SWEEPS = 30.0; /* of an eigendecomposition, in cubes of the order */
  const double k = (double)map->outputs, d = (double)map->features / k, n = (double)map->samples;
  const double forward = steps * (SWEEPS * (k * k * k + d * d * d) + 2.0 * k * d * (k + d));
  if (!with_sensitivity) return forward;
  return forward + steps * (by_samples(n, entries, k, d) ? n * cost_of_sample(k, d) : entries * cost_of_entry(k, d));
}

/* ---- The map --------------------------------------------------------------------------------------- */

static void add_entries(bs_epoch_map *map, const bs_epoch_rule *rule, double *sensitivity) {
  const bs_kept_steps *kept = &map->kept;
  outer_product part = {.classes = map->preconditioned->left.root};
  for (size_t t = 0; t < kept->period.steps; t++) {
    for (size_t n = kept->start[t]; n < kept->start[t + 1]; n++) {
      const double weight = kept->share[t] * kept->entry[n];
      split_row(map, map->preconditioned, kept->sample[n], &part);
      if (weight > 0.0) add_entry(map, rule, t, weight, &part, sensitivity + kept->sample[n] * map->features);
    }
  }
}

void bs_epoch_preconditioned(bs_epoch_map *map, const bs_epoch_rule *rule, double *direction, double *sensitivity) {
  bs_preconditioned_work *w = map->preconditioned;
  const bs_kept_steps *kept = &map->kept;
  const size_t size = map->features, steps = kept->period.steps;
  bs_epoch_fill_gradients(map, 0, size);
  bs_periodic_momentum(&kept->period, size, rule, map->gradient, map->momentum, map->state);
  average_left(map, rule, w);
  if (w->both) average_right(map, rule, w);
  for (size_t t = 0; t < steps; t++) {
    decompose(&w->left, t);
    if (w->both) decompose(&w->right, t);
    add_step(map, w, t, direction);
  }
  if (!sensitivity) return;
  if (!by_samples((double)map->samples, (double)kept->start[steps], (double)w->rows, (double)w->columns)) {
    add_entries(map, rule, sensitivity);
    return;
  }
  bs_epoch_list_entries(map);
  for (size_t l = 0; l < map->samples; l++) {
    if (map->of_sample.head[l] == BS_NO_ENTRY) continue;
    change_gradients(map, l);
    add_sample(map, rule, w->slope, sensitivity + l * size);
  }
}
