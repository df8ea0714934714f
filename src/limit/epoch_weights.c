/* From log-weights to the weights of the gradients that each step sees. */
#include "limit/epoch_block.h"

#include "base/vector.h"
#include <math.h>
#include <string.h>

static void softmax(size_t n, const double *log_weights, double *weight) {
  double largest = -INFINITY, sum = 0.0;
  for (size_t i = 0; i < n; i++) largest = fmax(largest, log_weights[i]);
  if (largest == -INFINITY) {
    memset(weight, 0, n * sizeof *weight);
    return;
  }
  for (size_t i = 0; i < n; i++) sum += weight[i] = exp(log_weights[i] - largest);
  bs_scale(n, 1.0 / sum, weight);
}

void bs_epoch_fill_weights(bs_epoch_map *map, const bs_epoch_rule *rule, const bs_schedule *schedule,
                           const double *log_weights) {
  const bs_comparison comparison = bs_epoch_comparison(rule);
  if (comparison == BS_COMPARE_IN_DATA || comparison == BS_COMPARE_IN_COLUMN) {
    softmax(map->samples, log_weights, map->weight);
    for (size_t n = 0; n < schedule->start[schedule->steps]; n++) map->entry[n] = map->weight[schedule->sample[n]];
    return;
  }
  for (size_t t = 0; t < schedule->steps; t++) {
    const size_t first = schedule->start[t], count = schedule->start[t + 1] - first;
    for (size_t n = 0; n < count; n++) map->entry[first + n] = log_weights[schedule->sample[first + n]];
    softmax(count, map->entry + first, map->entry + first);
  }
}

void bs_epoch_fill_gradients(bs_epoch_map *map, const bs_schedule *schedule, size_t first, size_t width) {
  for (size_t t = 0; t < schedule->steps; t++) {
    double *gradient = map->gradient + t * width;
    memset(gradient, 0, width * sizeof *gradient);
    const double share = 1.0 / (double)(schedule->start[t + 1] - schedule->start[t]);
    for (size_t n = schedule->start[t]; n < schedule->start[t + 1]; n++)
      bs_axpy(width, share * map->entry[n], map->rows + schedule->sample[n] * map->features + first, gradient);
  }
}
