#include "limit/sampled_signs.h"

#include "base/clones.h"
#include "base/memory.h"
#include "base/vector.h"
#include "limit/epoch_block.h"
#include "rule/optimizer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Old parts that each recent part is paired with; momenta that are measured; and the least part of a momentum's
 * variance that is older than an epoch. */
enum { PARTNERS = 16, MEASURED = 512 };
static const double LEAST_OLD = 0.3;

struct bs_sampled_signs {
  bs_epoch_map *map;
  bool paired;
  size_t per_epoch, epochs; /* where it is paired: steps of an epoch, epochs of a schedule, */
  size_t recent;            /* and epochs of the recent part, the last one as far as it has come */
  double *old, *own;        /* epochs x block: the plain averages at the end of each, less their mean */
  double *mean;             /* block: of the gradient over all samples */
  double *width;            /* block: half of the ramp */
  double *sum;              /* block: of the signs, in units of `width` */
  double cost;              /* of the mean at hand, in multiplications */
};

/* Whether epochs are reshuffled and those before the last weigh enough. */
static bool pays_to_pair(const bs_epoch_map *map, const biascope_options *training, const bs_epoch_rule *rule,
                         size_t per_epoch) {
  return training->order == BIASCOPE_SHUFFLE && map->schedule_count > 1 &&
         pow(rule->beta1, 2.0 * (double)per_epoch) >= LEAST_OLD;
}

biascope_status bs_sampled_signs_create(bs_epoch_map *map, const biascope_options *training, const bs_epoch_rule *rule,
                                        bs_sampled_signs **out, biascope_error *error) {
  bs_sampled_signs *signs = *out = BS_NEW(bs_sampled_signs, 1);
  if (!signs) return bs_fail_memory(error, "the mean signs");
  const size_t per_epoch = bs_batches_per_epoch(training, map->samples / bs_epoch_map_rows_of_each(map));
  const bool paired = pays_to_pair(map, training, rule, per_epoch);
  const size_t epochs = paired ? map->schedules->steps / per_epoch : 1;
  const double halved = log(0.5) / (2.0 * (double)per_epoch * log(rule->beta1)); /* epochs that halve the variance */
  *signs = (bs_sampled_signs){.map = map,
                              .paired = paired,
                              .per_epoch = per_epoch,
                              .epochs = epochs,
                              .recent = halved > 1.0 ? (size_t)halved : 1,
                              .old = BS_NEW(double, epochs * map->block),
                              .own = BS_NEW(double, epochs * map->block),
                              .mean = BS_NEW(double, map->block),
                              .width = BS_NEW(double, map->block),
                              .sum = BS_NEW(double, map->block)};
  if (signs->old && signs->own && signs->mean && signs->width && signs->sum) return BIASCOPE_OK;
  bs_sampled_signs_free(signs);
  *out = NULL;
  return bs_fail_memory(error, "the mean signs");
}

void bs_sampled_signs_free(bs_sampled_signs *signs) {
  if (!signs) return;
  free(signs->old);
  free(signs->own);
  free(signs->mean);
  free(signs->width);
  free(signs->sum);
  free(signs);
}

size_t bs_sampled_signs_count(const bs_sampled_signs *signs) {
  return signs->map->schedule_count / (signs->paired ? 2 : 1);
}

/* ---- Sequences -------------------------------------------------------------------------------------- */

/* The steps of a schedule whose batches have samples that weigh. */
static void take_schedule(bs_sampled_signs *signs, const bs_epoch_rule *rule, size_t schedule,
                          const double *log_weights) {
  bs_epoch_fill_weights(signs->map, rule, &signs->map->schedules[schedule], log_weights, signs->paired);
}

static void fill_gradients(bs_sampled_signs *signs, size_t first, size_t width) {
  static const double AVERAGES = 10.0; /* of a step, in multiplications: two of them, and a sign */
  const bs_kept_steps *kept = &signs->map->kept;
  bs_epoch_fill_gradients(signs->map, first, width);
  signs->cost += (double)width * ((double)kept->start[kept->period.steps] + AVERAGES * (double)kept->period.steps);
}

static void fill_momenta(bs_sampled_signs *signs, const bs_epoch_rule *rule, size_t width) {
  bs_epoch_map *map = signs->map;
  bs_periodic_momentum(&map->kept.period, width, rule, map->gradient, map->momentum, map->state);
}

/* The widths of the ramps: `smoothing` standard deviations of the momentum, roughly. mean: block, of scratch. */
static void find_widths(bs_sampled_signs *signs, double smoothing, size_t width, double *mean) {
  const bs_epoch_map *map = signs->map;
  const size_t steps = map->kept.period.steps, stride = steps / MEASURED + 1;
  const double part = (double)stride / (double)steps;
  memset(mean, 0, width * sizeof *mean);
  memset(signs->width, 0, width * sizeof *signs->width);
  for (size_t t = 0; t < steps; t += stride) bs_axpy(width, part, map->momentum + t * width, mean);
  for (size_t t = 0; t < steps; t += stride) {
    const double *m = map->momentum + t * width;
    for (size_t k = 0; k < width; k++) signs->width[k] += part * (m[k] - mean[k]) * (m[k] - mean[k]);
  }
  for (size_t k = 0; k < width; k++) signs->width[k] = smoothing * sqrt(signs->width[k]);
}

static inline double within(double m, double most) {
  return m < -most ? -most : m > most ? most : m;
}

/* The signs of the momenta of the schedule at hand, into `sum`; returns how many they are. */
static double sum_signs(bs_sampled_signs *signs, const bs_epoch_rule *rule, size_t first, size_t width) {
  const bs_epoch_map *map = signs->map;
  fill_gradients(signs, first, width);
  fill_momenta(signs, rule, width);
  find_widths(signs, rule->smoothing, width, signs->mean);
  for (size_t t = 0; t < map->kept.period.steps; t++) {
    const double *m = map->momentum + t * width, repeats = map->kept.repeats[t];
    for (size_t k = 0; k < width; k++) signs->sum[k] += repeats * within(m[k], signs->width[k]);
  }
  return map->kept.period.period;
}

/* ---- Pairs ------------------------------------------------------------------------------------------ */

/* Rows of a matrix, `stride` apart, less their mean. */
static void centre(size_t rows, size_t stride, size_t width, double *matrix, double *mean) {
  memset(mean, 0, width * sizeof *mean);
  for (size_t r = 0; r < rows; r++) bs_axpy(width, 1.0 / (double)rows, matrix + r * stride, mean);
  for (size_t r = 0; r < rows; r++) bs_axpy(width, -1.0, mean, matrix + r * stride);
}

/* The plain average at the end of every epoch, into `ends`. */
static void find_ends(bs_sampled_signs *signs, const bs_epoch_rule *rule, size_t width, double *ends) {
  bs_epoch_map *map = signs->map;
  bs_periodic_average(&map->kept.period, width, rule->beta1, map->gradient, map->second, map->state);
  for (size_t e = 0; e < signs->epochs; e++)
    memcpy(ends + e * width, map->second + ((e + 1) * signs->per_epoch - 1) * width, width * sizeof *ends);
  centre(signs->epochs, width, width, ends, signs->mean);
}

/* The mean over all samples is that of the momenta at every place of an epoch. */
static void find_mean(bs_sampled_signs *signs, size_t first, size_t width) {
  const bs_epoch_map *map = signs->map;
  for (size_t p = 0; p < signs->per_epoch; p++)
    centre(signs->epochs, signs->per_epoch * width, width, map->momentum + p * width, signs->mean);
  memset(signs->mean, 0, width * sizeof *signs->mean);
  for (size_t i = 0; i < map->samples; i++)
    bs_axpy(width, map->weight[i] / (double)map->samples, map->rows + i * map->features + first, signs->mean);
}

/* A recent part with its own old part, which others take the place of. */
typedef struct {
  const double *recent, *own, *mean, *most; /* width: and of the ramp */
  double scale;                             /* of old parts in the momentum */
} recent_part;

/* The signs of recent + scale (old - own) + mean for every partner's old part, added to `sum` (width). */
FASTEST_VOID(static, add_signs, (recent_part of, const double *const *old, size_t width, double *sum),
             (of, old, width, sum)) {
  for (size_t j = 0; j < PARTNERS; j++) {
    const double *other = old[j];
    INDEPENDENT
    for (size_t k = 0; k < width; k++)
      sum[k] += within(of.recent[k] + of.scale * (other[k] - of.own[k]) + of.mean[k], of.most[k]);
  }
}

/* The signs of momenta whose recent part is of one schedule and whose old part of the other, into `sum`; returns how
 * many they are. */
static double sum_paired_signs(bs_sampled_signs *signs, const bs_epoch_rule *rule, size_t schedule,
                               const double *log_weights, size_t first, size_t width) {
  static const double SIGN = 2.0; /* multiplications */
  const size_t epochs = signs->epochs, n = signs->per_epoch;
  take_schedule(signs, rule, schedule ^ 1, log_weights);
  fill_gradients(signs, first, width);
  find_ends(signs, rule, width, signs->old);
  take_schedule(signs, rule, schedule, log_weights);
  fill_gradients(signs, first, width);
  find_ends(signs, rule, width, signs->own);
  fill_momenta(signs, rule, width);
  find_widths(signs, rule->smoothing, width, signs->mean);
  find_mean(signs, first, width);
  for (size_t p = 0; p < n; p++) {
    /* what the momentum holds of the average at the end of the last old epoch */
    recent_part part = {.mean = signs->mean, .most = signs->width};
    part.scale = bs_epoch_past(rule) * pow(rule->beta1, (double)(p + (signs->recent - 1) * n));
    for (size_t e = 0; e < epochs; e++) {
      const double *old[PARTNERS];
      part.recent = signs->map->momentum + (e * n + p) * width;
      part.own = signs->own + (e + epochs - signs->recent % epochs) % epochs * width;
      for (size_t j = 0; j < PARTNERS; j++) old[j] = signs->old + (e + j * epochs / PARTNERS) % epochs * width;
      add_signs(part, old, width, signs->sum);
    }
  }
  signs->cost += SIGN * (double)(PARTNERS * epochs * n * width);
  return (double)(PARTNERS * epochs * n);
}

/* ---- Means ------------------------------------------------------------------------------------------ */

/* Adds the mean of a schedule, times `part`. */
static void add_schedule(bs_sampled_signs *signs, const bs_epoch_rule *rule, size_t schedule, double part,
                         const double *log_weights, double *direction) {
  const bs_epoch_map *map = signs->map;
  if (!signs->paired) take_schedule(signs, rule, schedule, log_weights);
  for (size_t first = 0; first < map->features; first += map->block) {
    const size_t width = first + map->block < map->features ? map->block : map->features - first;
    memset(signs->sum, 0, width * sizeof *signs->sum);
    const double count = signs->paired ? sum_paired_signs(signs, rule, schedule, log_weights, first, width)
                                       : sum_signs(signs, rule, first, width);
    for (size_t k = 0; k < width; k++) {
      const double half = signs->width[k], mean = signs->mean[k], sign = (mean > 0.0) - (mean < 0.0);
      direction[first + k] += part * (half > 0.0 ? signs->sum[k] / (half * count) : sign);
    }
  }
}

double bs_sampled_signs_add(bs_sampled_signs *signs, const bs_epoch_rule *rule, size_t which, const double *log_weights,
                            double *direction) {
  signs->cost = 0.0;
  if (signs->paired) {
    add_schedule(signs, rule, 2 * which, 0.5, log_weights, direction);
    add_schedule(signs, rule, 2 * which + 1, 0.5, log_weights, direction);
  } else {
    add_schedule(signs, rule, which, 1.0, log_weights, direction);
  }
  return signs->cost;
}
