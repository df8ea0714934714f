#include "limit/stability.h"

#include "base/dense.h"
#include "base/memory.h"
#include "base/vector.h"
#include "limit/response.h"
#include <math.h>
#include <stdlib.h>

static const double NEGLIGIBLE = 1e-6; /* of the largest eigenvalue: the common scale of the weights has eigenvalue 0 */

/* growth: of what the eigenvalues are derivatives; what is negligible beside it twice is rounding. */
static bool within(size_t n, const double *real, const double *imaginary, double growth, double epoch_step) {
  double largest = NEGLIGIBLE * growth;
  for (size_t j = 0; j < n; j++) largest = fmax(largest, hypot(real[j], imaginary[j]));
  for (size_t j = 0; j < n; j++) {
    if (real[j] < -NEGLIGIBLE * largest) return false;
    if (hypot(1.0 - epoch_step * real[j], epoch_step * imaginary[j]) > 1.0 + NEGLIGIBLE) return false;
  }
  return true;
}

biascope_status bs_equilibrium_stable(bs_game *game, const double *log_weights, double epoch_step, bool *stable,
                                      biascope_error *error) {
  bs_response response;
  double *real = NULL, *imaginary = NULL;
  *stable = true;
  biascope_status status = bs_response_create(game, &response, error);
  if (status == BIASCOPE_OK) {
    bs_game_evaluate(game, log_weights, true);
    bs_parts_rank(&game->parts, log_weights);
    status = bs_response_gather(&response, error);
  }
  const size_t n = response.order;
  if (status == BIASCOPE_OK && n > 0 && n <= BS_LARGEST_EXAMINED) {
    real = BS_NEW(double, n);
    imaginary = BS_NEW(double, n);
    const bs_dense_status found =
        real && imaginary ? bs_dense_eigenvalues(n, response.product, real, imaginary) : BS_DENSE_NO_MEMORY;
    if (found == BS_DENSE_OK) *stable = within(n, real, imaginary, bs_max_abs(game->samples, game->growth), epoch_step);
    if (found == BS_DENSE_NO_MEMORY) status = bs_fail_memory(error, "the eigenvalues at the equilibrium");
  }
  free(real);
  free(imaginary);
  bs_response_free(&response);
  return status;
}
