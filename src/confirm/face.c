/* Training over the full batch goes to the best margin of its norm, by theorem (Zhang, Zou and Cao 2024 for Adam; Fan,
 * Schmidt and Thrampoulidis 2025 for Muon and the others). Where several directions attain it, samples that fade decide
 * between them, to below the precision of doubles: the second singular direction of a gradient of rank 1, or the signs
 * of gradients that tend to 0. So the run itself says which it nears. */
#include "confirm/face.h"

#include "base/vector.h"
#include <math.h>
#include <string.h>

/* What the margin of the increments may lack of the best, relative to it. */
static const double LACKS = 1e-2;

static const char *method_of(biascope_norm_kind norm) {
  return norm == BIASCOPE_SPECTRAL ? "spectral max-margin: of several optimal directions the one that a run nears"
                                   : "linf max-margin: of several optimal directions the one that a run nears";
}

biascope_status bs_face_take_run(const biascope_dataset *data, const bs_run *run, biascope_prediction *answer,
                                 bool *reached, biascope_error *error) {
  const biascope_norm norm = {.kind = answer->face};
  const size_t d = answer->outputs * answer->features;
  biascope_margin best;
  *reached = false;
  const biascope_status status = biascope_margin_solve(data, norm, NULL, &best, error);
  if (status == BIASCOPE_OK) {
    const double lacks = 1.0 - biascope_margin_of(data, norm, run->increment) / best.upper_bound;
    *reached = lacks <= LACKS;
    if (*reached) {
      memcpy(answer->direction, run->increment, d * sizeof *answer->direction);
      bs_scale(d, 1.0 / bs_norm2(d, answer->direction), answer->direction);
      memcpy(answer->dual, best.dual, answer->rows * sizeof *answer->dual);
      answer->support = best.support;
      answer->gap = fmax(lacks, best.gap);
      answer->rate = run->growth;
      answer->increment_cosine = NAN;
      answer->method = method_of(norm.kind);
    }
  }
  biascope_margin_free(&best);
  return status == BIASCOPE_NOT_CONVERGED ? BIASCOPE_OK : status;
}
