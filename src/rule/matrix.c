/* muon, spectral, nuclear, polargrad and shampoo: steps along a matrix made of the singular values and vectors of the
 * momentum M = U S V', for weights of a row for each class; of one row u s v' with u = 1, which makes the first four
 * steps of length 1, or of M itself.
 *
 * Singular vectors come from rotations (base/rotate.h): the same bits on every processor. */
#include "base/block.h"
#include "base/padded.h"
#include "base/rotate.h"
#include "rule/optimizer.h"

static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

static size_t larger(size_t a, size_t b) {
  return a > b ? a : b;
}

/* ---- Momentum ------------------------------------------------------------------------------------- */

/* Leaves the momentum in m, and what the step is made of in g; returns the largest |m|. */
static double average(const bs_update *u) {
  const double beta1 = u->rate->beta1;
  const double past = u->matrix->options->nesterov ? beta1 : 1.0,
               present = u->matrix->options->nesterov ? 1.0 - beta1 : 0.0;
  double largest = 0.0;
  for (size_t k = 0; k < u->padded; k++) {
    u->m[k] = beta1 * u->m[k] + (1.0 - beta1) * u->g[k];
    u->g[k] = past * u->m[k] + present * u->g[k];
    largest = fmax(largest, fabs(u->m[k]));
  }
  return largest;
}

static void move(const bs_update *u, double scale, const double *direction) {
  const double shrink = u->rate->shrink, by = u->rate->eta * scale;
  for (size_t k = 0; k < u->padded; k++) u->w[k] = shrink * u->w[k] - by * direction[k];
}

static bool faded(double content) {
  return content > 0.0 && content < BS_TINY;
}

static size_t length_of(const bs_update *u) {
  return bs_padded(u->matrix->columns);
}

/* ---- Singular vectors ----------------------------------------------------------------------------- */

/* The step's matrix with its shorter side as rows, in scratch. */
typedef struct {
  size_t rows, padded; /* of a */
  bool transposed;
  double *a, *q, *singular, *scale, *product;
} work;

static size_t work_size(size_t rows, size_t columns) {
  const size_t least = smaller(rows, columns), padded = bs_padded(larger(rows, columns)), square = bs_padded(least);
  return 2 * least * padded + 2 * least * square + square;
}

static work lay_out(const bs_update *u) {
  const size_t least = smaller(u->matrix->rows, u->matrix->columns),
               padded = bs_padded(larger(u->matrix->rows, u->matrix->columns));
  work w = {
      .rows = least, .padded = padded, .transposed = u->matrix->rows > u->matrix->columns, .a = u->matrix->scratch};
  w.product = w.a + least * padded;
  w.q = w.product + least * padded;
  w.scale = w.q + least * bs_padded(least);
  w.singular = w.scale + least * bs_padded(least);
  return w;
}

/* Copies g in, times a power of two that keeps the squares of its entries in range. */
static double load(const bs_update *u, work *w) {
  const size_t length = length_of(u);
  double largest = 0.0;
  int exponent;
  for (size_t k = 0; k < u->padded; k++) largest = fmax(largest, fabs(u->g[k]));
  frexp(largest, &exponent);
  const double unit = ldexp(1.0, exponent < -1000 ? 1000 : -exponent);
  memset(w->a, 0, w->rows * w->padded * sizeof *w->a);
  for (size_t i = 0; i < u->matrix->rows; i++)
    for (size_t k = 0; k < u->matrix->columns; k++)
      w->a[w->transposed ? k * w->padded + i : i * w->padded + k] = unit * u->g[i * length + k];
  return 1.0 / unit;
}

/* Copies a matrix of that shape back, into g. */
static void unload(const work *w, const double *from, const bs_update *u) {
  const size_t length = length_of(u);
  for (size_t i = 0; i < u->matrix->rows; i++)
    for (size_t k = 0; k < u->matrix->columns; k++)
      u->g[i * length + k] = from[w->transposed ? k * w->padded + i : i * w->padded + k];
}

static double largest_of(size_t count, const double *values, size_t *where) {
  *where = 0;
  for (size_t i = 1; i < count; i++)
    if (values[i] > values[*where]) *where = i;
  return values[*where];
}

/* g becomes U V' over the singular values that are kept, or u v' of the largest alone; returns the sum of all. */
static double take_factor(const bs_update *u, bool leading) {
  work w = lay_out(u);
  const double unit = load(u, &w);
  size_t first;
  bs_rotate_rows(w.rows, w.padded, w.a, w.q, w.singular);
  const double largest = largest_of(w.rows, w.singular, &first);
  double sum = 0.0;
  memset(w.product, 0, w.rows * w.padded * sizeof *w.product);
  for (size_t i = 0; i < w.rows; i++) {
    const bool kept = leading ? i == first && largest > 0.0 : w.singular[i] > BS_RANK_CUT * largest;
    for (size_t j = 0; j < w.rows; j++)
      w.scale[j * w.rows + i] = kept ? w.q[i * bs_padded(w.rows) + j] / w.singular[i] : 0.0;
    sum += w.singular[i];
  }
  bs_block_combine(w.padded, w.rows, w.a, NULL, w.rows, w.scale, w.product);
  unload(&w, w.product, u);
  return sum * unit;
}

/* ---- Newton and Schulz's iteration, as torch.optim.Muon has it -------------------------------------- */

/* X = aX + (b XX' + c (XX')^2) X of X = g / max(||g||, eps), `iterations` times. */
static void iterate(const bs_update *u, unsigned iterations) {
  static const double A = 3.4445, B = -4.7750, C = 2.0315;
  work w = lay_out(u);
  const double unit = load(u, &w), least = u->eps[0] / unit;
  const size_t size = w.rows * w.padded, square = bs_padded(w.rows);
  const double norm = fmax(sqrt(bs_padded_dot(size, w.a, w.a)), least);
  for (size_t k = 0; k < size && norm > 0.0; k++) w.a[k] /= norm;
  for (unsigned n = 0; n < iterations; n++) {
    bs_block_products(w.padded, w.rows, w.a, NULL, w.rows, w.a, w.scale);
    memset(w.q, 0, w.rows * square * sizeof *w.q);
    for (size_t i = 0; i < w.rows; i++) memcpy(w.q + i * square, w.scale + i * w.rows, w.rows * sizeof *w.q);
    bs_block_products(square, w.rows, w.q, NULL, w.rows, w.q, w.product);
    for (size_t k = 0; k < w.rows * w.rows; k++) w.scale[k] = B * w.scale[k] + C * w.product[k];
    for (size_t k = 0; k < size; k++) w.product[k] = A * w.a[k];
    bs_block_combine(w.padded, w.rows, w.a, NULL, w.rows, w.scale, w.product);
    memcpy(w.a, w.product, size * sizeof *w.a);
  }
  unload(&w, w.a, u);
}

/* ---- Along singular vectors ------------------------------------------------------------------------- */

static void remember_spectral(const biascope_options *options, size_t rows, size_t columns, size_t *factors,
                              size_t *scratch) {
  (void)options;
  *factors = 0;
  *scratch = work_size(rows, columns);
}

static void average_spectral(const biascope_options *options, bs_epoch_rule *out) {
  out->beta1 = options->beta1;
  if (options->nesterov) out->lead = options->beta1 - options->beta1 * options->beta1;
}

double bs_lr_adjustment(const biascope_options *options, size_t rows, size_t columns) {
  const double tall = (double)rows, wide = (double)columns;
  switch (options->adjust_lr) {
  case BIASCOPE_ADJUST_NONE:
    break;
  case BIASCOPE_ADJUST_ORIGINAL:
    return sqrt(fmax(1.0, tall / wide));
  case BIASCOPE_ADJUST_MATCH_RMS:
    return 0.2 * sqrt(fmax(tall, wide));
  }
  return 1.0;
}

static bool step_muon(const bs_update *u, double scale) {
  (void)scale; /* 1 */
  const double content = average(u);
  if (u->matrix->options->newton_schulz > 0)
    iterate(u, (unsigned)u->matrix->options->newton_schulz);
  else
    take_factor(u, false);
  move(u, bs_lr_adjustment(u->matrix->options, u->matrix->rows, u->matrix->columns), u->g);
  return faded(content);
}

static bool step_nuclear(const bs_update *u, double scale) {
  (void)scale; /* 1 */
  const double content = average(u);
  take_factor(u, true);
  move(u, 1.0, u->g);
  return faded(content);
}

static bool step_polargrad(const bs_update *u, double scale) {
  (void)scale; /* 1 */
  const double content = average(u), size = take_factor(u, false) * u->eps[0];
  move(u, size, u->g);
  return faded(content);
}

const bs_optimizer_rule BS_RULE(muon) = {.name = "muon",
                                         .reads = {{BS_OPTION_BETA1, 0.95},
                                                   {BS_OPTION_NESTEROV, 0.0},
                                                   {BS_OPTION_NEWTON_SCHULZ, 0.0},
                                                   {BS_OPTION_ADJUST_LR, BIASCOPE_ADJUST_NONE},
                                                   {BS_OPTION_EPS, 0.0},
                                                   {BS_OPTION_WEIGHT_DECAY, 0.0}},
                                         .direction = BS_SPECTRAL,
                                         .norm = BIASCOPE_SPECTRAL,
                                         .averages = average_spectral,
                                         .step = step_muon,
                                         .memory = remember_spectral,
                                         .limit = BS_LIMIT_EQUILIBRIUM,
                                         .torch = {{BS_OPTION_LR, 1e-3},
                                                   {BS_OPTION_WEIGHT_DECAY, 0.1},
                                                   {BS_OPTION_NESTEROV, 1.0},
                                                   {BS_OPTION_NEWTON_SCHULZ, 5.0},
                                                   {BS_OPTION_ADJUST_LR, BIASCOPE_ADJUST_ORIGINAL},
                                                   {BS_OPTION_EPS, 1e-7}},
                                         .fast = BS_FAST_PASSES};

const bs_optimizer_rule BS_RULE(spectral) = {.name = "spectral",
                                             .direction = BS_SPECTRAL,
                                             .norm = BIASCOPE_SPECTRAL,
                                             .step = step_muon,
                                             .memory = remember_spectral,
                                             .limit = BS_LIMIT_EQUILIBRIUM,
                                             .fast = BS_FAST_PASSES};

const bs_optimizer_rule BS_RULE(nuclear) = {.name = "nuclear",
                                            .reads = {{BS_OPTION_BETA1, 0.0}},
                                            .direction = BS_SPECTRAL,
                                            .norm = BIASCOPE_NUCLEAR,
                                            .step = step_nuclear,
                                            .memory = remember_spectral,
                                            .limit = BS_LIMIT_UNKNOWN,
                                            .unknown = "its leading singular vectors jump where two singular values "
                                                       "meet, which its limits do; train it, or predict ngd, whose "
                                                       "steps are the same for two classes",
                                            .fast = BS_FAST_PASSES};

const bs_optimizer_rule BS_RULE(polargrad) = {.name = "polargrad",
                                              .reads = {{BS_OPTION_BETA1, 0.0}},
                                              .direction = BS_SPECTRAL_SIZED,
                                              .norm = BIASCOPE_SPECTRAL,
                                              .step = step_polargrad,
                                              .memory = remember_spectral,
                                              .limit = BS_LIMIT_UNKNOWN,
                                              .unknown = "its limit over mini-batches is not worked out; train it, or "
                                                         "predict gd, whose steps are the same for two classes",
                                              .fast = BS_FAST_PASSES};

/* ---- Shampoo (Gupta, Koren and Singer, ICML 2018; averages as in Anil et al., arXiv 2002.09018) -------- */

typedef struct {
  size_t most;                /* the largest of the sides' sizes */
  double *left, *right;       /* L, R: rows x bs_padded(rows), columns x bs_padded(columns) */
  double *a, *q, *power;      /* most x bs_padded(most) */
  double *scale;              /* the same; holds rows x columns as well */
  double *singular, *product; /* bs_padded(most); rows x bs_padded(columns) */
  double *turned;             /* columns x bs_padded(rows) */
} preconditioner;

static bool has_right(const biascope_options *options) {
  return options->sides == BIASCOPE_SIDES_BOTH;
}

static void remember_shampoo(const biascope_options *options, size_t rows, size_t columns, size_t *factors,
                             size_t *scratch) {
  const size_t most = has_right(options) ? larger(rows, columns) : rows, square = most * bs_padded(most);
  *factors = rows * bs_padded(rows) + (has_right(options) ? columns * bs_padded(columns) : 0);
  *scratch = 3 * square + larger(square, rows * bs_padded(columns)) + bs_padded(most) + rows * bs_padded(columns) +
             columns * bs_padded(rows);
}

static preconditioner lay_out_shampoo(const bs_update *u) {
  const size_t most = has_right(u->matrix->options) ? larger(u->matrix->rows, u->matrix->columns) : u->matrix->rows,
               square = most * bs_padded(most);
  preconditioner p = {.most = most, .left = u->matrix->factors, .a = u->matrix->scratch};
  p.right = p.left + u->matrix->rows * bs_padded(u->matrix->rows);
  p.q = p.a + square;
  p.power = p.q + square;
  p.scale = p.power + square;
  p.singular = p.scale + larger(square, u->matrix->rows * bs_padded(u->matrix->columns));
  p.product = p.singular + bs_padded(most);
  p.turned = p.product + u->matrix->rows * bs_padded(u->matrix->columns);
  return p;
}

/* factor = keep factor + (1 - keep) X X', or + X X' where `sums`; returns the largest entry. */
static double add_square(const bs_update *u, const preconditioner *p, size_t count, size_t padded, const double *x,
                         double *factor) {
  const double beta2 = u->rate->beta2, keep = u->matrix->options->sums ? 1.0 : beta2;
  const double add = u->matrix->options->sums ? 1.0 : 1.0 - beta2;
  double largest = 0.0;
  bs_block_products(padded, count, x, NULL, count, x, p->scale);
  for (size_t i = 0; i < count; i++) {
    for (size_t k = 0; k < count; k++) {
      double *entry = &factor[i * bs_padded(count) + k];
      *entry = keep * *entry + add * p->scale[i * count + k];
      largest = fmax(largest, fabs(*entry));
    }
  }
  return largest;
}

/* p->power = factor^-1/4, or ^-1/2, of a symmetric factor that is not zero. */
static void take_power(const preconditioner *p, size_t count, const double *factor, bool half) {
  const size_t padded = bs_padded(count);
  size_t first;
  memcpy(p->a, factor, count * padded * sizeof *p->a);
  bs_rotate_rows(count, padded, p->a, p->q, p->singular);
  const double least = BS_LEAST_EIGENVALUE * largest_of(count, p->singular, &first);
  for (size_t i = 0; i < count; i++) {
    const double root = sqrt(fmax(p->singular[i], least)), power = 1.0 / (half ? root : sqrt(root));
    for (size_t j = 0; j < count; j++) p->scale[j * count + i] = power * p->q[i * padded + j];
  }
  memset(p->power, 0, count * padded * sizeof *p->power);
  bs_block_combine(padded, count, p->q, NULL, count, p->scale, p->power);
}

/* g = power g */
static void multiply_left(const bs_update *u, const preconditioner *p) {
  const size_t length = length_of(u), rows = u->matrix->rows;
  for (size_t i = 0; i < rows; i++)
    memcpy(p->scale + i * rows, p->power + i * bs_padded(rows), rows * sizeof *p->scale);
  memset(p->product, 0, rows * length * sizeof *p->product);
  bs_block_combine(length, rows, u->g, NULL, rows, p->scale, p->product);
  memcpy(u->g, p->product, rows * length * sizeof *u->g);
}

/* g = g power */
static void multiply_right(const bs_update *u, const preconditioner *p) {
  const size_t length = length_of(u), columns = u->matrix->columns;
  for (size_t i = 0; i < u->matrix->rows; i++)
    memcpy(p->scale + i * columns, u->g + i * length, columns * sizeof *p->scale);
  memset(u->g, 0, u->padded * sizeof *u->g);
  bs_block_combine(length, columns, p->power, NULL, u->matrix->rows, p->scale, u->g);
}

static void turn(const bs_update *u, const preconditioner *p) {
  const size_t length = length_of(u), padded = bs_padded(u->matrix->rows);
  memset(p->turned, 0, u->matrix->columns * padded * sizeof *p->turned);
  for (size_t i = 0; i < u->matrix->rows; i++)
    for (size_t k = 0; k < u->matrix->columns; k++) p->turned[k * padded + i] = u->g[i * length + k];
}

static bool step_shampoo(const bs_update *u, double scale) {
  (void)scale; /* 1 */
  const preconditioner p = lay_out_shampoo(u);
  const bool both = has_right(u->matrix->options);
  const double content = add_square(u, &p, u->matrix->rows, length_of(u), u->g, p.left);
  if (both) {
    turn(u, &p);
    add_square(u, &p, u->matrix->columns, bs_padded(u->matrix->rows), p.turned, p.right);
  }
  average(u);
  if (content > 0.0) {
    take_power(&p, u->matrix->rows, p.left, !both);
    multiply_left(u, &p);
    if (both) {
      take_power(&p, u->matrix->columns, p.right, false);
      multiply_right(u, &p);
    }
  }
  move(u, 1.0, u->g);
  return faded(content);
}

/* Without memory L^-1/4 g R^-1/4 is the polar factor of g. */
static void average_shampoo(const biascope_options *options, bs_epoch_rule *out) {
  out->beta1 = options->beta1;
  out->beta2 = options->beta2;
  if (!has_right(options)) out->direction = BS_PRECONDITIONED_LEFT;
  if (options->beta1 == 0.0 && options->beta2 == 0.0) out->direction = BS_SPECTRAL;
}

static double decay_of_preconditioned(const bs_epoch_rule *rule) {
  return rule->beta1 > 0.0 && rule->beta2 > 0.0 ? rule->beta1 / sqrt(rule->beta2) : 0.0;
}

/* Coordinates are coupled: limit/epoch_preconditioned.c. */
const bs_epoch_mean bs_mean_preconditioned = {
    .decay = decay_of_preconditioned, .with_memory = BS_COMPARE_IN_DATA, .without_memory = BS_COMPARE_IN_BATCH};

const bs_optimizer_rule BS_RULE(shampoo) = {.name = "shampoo",
                                            .reads = {{BS_OPTION_BETA1, 0.9},
                                                      {BS_OPTION_BETA2, 0.95},
                                                      {BS_OPTION_SIDES, BIASCOPE_SIDES_BOTH},
                                                      {BS_OPTION_SUMS, 0.0}},
                                            .second = BS_SECOND_FACTORS,
                                            .direction = BS_PRECONDITIONED,
                                            .norm = BIASCOPE_SPECTRAL,
                                            .averages = average_shampoo,
                                            .step = step_shampoo,
                                            .memory = remember_shampoo,
                                            .limit = BS_LIMIT_EQUILIBRIUM,
                                            .fast = BS_FAST_PASSES};
