/* The inside of the epoch map: one schedule, one block of coordinates at a time. */
#ifndef BIASCOPE_LIMIT_EPOCH_BLOCK_H
#define BIASCOPE_LIMIT_EPOCH_BLOCK_H

#include "limit/epoch_map.h"
#include "limit/moving_average.h"

/* The steps of a schedule whose batches have samples that weigh, and those samples. What the steps between do follows
 * in closed form: the moments decay, m by beta1 and sqrt(v) by sqrt(beta2) a step. */
typedef struct {
  bs_period period;
  size_t *start;    /* period.steps + 1 */
  uint32_t *sample; /* of kept step t: sample[start[t]] .. sample[start[t + 1] - 1] */
  double *entry;    /* c of every entry of `sample` */
  double *share;    /* of every kept step: 1 / the size of its batch */
  double *gap;      /* of every kept step: the steps to the next, itself included */
  double *repeats;  /* of every kept step: its update times this is the sum of the updates until the next */
} bs_kept_steps;

/* The entries of each sample in the kept steps: head[l], and after entry n next[n], to BS_NO_ENTRY; step[n] is that of
 * entry n. */
typedef struct {
  uint32_t *head, *next, *step;
} bs_entries;
#define BS_NO_ENTRY UINT32_MAX

/* Columns side by side that the same samples touch, some but not all of them: map->touching[begin .. end - 1]. */
typedef struct {
  size_t first, count, begin, end;
} bs_column_run;

/* Differences of log-weights. Samples that lie further behind the first than BS_FAINT are left out of columns, beside
 * the others; columns whose own first lies further behind than BS_STANDS_ALONE are computed again from their own. */
#define BS_FAINT 80.0
#define BS_STANDS_ALONE 40.0

/* What steps along singular vectors are computed in (epoch_spectral.c). NULL: out of memory. */
typedef struct bs_spectral_work bs_spectral_work;
bs_spectral_work *bs_spectral_create(const bs_epoch_map *map, bs_direction direction, size_t steps);
void bs_spectral_free(bs_spectral_work *work);
/* The same for Shampoo's steps (epoch_preconditioned.c). */
typedef struct bs_preconditioned_work bs_preconditioned_work;
bs_preconditioned_work *bs_preconditioned_create(const bs_epoch_map *map, bs_direction direction, size_t steps);
void bs_preconditioned_free(bs_preconditioned_work *work);

struct bs_epoch_map {
  const bs_schedule *schedules;
  size_t schedule_count, samples, features;
  size_t outputs;           /* rows of the matrix of weights */
  const uint32_t *class_of; /* of each sample, of several classes */
  size_t block;             /* coordinates worked on at once */
  const double *rows;
  double *copied_rows;    /* of a sparse dataset, or of several classes */
  bs_column_run *partial; /* at most `features` */
  size_t partial_count;
  uint32_t *touching;   /* samples that touch the partial columns, those of each run side by side */
  double *masked;       /* N: log-weights of the samples that touch a column */
  double *weight;       /* N: c */
  bs_kept_steps kept;   /* of the schedule at hand */
  bs_entries of_sample; /* of steps that couple coordinates, else NULL */
  double *gradient, *momentum, *second, *size; /* kept steps x block; size: of smoothed ratios */
  bs_spectral_work *spectral;                  /* of such steps, else NULL */
  bs_preconditioned_work *preconditioned;
  double *state; /* block */
  double spent;  /* multiplications of the last evaluation */
};

/* Whether weights are compared within each batch, and not among all samples. */
bool bs_epoch_weighs_batches(const bs_epoch_rule *rule);
/* Fills `weight` and `kept` from log-weights: softmax over each batch where these are compared, else over all samples.
 * every_step: keeps the steps without samples that weigh, too. */
void bs_epoch_fill_weights(bs_epoch_map *map, const bs_epoch_rule *rule, const bs_schedule *schedule,
                           const double *log_weights, bool every_step);
/* Fills `of_sample` from `kept`. */
void bs_epoch_list_entries(bs_epoch_map *map);
/* gradient_t = mean over batch t of c_i x_i, on coordinates first .. first + width - 1. */
void bs_epoch_fill_gradients(bs_epoch_map *map, size_t first, size_t width);
/* The moments after every kept step: momentum, and in second what the rule's mean averages beside it. */
void bs_epoch_fill_moments(bs_epoch_map *map, const bs_epoch_rule *rule, size_t first, size_t width);

/* Add the updates of the schedule at hand, summed over its steps, to direction (d), and their derivatives by the
 * log-weights to sensitivity (N x d, or NULL). */
void bs_epoch_elementwise(bs_epoch_map *map, const bs_epoch_rule *rule, size_t first, size_t width, double *direction,
                          double *sensitivity);
/* The same for steps made of the singular values and vectors of the momentum, and m / ||m||_2: all coordinates at once,
 * so `block` is d. */
void bs_epoch_spectral(bs_epoch_map *map, const bs_epoch_rule *rule, double *direction, double *sensitivity);
/* The same for steps L^-1/4 M R^-1/4 or L^-1/2 M. */
void bs_epoch_preconditioned(bs_epoch_map *map, const bs_epoch_rule *rule, double *direction, double *sensitivity);
/* Multiplications of it over a schedule of so many steps and entries of batches, roughly. */
double bs_epoch_preconditioned_cost(const bs_epoch_map *map, double steps, double entries, bool with_sensitivity);

/* Whether the same of the `count` samples listed, or of the first ones if that is NULL, touch the column and the one
 * before. */
bool bs_columns_touched_alike(const bs_epoch_map *map, const uint32_t *listed, size_t count, size_t column);

#endif
