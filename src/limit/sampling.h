/* Random orders: the epoch map is a mean over random sequences; this computes the error of that mean. */
#ifndef BIASCOPE_LIMIT_SAMPLING_H
#define BIASCOPE_LIMIT_SAMPLING_H

#include "limit/game.h"

enum { BS_REPLICATES = 16 };

/* The steps in one replicate if the caller asks for `total` in all: enough for the moving averages. */
size_t bs_replicate_steps(size_t total, double beta1, double beta2);

/* How many of these the total makes: BS_REPLICATES at most, of a long memory fewer, and `least` in any case. */
size_t bs_replicates_of_total(size_t total, double beta1, double beta2, size_t least);

/* Independent estimates of D at the same weights: count x d. */
typedef struct {
  size_t count;
  const double *direction;
} bs_replicates;

/* The standard error (angle, radians) of the direction at an equilibrium of the game, whose D is about the mean over
 * the replicates, at its weights. It combines the spread of D between replicates with the shift of c that
 * responds to it, and includes the difference between that mean and D. */
biascope_status bs_sampling_error(bs_game *game, bs_replicates replicates, const double *log_weights, double *out,
                                  biascope_error *error);

/* BIASCOPE_NOT_CONVERGED: the best point that was found has that gap, INFINITY where there is none. */
biascope_status bs_fail_random_order(double tolerance, double gap, biascope_error *error);

#endif
