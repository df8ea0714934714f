/* Estimates the cost of a max margin before it is solved. */
#include "data/dataset.h"

#include <math.h>

/* Factorisations that a solve takes: the l2 support is often found by a few exchanges, a linear programme's takes the
 * interior point's iterations and a polish. */
static const double QUADRATIC_FACTORS = 5.0, LINEAR_FACTORS = 40.0, MATRIX_FACTORS = 30.0;
static const double MULTIPLICATIONS_A_SECOND = 1e10;

/* Of norms of matrices: blocks of (k-1) x (k-1) times x x' for each sample, and a system of all weights. */
static double matrix_seconds(const biascope_dataset *data) {
  const double lines = (double)bs_outputs(data) - 1.0, d = (double)data->features, order = lines * d;
  const double gram = 0.5 * (double)data->samples * order * order;
  return MATRIX_FACTORS * (gram + 2.0 / 3.0 * order * order * order) / MULTIPLICATIONS_A_SECOND;
}

double biascope_margin_seconds(const biascope_dataset *data, biascope_norm_kind kind) {
  const bool of_matrices = kind == BIASCOPE_SPECTRAL || kind == BIASCOPE_NUCLEAR;
  if (of_matrices && bs_outputs(data) > 1) return matrix_seconds(data);
  const double classes = (double)bs_outputs(data), rows = classes > 1.0 ? classes - 1.0 : 1.0;
  const double n = rows * (double)data->samples, d = classes * (double)data->features, order = fmin(n, d);
  const double entries = rows * (double)biascope_dataset_nonzeros(data),
               cells = d / (classes > 1.0 ? 0.5 * classes : 1.0);
  /* X H X' takes a row's nonzeros for every pair of rows; X' H X, which has dense rows, all of its cells: those of two
   * classes where there are several */
  const double gram = n <= d ? 0.5 * n * entries : 0.5 * n * cells * cells;
  const double factors = kind == BIASCOPE_L2 ? QUADRATIC_FACTORS : LINEAR_FACTORS;
  return factors * (gram + order * order * order / 3.0) / MULTIPLICATIONS_A_SECOND;
}
