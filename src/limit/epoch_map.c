#include "limit/epoch_block.h"

#include "base/memory.h"
#include "base/vector.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Coordinates do not meet in an elementwise rule, so the map runs over blocks of them that fit the cache. */
enum { BLOCK_BYTES = 1 << 20, BLOCK_LEAST = 4 };

size_t bs_epoch_map_samples(const bs_epoch_map *map) {
  return map->samples;
}
size_t bs_epoch_map_features(const bs_epoch_map *map) {
  return map->features;
}
const double *bs_epoch_map_rows(const bs_epoch_map *map) {
  return map->rows;
}
size_t bs_epoch_map_schedules(const bs_epoch_map *map) {
  return map->schedule_count;
}

static bool take_rows(bs_epoch_map *map, const biascope_dataset *data) {
  map->rows = data->dense;
  if (!data->dense) {
    map->copied_rows = BS_NEW(double, data->samples * data->features);
    if (!map->copied_rows) return false;
    for (size_t i = 0; i < data->samples; i++) bs_row_axpy(data, i, 1.0, map->copied_rows + i * data->features);
    map->rows = map->copied_rows;
  }
  for (size_t i = 0; i < data->samples; i++) {
    for (size_t k = 0; k < data->features; k++)
      map->scale[k] = fmax(map->scale[k], fabs(map->rows[i * data->features + k]));
  }
  return true;
}

biascope_status bs_epoch_map_create(const biascope_dataset *data, const bs_schedule *schedules, size_t schedule_count,
                                    bs_rule rule, bs_epoch_map **out, biascope_error *error) {
  size_t steps = 0;
  for (size_t s = 0; s < schedule_count; s++) steps = schedules[s].steps > steps ? schedules[s].steps : steps;
  size_t block = BLOCK_BYTES / (3 * steps * sizeof(double));
  if (block < BLOCK_LEAST) block = BLOCK_LEAST;
  if (block > data->features || rule == BS_RULE_NORMALISED) block = data->features;
  *out = NULL;
  bs_epoch_map *map = BS_NEW(bs_epoch_map, 1);
  if (!map) return bs_fail_memory(error, "the epoch map");
  *map = (bs_epoch_map){.schedules = schedules,
                        .schedule_count = schedule_count,
                        .samples = data->samples,
                        .features = data->features,
                        .block = block};
  map->weight = BS_NEW(double, data->samples);
  map->scale = BS_NEW(double, data->features);
  map->gradient = BS_NEW(double, steps *block);
  map->momentum = BS_NEW(double, steps *block);
  map->second = BS_NEW(double, steps *block);
  map->length = BS_NEW(double, steps);
  map->state = BS_NEW(double, block);
  map->sum = BS_NEW(double, block);
  if (!map->weight || !map->scale || !map->gradient || !map->momentum || !map->second || !map->length || !map->state ||
      !map->sum || !take_rows(map, data)) {
    bs_epoch_map_free(map);
    return bs_fail_memory(error, "the epoch map");
  }
  *out = map;
  return BIASCOPE_OK;
}

void bs_epoch_map_free(bs_epoch_map *map) {
  if (!map) return;
  free(map->copied_rows);
  free(map->weight);
  free(map->scale);
  free(map->gradient);
  free(map->momentum);
  free(map->second);
  free(map->length);
  free(map->state);
  free(map->sum);
  free(map);
}

static void softmax(size_t n, const double *log_weights, double *weight) {
  double largest = -INFINITY, sum = 0.0;
  for (size_t i = 0; i < n; i++) largest = fmax(largest, log_weights[i]);
  for (size_t i = 0; i < n; i++) sum += weight[i] = exp(log_weights[i] - largest);
  bs_scale(n, 1.0 / sum, weight);
}

/* With smoothing the scale of c matters, and softmax fixes it: subtract c_l times the sum of the rows. */
static void project_out_scale(bs_epoch_map *map, double *sensitivity) {
  for (size_t first = 0; first < map->features; first += map->block) {
    const size_t width = first + map->block < map->features ? map->block : map->features - first;
    memset(map->sum, 0, width * sizeof *map->sum);
    for (size_t l = 0; l < map->samples; l++) bs_axpy(width, 1.0, sensitivity + l * map->features + first, map->sum);
    for (size_t l = 0; l < map->samples; l++)
      bs_axpy(width, -map->weight[l], map->sum, sensitivity + l * map->features + first);
  }
}

static void run_schedule(bs_epoch_map *map, const bs_epoch_rule *rule, const bs_schedule *schedule, double *direction,
                         double *sensitivity) {
  if (rule->rule == BS_RULE_NORMALISED) {
    bs_epoch_normalised(map, rule, schedule, direction, sensitivity);
    return;
  }
  for (size_t first = 0; first < map->features; first += map->block) {
    const size_t width = first + map->block < map->features ? map->block : map->features - first;
    bs_epoch_elementwise(map, rule, schedule, first, width, direction, sensitivity);
  }
}

void bs_epoch_map_evaluate(bs_epoch_map *map, const bs_epoch_rule *rule, const double *log_weights, double *direction,
                           double *sensitivity) {
  const size_t entries = map->samples * map->features;
  softmax(map->samples, log_weights, map->weight);
  memset(direction, 0, map->features * sizeof *direction);
  if (sensitivity) memset(sensitivity, 0, entries * sizeof *sensitivity);
  size_t steps = 0;
  for (size_t s = 0; s < map->schedule_count; s++) {
    run_schedule(map, rule, &map->schedules[s], direction, sensitivity);
    steps += map->schedules[s].steps;
  }
  bs_scale(map->features, 1.0 / (double)steps, direction);
  if (!sensitivity) return;
  bs_scale(entries, 1.0 / (double)steps, sensitivity);
  if (rule->smoothing > 0.0) project_out_scale(map, sensitivity);
}

void bs_epoch_map_evaluate_one(bs_epoch_map *map, size_t schedule, const bs_epoch_rule *rule, const double *log_weights,
                               double *direction) {
  softmax(map->samples, log_weights, map->weight);
  memset(direction, 0, map->features * sizeof *direction);
  run_schedule(map, rule, &map->schedules[schedule], direction, NULL);
  bs_scale(map->features, 1.0 / (double)map->schedules[schedule].steps, direction);
}
