/* What a max margin costs, told before it is solved. */
#include "data/dataset.h"

#include <math.h>

/* Factorisations that a solve takes: the l2 support is often found by a few exchanges, a linear programme's takes the
 * interior point's iterations and a polish. */
static const double QUADRATIC_FACTORS = 5.0, LINEAR_FACTORS = 40.0;
static const double MULTIPLICATIONS_A_SECOND = 1e10;

double biascope_margin_seconds(const biascope_dataset *data, biascope_norm_kind kind) {
  const double n = (double)data->samples, d = (double)data->features, order = fmin(n, d);
  const double entries = (double)biascope_dataset_nonzeros(data);
  /* X H X' takes a row's nonzeros for every pair of rows; X' H X, which has dense rows, all of its cells */
  const double gram = n <= d ? 0.5 * n * entries : 0.5 * n * d * d;
  const double factors = kind == BIASCOPE_L2 ? QUADRATIC_FACTORS : LINEAR_FACTORS;
  return factors * (gram + order * order * order / 3.0) / MULTIPLICATIONS_A_SECOND;
}
