/* The mean of a rule's steps over an epoch of frozen batch gradients G_t, which repeat for ever: what the moments are
 * then, and what the step is of them. limit/epoch_map.h evaluates it for weights of the samples. */
#ifndef BIASCOPE_RULE_EPOCH_H
#define BIASCOPE_RULE_EPOCH_H

#include <stdbool.h>
#include <stddef.h>

typedef enum {
  BS_IDENTITY,      /* m */
  BS_NORMALISED,    /* m / ||m||_2 */
  BS_SIGN,          /* sign(m), sign(0) = 0 */
  BS_RATIO,         /* m / (sqrt(v) + eps), 0/0 = 0 */
  BS_SPECTRAL,      /* by the singular values and vectors of m, whatever its size */
  BS_SPECTRAL_SIZED /* the same, of the size of m */
} bs_direction;

/* Whether a coordinate's step reads other coordinates. */
bool bs_direction_couples(bs_direction direction);
/* Whether the step grows with m. */
bool bs_direction_grows(bs_direction direction);

typedef struct {
  bs_direction direction;
  double beta1, beta2; /* in [0, 1]; of the moving averages: 0 keeps the current gradient, 1 the mean over the period */
  /* The step's momentum is m_t + lead (g_t - m_(t-1)): what the current gradient weighs in it beyond its part in m. */
  double lead;
  /* BS_SIGN: m / sqrt(m^2 + smoothing^2 a^2) in the place of sign(m), a the same average of sum c_i |x_i|. */
  double smoothing;
} bs_epoch_rule;

/* Among which samples the weights that a step sees are compared: those that have faded beside the others of their set
 * count for nothing, and those of a set that has faded as a whole still decide the step of its batch or column. */
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

/* How a direction's mean is formed, cell by cell: a cell is a coordinate at a step. */
typedef struct {
  bs_epoch_second second;
  /* Adds what the cells (steps x width) move a weight by, each step as often as `repeats` (steps) says, to direction
   * (width), and leaves the derivatives of that by the momentum in `momentum`; in `second`, by the size, or twice that
   * by the square. NULL: coordinates are coupled. */
  void (*apply)(const bs_epoch_rule *rule, size_t steps, size_t width, const double *repeats, double *momentum,
                double *second, double *direction);
  double (*decay)(const bs_epoch_rule *rule); /* what a step without gradient leaves of the update */
  bs_comparison with_memory, without_memory;
} bs_epoch_mean;

extern const bs_epoch_mean bs_mean_identity, bs_mean_normalised, bs_mean_sign, bs_mean_ratio;

const bs_epoch_mean *bs_epoch_mean_of(bs_direction direction);
/* What the momenta before weigh in a step's: beta1 where nothing leads. */
static inline double bs_epoch_past(const bs_epoch_rule *rule) {
  return rule->beta1 - rule->lead;
}
/* Whether a step sees no batch but its own. */
bool bs_epoch_memoryless(const bs_epoch_rule *rule);
bs_comparison bs_epoch_comparison(const bs_epoch_rule *rule);
/* The decay of updates by the direction of the momentum: all is left where there is any memory. */
double bs_epoch_direction_stays(const bs_epoch_rule *rule);

#endif
