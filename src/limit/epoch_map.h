/* The epoch map: the direction in which the weights move, per step, if the samples' gradients have the
 * weights c.  While the step size tends to zero, the batch gradients G_t = mean over batch t of c_i x_i
 * hardly change over many epochs, and the moments are their periodic moving averages. D(c) is the mean update
 * direction over one period: D = mean_t m_t / sqrt(v_t). It does not change when c is scaled, so it is a
 * function of log-weights up to a constant. One map serves every optimizer; rule/epoch.h describes the
 * differences. */
#ifndef BIASCOPE_LIMIT_EPOCH_MAP_H
#define BIASCOPE_LIMIT_EPOCH_MAP_H

#include "data/dataset.h"
#include "limit/schedule.h"
#include <math.h>

typedef struct bs_epoch_map bs_epoch_map;

/* Borrows the schedules; copies the rows if the dataset is sparse. `direction`: the kind that will be evaluated. */
biascope_status bs_epoch_map_create(const biascope_dataset *data, const bs_schedule *schedules, size_t schedule_count,
                                    bs_direction direction, bs_epoch_map **out, biascope_error *error);
void bs_epoch_map_free(bs_epoch_map *map);

/* N and d. Of k > 2 classes every row (w_y - w_j).x counts as a sample, N (k - 1) in all, and every weight as a
 * feature, k d in all; batches and losses are of samples, k - 1 rows each. */
size_t bs_epoch_map_samples(const bs_epoch_map *map);
size_t bs_epoch_map_features(const bs_epoch_map *map);
size_t bs_epoch_map_rows_of_each(const bs_epoch_map *map);
/* The samples, dense and row-major. */
const double *bs_epoch_map_rows(const bs_epoch_map *map);
size_t bs_epoch_map_schedules(const bs_epoch_map *map);

/* Whether columns that only some samples touch are decided by samples that are negligible beside others. */
bool bs_epoch_map_has_columns_apart(bs_epoch_map *map, const bs_epoch_rule *rule, const double *log_weights);

/* The approximate number of multiplications of an evaluation in which every sample has weight; and of the last one. */
double bs_epoch_map_cost(const bs_epoch_map *map, const bs_epoch_rule *rule, bool with_sensitivity);
double bs_epoch_map_spent(const bs_epoch_map *map);

/* direction: d entries, the mean over all schedules at c = softmax(log_weights); -INFINITY leaves a sample out.
 * sensitivity: N x d row-major, row l = dD / d log_weights[l]; or NULL. */
void bs_epoch_map_evaluate(bs_epoch_map *map, const bs_epoch_rule *rule, const double *log_weights, double *direction,
                           double *sensitivity);
/* The same for one schedule alone. */
void bs_epoch_map_evaluate_one(bs_epoch_map *map, size_t schedule, const bs_epoch_rule *rule, const double *log_weights,
                               double *direction);

/* The momenta of every step of the first schedule, and the same averages of sum c_i |x_i|: steps x d, row-major. */
void bs_epoch_map_momenta(bs_epoch_map *map, const bs_epoch_rule *rule, const double *log_weights, double *momenta,
                          double *sizes);
/* The sign of a momentum smoothed by `width`, the smoothing times its size. */
static inline double bs_smoothed_sign(double momentum, double width) {
  const double root = hypot(momentum, width);
  return root > 0.0 ? momentum / root : 0.0;
}
const bs_schedule *bs_epoch_map_schedule(const bs_epoch_map *map, size_t schedule);

#endif
