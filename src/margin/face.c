#include "base/vector.h"
#include "biascope.h"
#include <string.h>

biascope_status biascope_margin_cosine(const biascope_dataset *data, biascope_norm norm,
                                       const biascope_margin *solution, const double *w, double *cosine,
                                       double *nearest, biascope_error *error) {
  (void)data;
  (void)norm;
  (void)error;
  *cosine = bs_cosine(solution->features, solution->direction, w);
  if (nearest) memcpy(nearest, solution->direction, solution->features * sizeof *nearest);
  return BIASCOPE_OK;
}
