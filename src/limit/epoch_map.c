#include "limit/epoch_block.h"

#include "base/memory.h"
#include "base/vector.h"
#include "margin/rows.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Coordinates do not meet in an elementwise rule, so the map runs over blocks of them that fit the cache. */
enum { BLOCK_BYTES = 1 << 20, BLOCK_LEAST = 16 };

static const double FADED = 300.0; /* difference of log-weights at which the ratio of squares is near underflow */

size_t bs_epoch_map_samples(const bs_epoch_map *map) {
  return map->samples;
}
size_t bs_epoch_map_features(const bs_epoch_map *map) {
  return map->features;
}
size_t bs_epoch_map_rows_of_each(const bs_epoch_map *map) {
  return map->outputs > 1 ? map->outputs - 1 : 1;
}
const double *bs_epoch_map_rows(const bs_epoch_map *map) {
  return map->rows;
}
const bs_schedule *bs_epoch_map_schedule(const bs_epoch_map *map, size_t schedule) {
  return &map->schedules[schedule];
}
size_t bs_epoch_map_schedules(const bs_epoch_map *map) {
  return map->schedule_count;
}

static bool take_rows(bs_epoch_map *map, const biascope_dataset *data) {
  map->rows = data->dense;
  if (data->dense && map->outputs == 1) return true;
  size_t entries;
  if (!__builtin_mul_overflow(map->samples, map->features, &entries)) map->copied_rows = BS_NEW(double, entries);
  if (!map->copied_rows) return false;
  for (size_t i = 0; i < map->samples; i++) bs_margin_row_axpy(data, i, 1.0, map->copied_rows + i * map->features);
  map->rows = map->copied_rows;
  return true;
}

bool bs_columns_touched_alike(const bs_epoch_map *map, const uint32_t *listed, size_t count, size_t column) {
  for (size_t n = 0; n < count; n++) {
    const double *x = map->rows + (listed ? listed[n] : n) * map->features + column;
    if ((x[0] != 0.0) != (x[-1] != 0.0)) return false;
  }
  return true;
}

/* How many samples touch each column. */
static void count_touching(const bs_epoch_map *map, size_t *count) {
  memset(count, 0, map->features * sizeof *count);
  for (size_t i = 0; i < map->samples; i++)
    for (size_t k = 0; k < map->features; k++) count[k] += map->rows[i * map->features + k] != 0.0;
}

static void divide_columns(bs_epoch_map *map, const size_t *touching) {
  bs_column_run *last = NULL;
  for (size_t k = 0; k < map->features; k++) {
    if (touching[k] == 0 || touching[k] == map->samples) continue;
    if (last && last->first + last->count == k && last->count < map->block && touching[k] == touching[k - 1] &&
        bs_columns_touched_alike(map, NULL, map->samples, k)) {
      last->count++;
    } else {
      const size_t begin = last ? last->end : 0;
      last = &map->partial[map->partial_count++];
      *last = (bs_column_run){.first = k, .count = 1, .begin = begin, .end = begin + touching[k]};
    }
  }
}

/* False: out of memory. */
static bool list_partial_columns(bs_epoch_map *map) {
  size_t *count = BS_NEW(size_t, map->features);
  if (!count) return false;
  count_touching(map, count);
  divide_columns(map, count);
  free(count);
  map->touching = BS_NEW(uint32_t, map->partial_count > 0 ? map->partial[map->partial_count - 1].end : 0);
  if (!map->touching) return false;
  for (size_t p = 0; p < map->partial_count; p++) {
    size_t end = map->partial[p].begin;
    for (size_t i = 0; i < map->samples; i++)
      if (map->rows[i * map->features + map->partial[p].first] != 0.0) map->touching[end++] = (uint32_t)i;
  }
  return true;
}

static bool allocate(bs_epoch_map *map, const biascope_dataset *data, size_t steps, size_t entries) {
  map->partial = BS_NEW(bs_column_run, map->features);
  map->masked = BS_NEW(double, map->samples);
  map->weight = BS_NEW(double, map->samples);
  map->kept.start = BS_NEW(size_t, steps + 1);
  map->kept.sample = BS_NEW(uint32_t, entries);
  map->kept.entry = BS_NEW(double, entries);
  map->kept.share = BS_NEW(double, steps);
  map->kept.gap = BS_NEW(double, steps);
  map->kept.repeats = BS_NEW(double, steps);
  map->gradient = BS_NEW(double, steps * map->block);
  map->momentum = BS_NEW(double, steps * map->block);
  map->second = BS_NEW(double, steps * map->block);
  map->size = BS_NEW(double, steps * map->block);
  map->state = BS_NEW(double, map->block);
  return map->partial && map->masked && map->weight && map->kept.start && map->kept.sample && map->kept.entry &&
         map->kept.share && map->kept.gap && map->kept.repeats && map->gradient && map->momentum && map->second &&
         map->size && map->state && take_rows(map, data);
}

/* What steps that couple coordinates need beside. */
static bool create_coupled(bs_epoch_map *map, bs_direction direction, size_t steps, size_t entries) {
  if (bs_epoch_mean_of(direction)->apply) return true;
  map->of_sample.head = BS_NEW(uint32_t, map->samples);
  map->of_sample.next = BS_NEW(uint32_t, entries);
  map->of_sample.step = BS_NEW(uint32_t, entries);
  if (!map->of_sample.head || !map->of_sample.next || !map->of_sample.step) return false;
  if (bs_direction_is_preconditioned(direction)) {
    map->preconditioned = bs_preconditioned_create(map, direction, steps);
    return map->preconditioned != NULL;
  }
  map->spectral = bs_spectral_create(map, direction, steps);
  return map->spectral != NULL;
}

biascope_status bs_epoch_map_create(const biascope_dataset *data, const bs_schedule *schedules, size_t schedule_count,
                                    bs_direction direction, bs_epoch_map **out, biascope_error *error) {
  *out = NULL;
  size_t steps = 1, entries = 0;
  for (size_t s = 0; s < schedule_count; s++) {
    const size_t length = schedules[s].steps, seen = schedules[s].start[length];
    steps = length > steps ? length : steps;
    entries = seen > entries ? seen : entries;
  }
  size_t block = BLOCK_BYTES / (3 * steps * sizeof(double));
  if (block < BLOCK_LEAST) block = BLOCK_LEAST;
  const size_t weights = bs_margin_weights(data);
  if (block > weights || !bs_epoch_mean_of(direction)->apply) block = weights;
  bs_epoch_map *map = BS_NEW(bs_epoch_map, 1);
  if (!map) return bs_fail_memory(error, "the epoch map");
  *map = (bs_epoch_map){.schedules = schedules,
                        .schedule_count = schedule_count,
                        .samples = bs_margin_rows(data),
                        .features = weights,
                        .outputs = bs_outputs(data),
                        .class_of = data->class,
                        .block = block};
  if (!create_coupled(map, direction, steps, entries) || !allocate(map, data, steps, entries) ||
      !list_partial_columns(map)) {
    bs_epoch_map_free(map);
    return bs_fail_memory(error, "the epoch map");
  }
  *out = map;
  return BIASCOPE_OK;
}

void bs_epoch_map_free(bs_epoch_map *map) {
  if (!map) return;
  free(map->copied_rows);
  free(map->partial);
  free(map->touching);
  free(map->masked);
  free(map->weight);
  free(map->kept.start);
  free(map->kept.sample);
  free(map->kept.entry);
  free(map->kept.share);
  free(map->kept.gap);
  free(map->kept.repeats);
  free(map->gradient);
  free(map->momentum);
  free(map->second);
  free(map->size);
  bs_spectral_free(map->spectral);
  free(map->of_sample.head);
  free(map->of_sample.next);
  free(map->of_sample.step);
  bs_preconditioned_free(map->preconditioned);
  free(map->state);
  free(map);
}

/* Multiplications of a pass over so many columns and a schedule's steps and entries of batches, roughly; what a cell
 * costs was measured. */
static double cost_of(const bs_epoch_map *map, const bs_epoch_rule *rule, double columns, double steps, double entries,
                      bool with_sensitivity) {
  static const double FORWARD = 6.0, WITH_ROOT = 16.0, BACKWARD = 16.0;
  const double n = (double)map->samples;
  if (map->preconditioned) return bs_epoch_preconditioned_cost(map, steps, entries, with_sensitivity);
  const double cost = columns * (entries + WITH_ROOT * steps + n);
  if (!with_sensitivity) return cost;
  if (!bs_epoch_mean_of(rule->direction)->apply)
    return cost + (FORWARD + 2.0 * (double)map->outputs) * n * steps * columns;
  return cost + columns * (2.0 * entries + BACKWARD * steps + n);
}

/* The same of the steps kept. */
static double cost_of_columns(const bs_epoch_map *map, const bs_epoch_rule *rule, size_t columns,
                              bool with_sensitivity) {
  const bs_kept_steps *kept = &map->kept;
  return cost_of(map, rule, (double)columns, (double)kept->period.steps, (double)kept->start[kept->period.steps],
                 with_sensitivity);
}

/* Of filling in the weights of every step: within batches these take exponentials. */
static double weighing_cost(const bs_epoch_rule *rule, const bs_schedule *schedule) {
  static const double STEP = 8.0, ENTRY = 3.0, BATCH = 20.0, EXPONENTIAL = 12.0;
  const bool within = bs_epoch_weighs_batches(rule);
  const double steps = (double)schedule->steps, entries = (double)schedule->start[schedule->steps];
  return (within ? BATCH : STEP) * steps + (within ? EXPONENTIAL : ENTRY) * entries;
}

double bs_epoch_map_cost(const bs_epoch_map *map, const bs_epoch_rule *rule, bool with_sensitivity) {
  double cost = 0.0;
  for (size_t s = 0; s < map->schedule_count; s++) {
    const bs_schedule *schedule = &map->schedules[s];
    const double steps = (double)schedule->steps, entries = (double)schedule->start[schedule->steps];
    cost += weighing_cost(rule, schedule) + cost_of(map, rule, (double)map->features, steps, entries, with_sensitivity);
  }
  return cost;
}

double bs_epoch_map_spent(const bs_epoch_map *map) {
  return map->spent;
}

static void run_blocks(bs_epoch_map *map, const bs_epoch_rule *rule, double *direction, double *sensitivity) {
  for (size_t first = 0; first < map->features; first += map->block) {
    const size_t width = first + map->block < map->features ? map->block : map->features - first;
    bs_epoch_elementwise(map, rule, first, width, direction, sensitivity);
  }
}

/* Log-weights, of the samples that touch the columns alone. */
static void mask(bs_epoch_map *map, const bs_column_run *run, const double *log_weights) {
  for (size_t i = 0; i < map->samples; i++) map->masked[i] = -INFINITY;
  for (size_t n = run->begin; n < run->end; n++) map->masked[map->touching[n]] = log_weights[map->touching[n]];
}

/* Whether the samples of a batch that touch the columns have faded so far beside its others that their squares are
 * lost, by `masked`. */
static bool is_lost(const bs_epoch_map *map, const uint32_t *batch, size_t count, const double *log_weights) {
  double largest = -INFINITY, touching = -INFINITY;
  for (size_t n = 0; n < count; n++) {
    const double weight = log_weights[batch[n]], touches = map->masked[batch[n]];
    largest = weight > largest ? weight : largest;
    touching = touches > touching ? touches : touching;
  }
  return touching > -INFINITY && touching < largest - FADED;
}

static double largest_of(const bs_epoch_map *map, const double *log_weights) {
  double largest = -INFINITY;
  for (size_t i = 0; i < map->samples; i++) largest = log_weights[i] > largest ? log_weights[i] : largest;
  return largest;
}

/* Whether a sample touches the columns, and none whose log-weight is `least` or more. */
static bool touched_faintly(const bs_epoch_map *map, const bs_column_run *run, const double *log_weights,
                            double least) {
  bool touched = false;
  for (size_t n = run->begin; n < run->end; n++) {
    const double weight = log_weights[map->touching[n]];
    if (weight >= least) return false;
    touched |= weight > -INFINITY;
  }
  return touched;
}

/* Whether a sample touches the columns whose log-weight is below `least`. */
static bool any_faint(const bs_epoch_map *map, const bs_column_run *run, const double *log_weights, double least) {
  for (size_t n = run->begin; n < run->end; n++) {
    if (log_weights[map->touching[n]] < least) return true;
  }
  return false;
}

/* Whether the columns hang on the weights of the samples that touch them relative to each other, in any batch of these
 * schedules by a rule without memory. Fills `masked` then. largest: of the log-weights. */
static bool columns_stand_alone(bs_epoch_map *map, const bs_epoch_rule *rule, size_t first, size_t count,
                                const bs_column_run *run, const double *log_weights, double largest) {
  if (!bs_epoch_memoryless(rule)) {
    if (!touched_faintly(map, run, log_weights, largest - BS_STANDS_ALONE)) return false;
    mask(map, run, log_weights);
    return true;
  }
  if (!any_faint(map, run, log_weights, largest - FADED)) return false;
  mask(map, run, log_weights);
  for (size_t s = first; s < first + count; s++) {
    const bs_schedule *schedule = &map->schedules[s];
    for (size_t t = 0; t < schedule->steps; t++) {
      if (is_lost(map, schedule->sample + schedule->start[t], schedule->start[t + 1] - schedule->start[t], log_weights))
        return true;
    }
  }
  return false;
}

bool bs_epoch_map_has_columns_apart(bs_epoch_map *map, const bs_epoch_rule *rule, const double *log_weights) {
  const double largest = map->partial_count > 0 ? largest_of(map, log_weights) : 0.0;
  for (size_t p = 0; p < map->partial_count; p++)
    if (columns_stand_alone(map, rule, 0, map->schedule_count, &map->partial[p], log_weights, largest)) return true;
  return false;
}

static void rerun_columns(bs_epoch_map *map, const bs_epoch_rule *rule, size_t first, size_t count,
                          const bs_column_run *run, double *direction, double *sensitivity) {
  memset(direction + run->first, 0, run->count * sizeof *direction);
  for (size_t l = 0; sensitivity && l < map->samples; l++)
    memset(sensitivity + l * map->features + run->first, 0, run->count * sizeof *sensitivity);
  for (size_t s = first; s < first + count; s++) {
    bs_epoch_fill_weights(map, rule, &map->schedules[s], map->masked, false);
    bs_epoch_elementwise(map, rule, run->first, run->count, direction, sensitivity);
    map->spent += weighing_cost(rule, &map->schedules[s]) + cost_of_columns(map, rule, run->count, sensitivity != NULL);
  }
}

/* The mean over the steps of schedules first .. first + count - 1. */
static void run_schedules(bs_epoch_map *map, const bs_epoch_rule *rule, size_t first, size_t count,
                          const double *log_weights, double *direction, double *sensitivity) {
  const size_t entries = map->samples * map->features;
  const bool coupled = !bs_epoch_mean_of(rule->direction)->apply;
  size_t steps = 0;
  map->spent = 0.0;
  memset(direction, 0, map->features * sizeof *direction);
  if (sensitivity) memset(sensitivity, 0, entries * sizeof *sensitivity);
  for (size_t s = first; s < first + count; s++) {
    bs_epoch_fill_weights(map, rule, &map->schedules[s], log_weights, false);
    if (map->preconditioned)
      bs_epoch_preconditioned(map, rule, direction, sensitivity);
    else if (coupled)
      bs_epoch_spectral(map, rule, direction, sensitivity);
    else
      run_blocks(map, rule, direction, sensitivity);
    steps += map->schedules[s].steps;
    map->spent +=
        weighing_cost(rule, &map->schedules[s]) + cost_of_columns(map, rule, map->features, sensitivity != NULL);
  }
  const double largest = largest_of(map, log_weights);
  for (size_t p = 0; !coupled && p < map->partial_count; p++) {
    if (columns_stand_alone(map, rule, first, count, &map->partial[p], log_weights, largest))
      rerun_columns(map, rule, first, count, &map->partial[p], direction, sensitivity);
  }
  bs_scale(map->features, 1.0 / (double)steps, direction);
  if (sensitivity) bs_scale(entries, 1.0 / (double)steps, sensitivity);
}

void bs_epoch_map_evaluate(bs_epoch_map *map, const bs_epoch_rule *rule, const double *log_weights, double *direction,
                           double *sensitivity) {
  run_schedules(map, rule, 0, map->schedule_count, log_weights, direction, sensitivity);
}

void bs_epoch_map_evaluate_one(bs_epoch_map *map, size_t schedule, const bs_epoch_rule *rule, const double *log_weights,
                               double *direction) {
  run_schedules(map, rule, schedule, 1, log_weights, direction, NULL);
}

static void copy_momenta(bs_epoch_map *map, const bs_epoch_rule *rule, size_t first, size_t width, double *momenta,
                         double *sizes) {
  bs_epoch_fill_moments(map, rule, first, width);
  for (size_t t = 0; t < map->schedules->steps; t++) {
    memcpy(momenta + t * map->features + first, map->momentum + t * width, width * sizeof *momenta);
    memcpy(sizes + t * map->features + first, map->second + t * width, width * sizeof *sizes);
  }
}

void bs_epoch_map_momenta(bs_epoch_map *map, const bs_epoch_rule *rule, const double *log_weights, double *momenta,
                          double *sizes) {
  const size_t d = map->features;
  const double largest = largest_of(map, log_weights);
  bs_epoch_fill_weights(map, rule, map->schedules, log_weights, true);
  for (size_t first = 0; first < d; first += map->block)
    copy_momenta(map, rule, first, first + map->block < d ? map->block : d - first, momenta, sizes);
  for (size_t p = 0; p < map->partial_count; p++) {
    if (!columns_stand_alone(map, rule, 0, 1, &map->partial[p], log_weights, largest)) continue;
    bs_epoch_fill_weights(map, rule, map->schedules, map->masked, true);
    copy_momenta(map, rule, map->partial[p].first, map->partial[p].count, momenta, sizes);
  }
}
