#include "limit/sampling.h"

#include "base/memory.h"
#include "base/vector.h"
#include "limit/response.h"
#include <math.h>
#include <stdlib.h>

enum { LONGEST_MEMORY = 1 << 14 };

static const double REGULAR = 1e-10; /* shift of the linear system, of the growth */
static const double MEMORIES = 5.0;  /* of the longer average, in a replicate */

size_t bs_replicate_steps(size_t total, double beta1, double beta2) {
  const double memory = MEMORIES / (1.0 - fmax(beta1, beta2));
  const size_t least = memory < LONGEST_MEMORY ? (size_t)memory : LONGEST_MEMORY, share = total / BS_REPLICATES;
  return share > least ? share : least;
}

size_t bs_replicates_of_total(size_t total, double beta1, double beta2, size_t least) {
  const size_t made = total / bs_replicate_steps(total, beta1, beta2);
  return made < least ? least : made < BS_REPLICATES ? made : BS_REPLICATES;
}

/* change (d entries, in: D of the replicate less the mean) becomes the change of the equilibrium's direction. */
static void respond(const bs_response *response, double *change, double *right, double *own) {
  const bs_game *game = response->game;
  for (size_t j = 0; j < response->n; j++)
    right[j] = -bs_dot(game->features, response->rows + j * game->features, change);
  bs_response_solve(response, right, own);
  bs_axpy(game->features, 1.0, own, change);
}

/* The error of a mean of replicates; what their mean is off by counts in full. */
static void spread(const bs_game *game, bs_replicates of, const bs_response *response, double *change, double *own,
                   double *right, double *mean, double *out) {
  const size_t replicates = of.count, d = game->features;
  const double length = bs_norm2(d, game->direction);
  double sum = 0.0;
  for (size_t r = 0; r < replicates; r++) {
    for (size_t k = 0; k < d; k++) change[k] = of.direction[r * d + k] - game->direction[k];
    respond(response, change, right, own);
    bs_axpy(d, -bs_dot(d, change, game->direction) / (length * length), game->direction, change);
    const double angle = bs_norm2(d, change) / length;
    sum += angle * angle;
    bs_axpy(d, 1.0 / (double)replicates, change, mean);
  }
  *out = hypot(sqrt(sum / (double)(replicates * (replicates - 1))), bs_norm2(d, mean) / length);
}

biascope_status bs_sampling_error(bs_game *game, bs_replicates replicates, const double *log_weights, double *out,
                                  biascope_error *error) {
  bs_response response;
  biascope_status status = bs_response_create(game, &response, error);
  double *change = BS_NEW(double, game->features), *own = BS_NEW(double, game->features);
  double *right = BS_NEW(double, game->samples), *mean = BS_NEW(double, game->features);
  if (status == BIASCOPE_OK && (!change || !own || !right || !mean))
    status = bs_fail_memory(error, "the standard error");
  if (status == BIASCOPE_OK) {
    bs_game_evaluate(game, log_weights, true);
    bs_parts_rank(&game->parts, log_weights);
    status = bs_response_gather(&response, error);
  }
  if (status == BIASCOPE_OK && bs_response_factor(&response, REGULAR * bs_max_abs(game->samples, game->growth)))
    spread(game, replicates, &response, change, own, right, mean, out);
  bs_response_free(&response);
  free(change);
  free(own);
  free(right);
  free(mean);
  return status;
}

biascope_status bs_fail_random_order(double tolerance, double gap, biascope_error *error) {
  if (!isfinite(gap))
    return bs_fail(
        error, BIASCOPE_NOT_CONVERGED,
        "no equilibrium of the mean over random orders was found: m / sqrt(v) grows beyond all numbers while "
        "the samples drawn are faint");
  return bs_fail(
      error, BIASCOPE_NOT_CONVERGED,
      "no equilibrium of the mean over random orders with gap <= %.1e was found: the best point has gap %.1e",
      tolerance, gap);
}
