#include "limit/normal_signs.h"

#include "base/memory.h"
#include "base/vector.h"
#include "rule/optimizer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Steps of an epoch side by side that share a variance; and a difference of log-weights at which squares underflow. */
enum { MOST_GROUPS = 32 };
static const double FADED = 300.0;
static const double MANY = 12.0; /* gradients of samples, if they had all the same weight in a momentum */

struct bs_normal_signs {
  size_t rows, features, each, samples; /* each: rows of a sample, side by side */
  const double *x;                      /* rows x features, row-major */
  size_t groups;
  double variance[MOST_GROUPS]; /* of the momentum at such steps, per sum over the samples of (g_i - mean)^2 */
  double share[MOST_GROUPS];    /* of the steps */
  double *weight;               /* rows: c, relative to the largest */
  double *gradient;             /* features: of one sample */
  double *lead;                 /* features: the largest log-weight of a row that touches the column */
  double *mean, *spread;        /* features: of g_i over the samples; sqrt(sum (g_i - mean)^2) */
  double *slope;                /* features: dD / d(mean / spread) */
};

/* What the momentum keeps of a gradient that so many steps ago was current. */
static double weight_of(const bs_epoch_rule *rule, size_t age) {
  const double beta = rule->beta1;
  if (age == 0) return 1.0 - beta + rule->lead;
  return (1.0 - beta) * pow(beta, (double)(age - 1)) * bs_epoch_past(rule);
}

/* The sum of their squares: of the variance of independent gradients, what the momentum has. */
static double squared_weights(const bs_epoch_rule *rule) {
  const double first = weight_of(rule, 0), next = weight_of(rule, 1);
  return first * first + next * next / (1.0 - rule->beta1 * rule->beta1);
}

bool bs_normal_signs_apply(const biascope_dataset *data, const biascope_options *training, const bs_epoch_rule *rule) {
  if (rule->direction != BS_SIGN || !bs_seed_matters(training) || bs_is_full_batch(training, data->samples))
    return false;
  return (double)bs_batch_size(training, data->samples) >= MANY * squared_weights(rule);
}

/* Coefficients that an order deals out to the samples at random: their sum, and that of their squares. */
typedef struct {
  double sum, squares;
} dealt;

/* The variance of sum a_i g_i, where coefficients are dealt out to N samples without replacement, per sum (g_i -
 * mean)^2. */
static double variance_of(dealt a, double samples) {
  return fmax(0.0, a.squares - a.sum * a.sum / samples) / (samples - 1.0);
}

static double size_of_batch(const bs_normal_signs *signs, size_t batch_size, size_t step) {
  const size_t left = signs->samples - step * batch_size;
  return (double)(left < batch_size ? left : batch_size);
}

/* Reshuffled epochs: one is under way, and all before it are complete. Coefficients shrink by beta1 in each step. */
static void find_variances(bs_normal_signs *signs, const bs_epoch_rule *rule, size_t batch_size, size_t steps) {
  const double first = weight_of(rule, 0), next = weight_of(rule, 1), beta = rule->beta1;
  const double samples = (double)signs->samples;
  dealt epoch = {0};
  for (size_t t = 0; t < steps; t++) {
    const double size = size_of_batch(signs, batch_size, t);
    epoch.sum = beta * epoch.sum + next;
    epoch.squares = beta * beta * epoch.squares + next * next / size;
  }
  double complete = variance_of(epoch, samples) / (1.0 - pow(beta, 2.0 * (double)steps));
  dealt earlier = {0}; /* of the epoch under way */
  signs->groups = steps < MOST_GROUPS ? steps : MOST_GROUPS;
  for (size_t t = 0; t < steps; t++) {
    const size_t group = t * signs->groups / steps;
    const double size = size_of_batch(signs, batch_size, t);
    const dealt now = {earlier.sum + first, earlier.squares + first * first / size};
    signs->variance[group] += complete + variance_of(now, samples);
    signs->share[group] += 1.0;
    earlier.sum = beta * earlier.sum + next;
    earlier.squares = beta * beta * earlier.squares + next * next / size;
    complete *= beta * beta;
  }
  for (size_t g = 0; g < signs->groups; g++) {
    signs->variance[g] /= signs->share[g];
    signs->share[g] /= (double)steps;
  }
}

/* Independent draws: every step has the same variance. */
static void find_variance_of_draws(bs_normal_signs *signs, const bs_epoch_rule *rule, size_t batch_size) {
  signs->groups = 1;
  signs->share[0] = 1.0;
  signs->variance[0] = squared_weights(rule) / (double)batch_size / (double)signs->samples;
}

biascope_status bs_normal_signs_create(const bs_epoch_map *map, const biascope_options *training,
                                       const bs_epoch_rule *rule, bs_normal_signs **out, biascope_error *error) {
  bs_normal_signs *signs = *out = BS_NEW(bs_normal_signs, 1);
  if (!signs) return bs_fail_memory(error, "the mean signs");
  const size_t rows = bs_epoch_map_samples(map), d = bs_epoch_map_features(map), each = bs_epoch_map_rows_of_each(map);
  *signs = (bs_normal_signs){.rows = rows,
                             .features = d,
                             .each = each,
                             .samples = rows / each,
                             .x = bs_epoch_map_rows(map),
                             .weight = BS_NEW(double, rows),
                             .gradient = BS_NEW(double, d),
                             .lead = BS_NEW(double, d),
                             .mean = BS_NEW(double, d),
                             .spread = BS_NEW(double, d),
                             .slope = BS_NEW(double, d)};
  if (!signs->weight || !signs->gradient || !signs->lead || !signs->mean || !signs->spread || !signs->slope) {
    bs_normal_signs_free(signs);
    *out = NULL;
    return bs_fail_memory(error, "the mean signs");
  }
  const size_t batch_size = bs_batch_size(training, signs->samples);
  if (training->order == BIASCOPE_REPLACEMENT)
    find_variance_of_draws(signs, rule, batch_size);
  else
    find_variances(signs, rule, batch_size, bs_batches_per_epoch(training, signs->samples));
  return BIASCOPE_OK;
}

void bs_normal_signs_free(bs_normal_signs *signs) {
  if (!signs) return;
  free(signs->weight);
  free(signs->gradient);
  free(signs->lead);
  free(signs->mean);
  free(signs->spread);
  free(signs->slope);
  free(signs);
}

double bs_normal_signs_cost(const bs_normal_signs *signs, bool with_sensitivity) {
  static const double PASSES = 4.0, WITH_SENSITIVITY = 10.0, ERROR_FUNCTION = 30.0;
  const double rows = (double)signs->rows, d = (double)signs->features;
  return d * ((with_sensitivity ? WITH_SENSITIVITY : PASSES) * rows + ERROR_FUNCTION * (double)signs->groups);
}

/* Weights relative to the largest; `lead` of the columns. */
static void weigh(bs_normal_signs *signs, const double *log_weights) {
  const size_t d = signs->features;
  double largest = -INFINITY;
  for (size_t r = 0; r < signs->rows; r++) largest = fmax(largest, log_weights[r]);
  for (size_t k = 0; k < d; k++) signs->lead[k] = -INFINITY;
  for (size_t r = 0; r < signs->rows; r++) {
    signs->weight[r] = exp(log_weights[r] - largest);
    for (size_t k = 0; k < d; k++)
      if (signs->x[r * d + k] != 0.0) signs->lead[k] = fmax(signs->lead[k], log_weights[r]);
  }
  for (size_t k = 0; k < d; k++) signs->lead[k] = largest - signs->lead[k] > FADED ? signs->lead[k] : largest;
}

/* The weight of a row in a column; in one that only faint rows touch, relative to the largest there. */
static double weight_in(const bs_normal_signs *signs, const double *log_weights, double largest, size_t row, size_t k) {
  if (signs->lead[k] == largest) return signs->weight[row];
  return signs->lead[k] > -INFINITY ? exp(log_weights[row] - signs->lead[k]) : 0.0;
}

/* The gradients of a sample's rows, summed. */
static void fill_gradient(bs_normal_signs *signs, const double *log_weights, double largest, size_t sample) {
  const size_t d = signs->features;
  memset(signs->gradient, 0, d * sizeof *signs->gradient);
  for (size_t r = sample * signs->each; r < (sample + 1) * signs->each; r++) {
    const double *x = signs->x + r * d;
    for (size_t k = 0; k < d; k++)
      if (x[k] != 0.0) signs->gradient[k] += weight_in(signs, log_weights, largest, r, k) * x[k];
  }
}

static void find_moments(bs_normal_signs *signs, const double *log_weights, double largest) {
  const size_t d = signs->features;
  memset(signs->mean, 0, d * sizeof *signs->mean);
  memset(signs->spread, 0, d * sizeof *signs->spread);
  for (size_t i = 0; i < signs->samples; i++) {
    fill_gradient(signs, log_weights, largest, i);
    bs_axpy(d, 1.0 / (double)signs->samples, signs->gradient, signs->mean);
  }
  for (size_t i = 0; i < signs->samples; i++) {
    fill_gradient(signs, log_weights, largest, i);
    for (size_t k = 0; k < d; k++) {
      const double apart = signs->gradient[k] - signs->mean[k];
      signs->spread[k] += apart * apart;
    }
  }
  for (size_t k = 0; k < d; k++) signs->spread[k] = sqrt(signs->spread[k]);
}

/* E sign(m) = erf(mean / sqrt(2 variance)), averaged over the steps of an epoch. */
static void find_signs(bs_normal_signs *signs, double *direction) {
  for (size_t k = 0; k < signs->features; k++) {
    const double ratio = signs->mean[k] / signs->spread[k];
    direction[k] = signs->slope[k] = 0.0;
    if (signs->mean[k] == 0.0 && signs->spread[k] == 0.0) continue;
    for (size_t g = 0; g < signs->groups; g++) {
      const double width = sqrt(2.0 * signs->variance[g]), at = ratio / width;
      direction[k] += signs->share[g] * (width > 0.0 ? erf(at) : copysign(1.0, ratio));
      if (width > 0.0 && signs->spread[k] > 0.0)
        signs->slope[k] += signs->share[g] * M_2_SQRTPI / width * exp(-at * at);
    }
  }
}

/* mean / spread changes with log c_r by c_r x_r (1 / (N spread) - mean (g_i - mean) / spread^3). */
static void find_sensitivity(bs_normal_signs *signs, const double *log_weights, double largest, double *sensitivity) {
  const size_t d = signs->features;
  for (size_t i = 0; i < signs->samples; i++) {
    fill_gradient(signs, log_weights, largest, i);
    for (size_t r = i * signs->each; r < (i + 1) * signs->each; r++) {
      for (size_t k = 0; k < d; k++) {
        const double x = signs->x[r * d + k], spread = signs->spread[k];
        double *out = &sensitivity[r * d + k];
        *out = 0.0;
        if (x == 0.0 || signs->slope[k] == 0.0) continue;
        const double part = weight_in(signs, log_weights, largest, r, k) * x / spread;
        const double ratio = signs->mean[k] / spread, apart = (signs->gradient[k] - signs->mean[k]) / spread;
        *out = signs->slope[k] * part * (1.0 / (double)signs->samples - ratio * apart);
      }
    }
  }
}

void bs_normal_signs_evaluate(bs_normal_signs *signs, const double *log_weights, double *direction,
                              double *sensitivity) {
  double largest = -INFINITY;
  for (size_t r = 0; r < signs->rows; r++) largest = fmax(largest, log_weights[r]);
  weigh(signs, log_weights);
  find_moments(signs, log_weights, largest);
  find_signs(signs, direction);
  if (sensitivity) find_sensitivity(signs, log_weights, largest, sensitivity);
}
