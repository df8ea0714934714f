#include "limit/stability.h"

#include "base/lapack.h"
#include "base/memory.h"
#include "base/vector.h"
#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double NEGLIGIBLE = 1e-6; /* of the largest eigenvalue: the common scale of the weights has eigenvalue 0 */

static void gather(const bs_game *game, const bs_support_system *support, const double *by_sample, double *out) {
  for (size_t j = 0; j < support->n; j++)
    memcpy(out + j * game->features, by_sample + support->member[j] * game->features, game->features * sizeof *out);
}

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

static biascope_status examine(const bs_game *game, const bs_support_system *support, double epoch_step, bool *stable,
                               biascope_error *error) {
  const size_t n = support->n, d = game->features;
  double *rows = BS_NEW(double, n *d), *slopes = BS_NEW(double, n *d), *matrix = BS_NEW(double, n *n);
  double *real = BS_NEW(double, n), *imaginary = BS_NEW(double, n);
  bool allocated = rows && slopes && matrix && real && imaginary;
  if (allocated) {
    gather(game, support, game->rows, rows);
    gather(game, support, game->sensitivity, slopes);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)n, (int)d, 1.0, slopes, (int)d, rows, (int)d, 0.0,
                matrix, (int)n);
    const lapack_int failed = bs_lapack_eigenvalues(n, matrix, real, imaginary);
    if (failed == 0) *stable = within(n, real, imaginary, bs_max_abs(game->samples, game->growth), epoch_step);
    allocated = failed != LAPACK_WORK_MEMORY_ERROR;
  }
  free(rows);
  free(slopes);
  free(matrix);
  free(real);
  free(imaginary);
  return allocated ? BIASCOPE_OK : bs_fail_memory(error, "the eigenvalues at the equilibrium");
}

biascope_status bs_equilibrium_stable(bs_game *game, const double *log_weights, double epoch_step, bool *stable,
                                      biascope_error *error) {
  bs_support_system support;
  *stable = true;
  biascope_status status = bs_support_system_create(game, &support, error);
  if (status == BIASCOPE_OK) {
    bs_support_system_list(&support, log_weights);
    if (support.levels == 1 && support.n <= BS_LARGEST_EXAMINED) {
      bs_game_evaluate(game, log_weights, true);
      status = examine(game, &support, epoch_step, stable, error);
    }
  }
  bs_support_system_free(&support);
  return status;
}
