/* From log-weights to the weights of the gradients that each step sees. */
#include "limit/epoch_block.h"

#include "base/clones.h"
#include "base/vector.h"
#include <math.h>
#include <string.h>

/* Below it exp() is 0, and slow. */
static const double LEAST_EXPONENT = -745.2;

static void softmax(size_t n, const double *log_weights, double *weight) {
  double largest = -INFINITY, sum = 0.0;
  for (size_t i = 0; i < n; i++) largest = fmax(largest, log_weights[i]);
  if (largest == -INFINITY) {
    memset(weight, 0, n * sizeof *weight);
    return;
  }
  for (size_t i = 0; i < n; i++)
    sum += weight[i] = log_weights[i] - largest < LEAST_EXPONENT ? 0.0 : exp(log_weights[i] - largest);
  bs_scale(n, 1.0 / sum, weight);
}

/* Beside the largest, a weight that is lost in every column that the sample touches: in data without zeros. */
static const double LOST = 1e-17;

/* sum over a = 0 .. gap - 1 of what the update is after a steps without gradient, relative to the first. */
static double repeats_of(const bs_epoch_rule *rule, double gap) {
  const double decay = gap > 1.0 ? bs_epoch_mean_of(rule->direction)->decay(rule) : 0.0;
  return fabs(decay - 1.0) < 1e-12 ? gap : (1.0 - pow(decay, gap)) / (1.0 - decay);
}

enum { SHORT_GAPS = 64 };

static void keep_step(bs_kept_steps *kept, const bs_schedule *schedule, size_t t) {
  const size_t n = kept->period.steps++;
  kept->share[n] = 1.0 / (double)(schedule->start[t + 1] - schedule->start[t]);
  kept->gap[n] = (double)t; /* its number, for now */
}

static void set_gaps(bs_kept_steps *kept, const bs_epoch_rule *rule, size_t steps) {
  const size_t count = kept->period.steps;
  const double first = count > 0 ? kept->gap[0] : 0.0;
  kept->period.period = (double)steps;
  kept->period.gap = count < steps ? kept->gap : NULL;
  double known[SHORT_GAPS + 1] = {0.0}; /* repeats of short gaps, which come again and again */
  for (size_t n = 0; n < count; n++) {
    const double gap = kept->gap[n] = (n + 1 < count ? kept->gap[n + 1] : first + (double)steps) - kept->gap[n];
    if (gap > SHORT_GAPS) {
      kept->repeats[n] = repeats_of(rule, gap);
      continue;
    }
    double *repeats = &known[(size_t)gap];
    if (*repeats == 0.0) *repeats = repeats_of(rule, gap);
    kept->repeats[n] = *repeats;
  }
}

/* The sum over a batch of weights relative to the largest of all, down to which they are exact in the batch, too. */
static const double EXACT = 1e-250;

/* Weights within a batch, in `entry`: none is lost. */
static void weigh_batch(const bs_epoch_map *map, const uint32_t *batch, size_t count, const double *log_weights,
                        double *entry) {
  double sum = 0.0;
  for (size_t n = 0; n < count; n++) sum += entry[n] = map->weight[batch[n]];
  if (sum > EXACT) {
    bs_scale(count, 1.0 / sum, entry);
    return;
  }
  for (size_t n = 0; n < count; n++) entry[n] = log_weights[batch[n]];
  softmax(count, entry, entry);
}

static void fill_batches(bs_epoch_map *map, const bs_schedule *schedule, const double *log_weights) {
  bs_kept_steps *kept = &map->kept;
  size_t end = 0;
  softmax(map->samples, log_weights, map->weight);
  for (size_t t = 0; t < schedule->steps; t++) {
    const uint32_t *batch = schedule->sample + schedule->start[t];
    const size_t count = schedule->start[t + 1] - schedule->start[t], first = end;
    weigh_batch(map, batch, count, log_weights, kept->entry + first);
    for (size_t n = 0; n < count; n++) {
      const double weight = kept->entry[first + n];
      if (weight == 0.0) continue;
      kept->sample[end] = batch[n];
      kept->entry[end++] = weight;
    }
    keep_step(kept, schedule, t);
    kept->start[kept->period.steps] = end;
  }
}

static void fill_remembered(bs_epoch_map *map, const bs_epoch_rule *rule, const bs_schedule *schedule,
                            const double *log_weights, bool every_step) {
  bs_kept_steps *kept = &map->kept;
  double largest = 0.0;
  softmax(map->samples, log_weights, map->weight);
  for (size_t i = 0; i < map->samples; i++) largest = fmax(largest, map->weight[i]);
  const bool apart = map->partial_count > 0 && bs_epoch_mean_of(rule->direction)->apply; /* columns may stand alone */
  const double least = every_step ? 0.0 : (apart ? exp(-BS_FAINT) : LOST) * largest;
  size_t end = 0;
  for (size_t t = 0; t < schedule->steps; t++) {
    const size_t begin = end;
    for (size_t n = schedule->start[t]; n < schedule->start[t + 1]; n++) { /* without a branch, which chance decides */
      const double weight = map->weight[schedule->sample[n]];
      kept->sample[end] = schedule->sample[n];
      kept->entry[end] = weight;
      end += weight > least;
    }
    /* an update in which the gradient leads does not decay in proportion */
    if (end == begin && !every_step && rule->lead == 0.0) continue;
    keep_step(kept, schedule, t);
    kept->start[kept->period.steps] = end;
  }
}

bool bs_epoch_weighs_batches(const bs_epoch_rule *rule) {
  const bs_comparison comparison = bs_epoch_comparison(rule);
  return comparison == BS_COMPARE_IN_BATCH || comparison == BS_COMPARE_IN_BATCH_AND_COLUMN;
}

void bs_epoch_fill_weights(bs_epoch_map *map, const bs_epoch_rule *rule, const bs_schedule *schedule,
                           const double *log_weights, bool every_step) {
  map->kept.period.steps = 0;
  map->kept.start[0] = 0;
  if (bs_epoch_weighs_batches(rule))
    fill_batches(map, schedule, log_weights);
  else
    fill_remembered(map, rule, schedule, log_weights, every_step);
  set_gaps(&map->kept, rule, schedule->steps);
}

/* What a batch's gradient is the sum of: rows `stride` apart. */
typedef struct {
  const double *rows;
  size_t stride, count;
  const uint32_t *sample;
  const double *entry;
  double share;
} batch;

/* So many columns, whose sums stay in registers. */
INLINE void sum_columns(const size_t columns, batch of, size_t first, double *out) {
  double sum[16] = {0.0};
  for (size_t n = 0; n < of.count; n++) {
    const double weight = of.share * of.entry[n], *x = of.rows + of.sample[n] * of.stride + first;
    for (size_t k = 0; k < columns; k++) sum[k] += weight * x[k];
  }
  memcpy(out + first, sum, columns * sizeof *out);
}

FASTEST_VOID(static, sum_batch, (batch of, size_t width, double *out), (of, width, out)) {
  size_t k = 0;
  for (; k + 16 <= width; k += 16) sum_columns(16, of, k, out);
  for (; k + 4 <= width; k += 4) sum_columns(4, of, k, out);
  for (; k < width; k++) sum_columns(1, of, k, out);
}

void bs_epoch_fill_gradients(bs_epoch_map *map, size_t first, size_t width) {
  const bs_kept_steps *kept = &map->kept;
  batch of = {.rows = map->rows + first, .stride = map->features};
  for (size_t t = 0; t < kept->period.steps; t++) {
    of.count = kept->start[t + 1] - kept->start[t];
    of.sample = kept->sample + kept->start[t];
    of.entry = kept->entry + kept->start[t];
    of.share = kept->share[t];
    sum_batch(of, width, map->gradient + t * width);
  }
}

void bs_epoch_list_entries(bs_epoch_map *map) {
  const bs_kept_steps *kept = &map->kept;
  const bs_entries *of_sample = &map->of_sample;
  for (size_t l = 0; l < map->samples; l++) of_sample->head[l] = BS_NO_ENTRY;
  for (size_t t = 0; t < kept->period.steps; t++) {
    for (size_t n = kept->start[t]; n < kept->start[t + 1]; n++) {
      of_sample->next[n] = of_sample->head[kept->sample[n]];
      of_sample->head[kept->sample[n]] = (uint32_t)n;
      of_sample->step[n] = (uint32_t)t;
    }
  }
}
