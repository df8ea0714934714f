#include "study/reference.h"

#include <stddef.h>

/* Multiplications of a search beside training: half a minute. */
static const double PREDICTION_EFFORT = 5e10;

biascope_status bs_reference_create(const biascope_dataset *data, const biascope_dataset *test, biascope_problem **out,
                                    biascope_error *error) {
  biascope_status status = biascope_problem_create(data, out, error);
  if (status == BIASCOPE_OK && test) status = biascope_problem_set_test(*out, test, error);
  const biascope_reference_set all = biascope_dataset_references(data);
  for (size_t n = 0; n < BIASCOPE_REFERENCE_NORMS && status == BIASCOPE_OK; n++) {
    const biascope_margin *solution;
    if (all >> n & 1) status = biascope_problem_margin(*out, biascope_reference_norm(n), &solution, error);
    if (status == BIASCOPE_NOT_CONVERGED) status = BIASCOPE_OK;
  }
  if (status == BIASCOPE_OK) return status;
  biascope_problem_free(*out);
  *out = NULL;
  return status;
}

biascope_status bs_reference_limit(biascope_problem *problem, const biascope_options *options,
                                   const biascope_prediction **out, biascope_error *error) {
  const biascope_status status = biascope_problem_limit(problem, options, PREDICTION_EFFORT, out, error);
  if (status == BIASCOPE_OK) return status;
  *out = NULL; /* no limit to predict (say, eps > 0), or none certified: the run stands without one */
  return status == BIASCOPE_USAGE || status == BIASCOPE_NOT_CONVERGED ? BIASCOPE_OK : status;
}
