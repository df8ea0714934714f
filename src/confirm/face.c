/* Training over the full batch goes to the best margin of its norm, by theorem (Zhang, Zou and Cao 2024 for Adam; Fan,
 * Schmidt and Thrampoulidis 2025 for Muon and the others). Where several directions attain it, samples that fade decide
 * between them, to below the precision of doubles: the second singular direction of a gradient of rank 1, or the signs
 * of gradients that tend to 0. So the run itself says which it nears. */
#include "confirm/face.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the margin of the increments may lack of the best, relative to it; and 1 - cos with the nearest optimal
 * direction, where that can be found: steps of signs leave coordinates that alternate, which cost margin, while they
 * are not small. */
static const double LACKS = 1e-2, NEAR = 1e-3;

static const char *method_of(biascope_norm_kind norm) {
  return norm == BIASCOPE_SPECTRAL ? "spectral max-margin: of several optimal directions the one that a run nears"
                                   : "linf max-margin: of several optimal directions the nearest to that of a run";
}

/* The answer's direction, from the optimum `best` and the increments; false where they are not near it. */
static biascope_status choose(const biascope_dataset *data, biascope_norm norm, const biascope_margin *best,
                              const double *increment, biascope_prediction *answer, bool *near, biascope_error *error) {
  const size_t d = answer->outputs * answer->features;
  double cosine = NAN, *nearest = BS_NEW(double, d);
  if (!nearest) return bs_fail_memory(error, "the nearest optimal direction");
  const biascope_status status = biascope_margin_cosine(data, norm, best, increment, &cosine, NULL, nearest, error);
  const double lacks = 1.0 - biascope_margin_of(data, norm, increment) / best->upper_bound;
  *near = cosine >= 1.0 - NEAR || (isnan(cosine) && lacks <= LACKS);
  if (*near) {
    answer->gap = isnan(cosine) ? fmax(lacks, best->gap) : best->gap;
    answer->increment_cosine = cosine;
    memcpy(answer->direction, isnan(cosine) ? increment : nearest, d * sizeof *answer->direction);
    bs_scale(d, 1.0 / bs_norm2(d, answer->direction), answer->direction);
  }
  free(nearest);
  return status == BIASCOPE_NOT_CONVERGED ? BIASCOPE_OK : status;
}

biascope_status bs_face_take_run(const biascope_dataset *data, const bs_run *run, biascope_prediction *answer,
                                 bool *reached, biascope_error *error) {
  const biascope_norm norm = {.kind = answer->face};
  biascope_margin best;
  *reached = false;
  biascope_status status = biascope_margin_solve(data, norm, NULL, &best, error);
  if (status == BIASCOPE_OK) status = choose(data, norm, &best, run->increment, answer, reached, error);
  if (status == BIASCOPE_OK && *reached) {
    memcpy(answer->dual, best.dual, answer->rows * sizeof *answer->dual);
    answer->support = best.support;
    answer->rate = answer->increment_cosine > 0.0 ? best.margin : run->growth;
    answer->method = method_of(norm.kind);
  }
  biascope_margin_free(&best);
  return status == BIASCOPE_NOT_CONVERGED ? BIASCOPE_OK : status;
}
