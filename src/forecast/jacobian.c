#include "forecast/jacobian.h"

#include "base/dense.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include "forecast/rows.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 22 };

/* The model's numbers of samples, batches, features d and weights D, or none; edge: d where the edge of stability is
 * followed, else 0. */
typedef struct {
  size_t samples, batches, features, weights, outputs, edge;
} sizes;

static sizes sizes_of(const bs_model *model) {
  return (sizes){.samples = model->samples,
                 .batches = model->batches,
                 .features = model->features,
                 .weights = model->weights,
                 .outputs = model->outputs,
                 .edge = model->edge.possible ? model->features : 0};
}

/* Of two classes there are fewer samples than features, or more. */
static size_t order_of(const sizes *n) {
  return n->outputs > 1 || n->weights < n->samples ? n->weights : n->samples;
}

static void list_parts(bs_jacobian *jacobian, sizes n, bs_array *out) {
  const size_t D = n.weights, order = order_of(&n), cells = n.samples * n.features, edge = n.edge * n.edge;
  const bool several = n.outputs > 1;
  const size_t folded = several ? 0 : cells, classes = several ? cells : 0, square = several ? D * D : 0;
  const bs_array parts[PARTS] = {{&jacobian->rows, cells},
                                 {&jacobian->weights_margin, folded},
                                 {&jacobian->second_margin, folded},
                                 {&jacobian->reduced, folded},
                                 {&jacobian->by_gradient, n.batches * D},
                                 {&jacobian->by_square, n.batches * D},
                                 {&jacobian->weights_second, D},
                                 {&jacobian->second_second, D},
                                 {&jacobian->matrix, order * order},
                                 {&jacobian->margin, n.samples},
                                 {&jacobian->scratch, 2 * D},
                                 {&jacobian->edge_weights, edge},
                                 {&jacobian->edge_second, edge},
                                 {&jacobian->whole, 4 * edge},
                                 {&jacobian->edge_product, edge},
                                 {&jacobian->by_weights, square},
                                 {&jacobian->second_by_weights, square},
                                 {&jacobian->left, 2 * classes},
                                 {&jacobian->part, 2 * classes},
                                 {&jacobian->right, classes},
                                 {&jacobian->block, several ? 2 * n.features * n.features : 0},
                                 {&jacobian->curvature, several ? n.samples * n.outputs * n.outputs : 0}};
  memcpy(out, parts, sizeof parts);
}

biascope_status bs_jacobian_create(const bs_model *model, bs_jacobian *out, biascope_error *error) {
  const sizes n = sizes_of(model);
  *out = (bs_jacobian){.features = model->weights, .has_second = model->has_second, .several = model->outputs > 1};
  bs_array parts[PARTS];
  list_parts(out, n, parts);
  const bool complete = bs_arrays_allocate(PARTS, parts);
  out->index = BS_NEW(size_t, n.samples);
  out->first = BS_NEW(size_t, n.batches + 1);
  out->pivot = BS_NEW(int, order_of(&n));
  out->whole_pivot = BS_NEW(int, 2 * n.edge);
  out->member = BS_NEW(size_t, n.samples);
  out->batch = BS_NEW(size_t, n.samples);
  if (complete && out->index && out->first && out->pivot && out->whole_pivot && out->member && out->batch)
    return BIASCOPE_OK;
  bs_jacobian_free(out);
  return bs_fail_memory(error, "the averaged equation's derivative");
}

void bs_jacobian_free(bs_jacobian *jacobian) {
  bs_array parts[PARTS];
  list_parts(jacobian, (sizes){0}, parts);
  bs_arrays_free(PARTS, parts);
  free(jacobian->index);
  free(jacobian->first);
  free(jacobian->pivot);
  free(jacobian->whole_pivot);
  free(jacobian->member);
  free(jacobian->batch);
  memset(jacobian, 0, sizeof *jacobian);
}

/* ---- What the mean update and the mean square change with ----------------------------------------- */

/* Whether sample i's part in the gradient exceeds the bound of some weight. */
static bool matters(const bs_model *model, size_t i, const double *bound) {
  const size_t d = model->features;
  for (size_t a = 0; a < model->outputs; a++)
    if (bs_rows_exceed(d, fabs(model->slope[a * model->samples + i]), model->rows + i * d, bound + a * d)) return true;
  return false;
}

/* The samples that matter, and their rows. Where updates are normalised, a feature that only faint samples have moves
 * as others do, so that what is faint is judged feature by feature. */
static void choose_samples(bs_jacobian *jacobian, const bs_model *model) {
  const size_t d = model->features, k = model->outputs, N = model->samples;
  double *largest = jacobian->scratch;
  jacobian->count = 0;
  for (size_t b = 0; b < model->batches; b++) {
    memset(largest, 0, k * d * sizeof *largest);
    for (size_t a = 0; a < k; a++)
      for (size_t i = model->start[b]; i < model->start[b + 1]; i++)
        bs_rows_largest(d, BS_LEAST_SHARE * fabs(model->slope[a * N + i]), model->rows + i * d, largest + a * d);
    jacobian->first[b] = jacobian->count;
    for (size_t i = model->start[b]; i < model->start[b + 1]; i++)
      if (matters(model, i, largest)) jacobian->index[jacobian->count++] = i;
  }
  jacobian->first[model->batches] = jacobian->count;
  jacobian->order = k > 1 || d <= jacobian->count ? k * d : jacobian->count;
  for (size_t a = 0; a < jacobian->count; a++)
    memcpy(jacobian->rows + a * d, model->rows + jacobian->index[a] * d, d * sizeof *jacobian->rows);
}

/* One feature of every batch: D = mean_j M_j / (s_j + eps), s_j = sqrt(level V_j / g2), by the gradients G_b. The
 * averages' weights are those of moving averages over a period, and so are their sums by b, taken backwards. */
typedef struct {
  double by_second; /* dD / du */
  double total;     /* sum_j W_j, W_j = M_j s_j / (s_j + eps)^2 */
  double before;    /* W_j / V_j by the second moment that the epoch starts with, over what the mean has it by */
  double *inverse, *over_square; /* batches: backward averages of 1 / (s_j + eps) and W_j / V_j */
  double *later;                 /* batches: the share of a square of batch b in the epoch's mean of V */
} column;

static void sum_backwards(size_t n, double beta, bool repeats, double *terms) {
  double state = 0.0;
  for (size_t j = n; repeats && j-- > 0;) state = beta * state + terms[j];
  /* the periodic state that enters the last batch is the one that leaves the first */
  if (repeats) state /= 1.0 - pow(beta, (double)n);
  for (size_t j = n; j-- > 0;) {
    state = beta * state + terms[j];
    terms[j] = (1.0 - beta) * state;
  }
}

static void prepare_column(const bs_model *model, size_t k, column *c) {
  const size_t n = model->batches, d = model->weights;
  c->total = 0.0;
  for (size_t j = 0; j < n; j++) {
    const double inverse = model->inverse[j * d + k]; /* 1 / (s + eps) */
    const double root = fmax(0.0, 1.0 / inverse - model->unit_eps);
    const double w = model->update[j * d + k] * root * inverse;
    c->inverse[j] = inverse;
    c->over_square[j] = model->second[j * d + k] > 0.0 ? w / model->second[j * d + k] : 0.0;
    c->total += model->has_second ? w : 0.0;
  }
  c->by_second = -c->total / (2.0 * (double)n);
  sum_backwards(n, model->beta1, true, c->inverse);
  if (model->random || model->is_sum) return;
  double power = 1.0, mean = 0.0, sum = 0.0;
  for (size_t j = 0; j < n; j++) {
    power *= model->beta_now;
    mean += power / (double)n;
    sum += power * c->over_square[j];
  }
  c->before = sum / mean;
  if (model->remembers) c->by_second = -c->before * model->mean_second[k] / (2.0 * (double)n);
  sum_backwards(n, model->beta_now, !model->remembers, c->over_square);
}

/* dD/dG_b. */
static double by_gradient(const bs_model *model, const column *c, size_t b, size_t k) {
  const double n = (double)model->batches, g = model->gradient[b * model->weights + k];
  if (!model->has_second || model->random || model->is_sum) return c->inverse[b] / n;
  const double by_mean =
      model->remembers ? c->later[b] * c->before : c->total / (n * fmax(model->mean_square[k], 1e-300));
  return (c->inverse[b] - g * (c->over_square[b] - by_mean)) / n;
}

/* Of feature k: what the rates change with by the gradient of each batch, or of all samples in a random order. */
static void keep_column(bs_jacobian *jacobian, const bs_model *model, double t, size_t k, const column *c) {
  const size_t d = model->weights;
  const double n = (double)model->batches;
  const double lift = model->has_second ? model->gain / model->level[k] : 0.0;
  for (size_t b = 0; b < model->batches; b++) {
    const double size = (double)(model->start[b + 1] - model->start[b]);
    jacobian->by_gradient[b * d + k] = -t * model->eta * by_gradient(model, c, b, k) / size;
    jacobian->by_square[b * d + k] = 2.0 * lift / (n * size);
  }
}

/* Every sample acts through its batch's gradient: dG_b / dz_i is slope fall x_i over the size. In a random order
 * g2 = (1 - noise) g^2 + noise mean_i (p_i x_i)^2. */
static void fill_sample(bs_jacobian *jacobian, const bs_model *model, size_t b, size_t a) {
  const size_t d = model->features, i = jacobian->index[a];
  const double fall = model->slope[i] * model->fall[i], own = model->random ? model->noise : 0.0;
  const double *row = jacobian->rows + a * d, *g = model->gradient + b * d;
  const double *by_gradient = jacobian->by_gradient + b * d, *by_square = jacobian->by_square + b * d;
  double *weights = jacobian->weights_margin + a * d, *second = jacobian->second_margin + a * d;
  for (size_t k = 0; k < d; k++) {
    const double x = row[k] * fall;
    weights[k] = by_gradient[k] * x;
    second[k] = by_square[k] * x * ((1.0 - own) * g[k] - own * model->slope[i] * row[k]);
  }
}

void bs_jacobian_fill(bs_jacobian *jacobian, bs_model *model, double t) {
  const size_t n = model->batches;
  column c = {.inverse = model->column, .over_square = model->column + n, .later = model->column + 2 * n};
  double power = 1.0; /* of what V remembers */
  choose_samples(jacobian, model);
  for (size_t b = n; b-- > 0;) c.later[b] = (1.0 - (power *= model->beta_now)) / (double)n;
  jacobian->shrink = t * model->eta * model->decay;
  jacobian->oscillates = model->edge.count > 0;
  for (size_t k = 0; k < model->weights; k++) {
    prepare_column(model, k, &c);
    jacobian->weights_second[k] = -t * model->eta * c.by_second;
    jacobian->second_second[k] = -model->gain * (model->ratio[k] - (jacobian->oscillates ? model->edge.extra[k] : 0.0));
    keep_column(jacobian, model, t, k, &c);
  }
  for (size_t b = 0; b < n && !jacobian->several; b++)
    for (size_t a = jacobian->first[b]; a < jacobian->first[b + 1]; a++) fill_sample(jacobian, model, b, a);
  if (jacobian->several) bs_jacobian_fill_classes(jacobian, model);
  if (!jacobian->oscillates) return;
  bs_edge_derivative(&model->edge, model, jacobian->edge_weights, jacobian->edge_second);
  bs_scale(model->features * model->features, model->gain, jacobian->edge_weights);
  bs_scale(model->features * model->features, model->gain, jacobian->edge_second);
}

/* ---- Linear systems ----------------------------------------------------------------------------- */

/* The matrix is row-major and the factors are those of columns: its transpose's. */
static void solve_matrix(const bs_jacobian *jacobian, double *x) {
  bs_dense_lu_solve(jacobian->order, jacobian->matrix, jacobian->pivot, true, x);
}

static void solve_apart(bs_jacobian *jacobian, double *w, double *u) {
  const size_t N = jacobian->count, d = jacobian->features;
  const double *rows = jacobian->rows;
  for (size_t k = 0; k < d && jacobian->has_second; k++)
    w[k] += jacobian->weights_second[k] * u[k] / (jacobian->a - jacobian->second_second[k]);
  if (jacobian->several) {
    solve_matrix(jacobian, w);
    if (jacobian->has_second) bs_jacobian_finish_classes(jacobian, w, u);
    return;
  }
  if (N < d) {
    bs_dense_apply(N, d, 1.0, rows, d, w, 0.0, jacobian->margin);
    solve_matrix(jacobian, jacobian->margin);
    bs_dense_combine(N, d, 1.0, jacobian->reduced, d, jacobian->margin, w);
    for (size_t k = 0; k < d; k++) w[k] /= jacobian->diagonal;
  } else {
    solve_matrix(jacobian, w);
    bs_dense_apply(N, d, 1.0, rows, d, w, 0.0, jacobian->margin);
  }
  if (!jacobian->has_second) return;
  bs_dense_combine(N, d, 1.0, jacobian->second_margin, d, jacobian->margin, u);
  for (size_t k = 0; k < d; k++) u[k] /= jacobian->a - jacobian->second_second[k];
}

/* a I - J, row-major, of w and u together. */
static bool factor_whole(bs_jacobian *jacobian) {
  const size_t N = jacobian->count, d = jacobian->features, order = 2 * d;
  double *whole = jacobian->whole, *product = jacobian->edge_product;
  memset(whole, 0, order * order * sizeof *whole);
  for (int block = 0; block < 2; block++) {
    const double *derivative = block == 0 ? jacobian->weights_margin : jacobian->second_margin;
    bs_dense_multiply_atb(d, d, N, -1.0, derivative, jacobian->rows, product);
    for (size_t r = 0; r < d; r++) memcpy(whole + ((size_t)block * d + r) * order, product + r * d, d * sizeof *whole);
  }
  for (size_t r = 0; r < d; r++) {
    double *weights = whole + r * order, *second = whole + (d + r) * order;
    weights[r] += jacobian->diagonal;
    weights[d + r] = -jacobian->weights_second[r];
    bs_axpy(d, -1.0, jacobian->edge_weights + r * d, second);
    bs_axpy(d, -1.0, jacobian->edge_second + r * d, second + d);
    second[d + r] += jacobian->a - jacobian->second_second[r];
  }
  return bs_dense_lu(order, whole, jacobian->whole_pivot, NULL) == BS_DENSE_OK;
}

static void solve_whole(bs_jacobian *jacobian, double *w, double *u) {
  const size_t d = jacobian->features;
  memcpy(jacobian->scratch, w, d * sizeof *w);
  memcpy(jacobian->scratch + d, u, d * sizeof *u);
  bs_dense_lu_solve(2 * d, jacobian->whole, jacobian->whole_pivot, true, jacobian->scratch);
  memcpy(w, jacobian->scratch, d * sizeof *w);
  memcpy(u, jacobian->scratch + d, d * sizeof *u);
}

/* u eliminated: (diagonal I - S' X) w = ..., S the reduced derivatives. */
bool bs_jacobian_factor(bs_jacobian *jacobian, double a) {
  const size_t N = jacobian->count, d = jacobian->features;
  const double *rows = jacobian->rows;
  jacobian->a = a;
  jacobian->diagonal = a + jacobian->shrink;
  if (jacobian->oscillates) return factor_whole(jacobian);
  if (jacobian->several) {
    bs_jacobian_arrange_classes(jacobian);
    return bs_dense_lu(jacobian->order, jacobian->matrix, jacobian->pivot, NULL) == BS_DENSE_OK;
  }
  memcpy(jacobian->reduced, jacobian->weights_margin, N * d * sizeof *jacobian->reduced);
  if (jacobian->has_second) {
    for (size_t k = 0; k < d; k++)
      jacobian->scratch[k] = jacobian->weights_second[k] / (a - jacobian->second_second[k]);
    for (size_t i = 0; i < N; i++)
      for (size_t k = 0; k < d; k++)
        jacobian->reduced[i * d + k] += jacobian->scratch[k] * jacobian->second_margin[i * d + k];
  }
  if (N < d)
    bs_dense_multiply_abt(N, N, d, -1.0, rows, jacobian->reduced, jacobian->matrix, N);
  else
    bs_dense_multiply_atb(d, d, N, -1.0, jacobian->reduced, rows, jacobian->matrix);
  for (size_t i = 0; i < jacobian->order; i++) jacobian->matrix[i * (jacobian->order + 1)] += jacobian->diagonal;
  return bs_dense_lu(jacobian->order, jacobian->matrix, jacobian->pivot, NULL) == BS_DENSE_OK;
}

void bs_jacobian_solve(bs_jacobian *jacobian, double *w, double *u) {
  if (jacobian->oscillates)
    solve_whole(jacobian, w, u);
  else
    solve_apart(jacobian, w, u);
}

void bs_jacobian_apply(bs_jacobian *jacobian, const double *x, double *product) {
  const size_t d = jacobian->features;
  if (jacobian->several) {
    bs_dense_apply(d, d, 1.0, jacobian->by_weights, d, x, 0.0, product);
    return;
  }
  memset(product, 0, d * sizeof *product);
  bs_dense_apply(jacobian->count, d, 1.0, jacobian->rows, d, x, 0.0, jacobian->margin);
  bs_dense_combine(jacobian->count, d, 1.0, jacobian->weights_margin, d, jacobian->margin, product);
}
