/* The optimizer's state: weights, and moments that carry exponents of their own. The weights are a matrix, a row for
 * each output: one for two classes, else one for each class.
 *
 * Coordinate k's true moments are m_k 2^e_k and v_k 4^e_k. Exponents are whole, so that moving one is exact and
 * results do not depend on when it moves. One exponent serves all coordinates of an output until they drift too far
 * apart (a feature that only samples of vanishing weight have): from then on each has its own. */
#ifndef BIASCOPE_TRAIN_MOMENTS_H
#define BIASCOPE_TRAIN_MOMENTS_H

#include "base/weight.h"
#include "data/dataset.h"
#include "rule/optimizer.h"

/* One output's; those of several stand in an array, and their arrays are slices of the first one's. */
typedef struct {
  const bs_optimizer_rule *rule;
  bs_step *step;  /* the rule's, or one that gives its bits in less time */
  size_t outputs; /* in all: the length of the array that this is the first of */
  size_t features, padded;
  double beta1, beta2, eps;
  double decay;          /* weight decay that is added to the gradient */
  bool forget;           /* nothing of m and v outlives a step */
  double *w, *m, *v, *g; /* padded */
  double *unit;          /* what bs_update.eps holds, kept in step with the exponents */
  int64_t *exponent;     /* features */
  bool common;           /* every coordinate has exponent[0] */
  bool coupled;          /* for good: a step, or the noise, measures the coordinates, of all outputs, together */
  int64_t lowest;        /* least of the exponents */
  int64_t most;          /* a gradient of one sample with this exponent or a lower one fits them, in one unit */
  size_t factor_count;
  bs_matrix_state matrix; /* of rules that act on a matrix; the first output's counts */
  bool *unseen;           /* features: no gradient has reached this coordinate yet */
  size_t unseen_count;
  int *size;  /* samples: exponent of its largest entry; the first output's */
  int spread; /* most that a sample's entries lie below its size */
} bs_moments;

/* A gradient in exponents of its own: entry k is value[k] 2^exponent[k]. One output's. */
typedef struct {
  double *value;     /* padded; below 1, and 0 or at least 1/2 */
  int64_t *exponent; /* features */
  int64_t high, low; /* the largest and the least of its entries' exponents; high < low: all are zero */
} bs_known_gradient;

/* A batch: its samples, and the weight that each has in an output's gradient, -l'(z_i)/|B|; outputs x count. Its
 * gradient is their sum, and `known` where that is not NULL; one for each output. */
typedef struct {
  const uint32_t *sample;
  const bs_weight *weight;
  size_t count;
  const bs_known_gradient *known;
} bs_weighted_batch;

/* The batch as one output sees it. */
static inline bs_weighted_batch bs_batch_of_output(const bs_weighted_batch *batch, size_t output) {
  return (bs_weighted_batch){batch->sample, batch->weight + output * batch->count, batch->count,
                             batch->known ? batch->known + output : NULL};
}

/* `moments`: an array, one of each output of the data (bs_outputs). What follows is of all outputs, where nothing else
 * is said. */
biascope_status bs_moments_create(bs_moments *moments, const biascope_dataset *data, const biascope_options *options,
                                  biascope_error *error);
/* The same, of one output, for features and samples of which nothing is known: their exponents and sizes are the
 * caller's to fill. */
biascope_status bs_moments_create_blank(bs_moments *moments, const biascope_options *options, size_t samples,
                                        size_t features, biascope_error *error);
void bs_moments_free(bs_moments *moments);

/* A factor beyond this power of two, or its inverse, is not used. */
enum { BS_LEAST_POWER = -1000 };

/* Whether that batch's gradient can be added with every exponent as it is. One output. */
bool bs_moments_fit(const bs_moments *moments, const bs_weighted_batch *batch);
/* Whether m and v are those of the step before no more: nothing of them outlives a step. */
bool bs_moments_forget(const bs_moments *moments);
/* Whether one factor of its row gives a sample's gradient in every coordinate's own unit; the factor then. One output.
 */
bool bs_moments_scale(const bs_moments *moments, size_t sample, bs_weight weight, double *scale);
/* The factor by which the row of a batch's only sample gives its gradient, where exponents may stay as they are. False:
 * see bs_moments_prepare. */
INLINE bool bs_moments_scale_one(const bs_moments *moments, size_t sample, bs_weight weight, double *scale) {
  const int64_t size = moments->size[sample], power = weight.exponent - moments->exponent[0];
  *scale = -weight.mantissa * bs_power_of_two(power);
  return weight.exponent + size <= moments->most && power + size >= BS_LEAST_POWER && power >= BS_LEAST_POWER &&
         power <= -BS_LEAST_POWER && weight.mantissa != 0.0;
}
/* Moves exponents up where the batch outweighs the moments, before its gradient is added. */
void bs_moments_prepare(bs_moments *moments, const biascope_dataset *data, const bs_weighted_batch *batch);
/* Adds the weight decay that belongs to the gradient: after bs_moments_prepare. */
void bs_moments_add_decay(bs_moments *moments);
/* Adds the batch's known gradient: after bs_moments_prepare. */
void bs_moments_add_known(bs_moments *moments, const bs_weighted_batch *batch);
/* Moves exponents down where moments have faded, after an update that reported it. */
void bs_moments_renormalise(bs_moments *moments);
/* Recomputes `unit`, `lowest` and `unseen_count` from the exponents, as after reading them from a file. One output. */
void bs_moments_refresh(bs_moments *moments);
/* ||g||_2, of outputs with one exponent. */
double bs_moments_gradient_norm(const bs_moments *moments);
/* log ||m||_1 and log ||sqrt(v)||_inf of the true moments. */
double bs_moments_log_sum(const bs_moments *moments);
double bs_moments_log_largest_root(const bs_moments *moments);

#endif
