/* The mean of a rule's steps over an epoch of fixed batch gradients G_t that repeat for ever: the moments are then
 * periodic. limit/epoch_map.h evaluates it for weights of the samples. */
#ifndef BIASCOPE_RULE_EPOCH_H
#define BIASCOPE_RULE_EPOCH_H

#include <stdbool.h>
#include <stddef.h>

typedef enum {
  BS_IDENTITY,           /* m */
  BS_NORMALISED,         /* m / ||m||_2 */
  BS_SIGN,               /* sign(m), sign(0) = 0 */
  BS_RATIO,              /* m / (sqrt(v) + eps), 0/0 = 0 */
  BS_SPECTRAL,           /* by the singular values and vectors of m, whatever its size */
  BS_SPECTRAL_SIZED,     /* the same, of the size of m */
  BS_PRECONDITIONED,     /* L^-1/4 m R^-1/4, with v the averages L and R of g g' and g' g */
  BS_PRECONDITIONED_LEFT /* L^-1/2 m */
} bs_direction;

/* Beside the largest singular value of m, what is no more than rounding: its vectors are none of m's. */
#define BS_RANK_CUT 1e-13
/* Eigenvalues of L and R are held above so much of the largest. */
#define BS_LEAST_EIGENVALUE 1e-15

/* Whether a coordinate's step reads other coordinates. */
bool bs_direction_couples(bs_direction direction);
bool bs_direction_is_preconditioned(bs_direction direction);
/* Whether the step grows with m. */
bool bs_direction_grows(bs_direction direction);

typedef struct {
  bs_direction direction;
  double beta1, beta2; /* of the moving averages, in [0, 1]: 0 keeps the current gradient, 1 the period's mean */
  /* The step's momentum is m_t + lead (g_t - m_(t-1)): the current gradient's weight beyond its part in m. */
  double lead;
  /* BS_SIGN: m / sqrt(m^2 + smoothing^2 a^2) instead of sign(m), with a the same average of sum c_i |x_i|. BS_RATIO:
   * v is the average of G_t^2 + (smoothing sum c_i |x_i|)^2. */
  double smoothing;
} bs_epoch_rule;

/* The sets in which a step compares the weights of samples. A sample whose weight is negligible in its set does not
 * count. A set whose weights are all small still decides the step of its batch or column. */
typedef enum {
  BS_COMPARE_IN_DATA,
  BS_COMPARE_IN_BATCH,
  BS_COMPARE_IN_COLUMN,
  BS_COMPARE_IN_BATCH_AND_COLUMN
} bs_comparison;

typedef enum {
  BS_AVERAGE_NOTHING,
  BS_AVERAGE_SQUARES, /* of G_t, by beta2 */
  BS_AVERAGE_SIZES    /* of sum c_i |x_i| over the batch, as the momentum averages the gradient */
} bs_epoch_second;

/* How the mean of a direction is computed, cell by cell: a cell is a coordinate at a step. */
typedef struct {
  bs_epoch_second second;
  /* Adds the steps of the cells (steps x width), each counted `repeats` (steps) times, to direction (width). Leaves its
   * derivatives by the momentum in `momentum`, and in `second` those by the size, or twice those by the square. NULL:
   * coordinates are coupled. */
  void (*apply)(const bs_epoch_rule *rule, size_t steps, size_t width, const double *repeats, double *momentum,
                double *second, double *direction);
  double (*decay)(const bs_epoch_rule *rule); /* the factor by which a step without gradient reduces the update */
  bs_comparison with_memory, without_memory;
} bs_epoch_mean;

extern const bs_epoch_mean bs_mean_identity, bs_mean_normalised, bs_mean_sign, bs_mean_ratio, bs_mean_preconditioned;

const bs_epoch_mean *bs_epoch_mean_of(bs_direction direction);
/* The weight of earlier momenta in a step: beta1 if there is no lead. */
static inline double bs_epoch_past(const bs_epoch_rule *rule) {
  return rule->beta1 - rule->lead;
}
/* Whether a step depends only on its own batch. */
bool bs_epoch_memoryless(const bs_epoch_rule *rule);
bs_comparison bs_epoch_comparison(const bs_epoch_rule *rule);
/* The decay of updates that follow the direction of the momentum: 1 if there is any memory. */
double bs_epoch_direction_stays(const bs_epoch_rule *rule);

#endif
