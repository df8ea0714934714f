/* Whether two results of one run, from two machines or builds, are the same within what their certificates allow. */
#ifndef BIASCOPE_STUDY_AGREEMENT_H
#define BIASCOPE_STUDY_AGREEMENT_H

#include "base/error.h"
#include <stdbool.h>

/* JSON texts, as the store holds them; NULL where there is none. */
typedef struct {
  const char *result, *certificate, *trace;
} bs_stored_run;

typedef struct {
  bool agree;
  bool second_better;   /* certified to smaller gaps */
  char where[64];       /* if they do not agree: the first number that differs, */
  double first, second; /* its values; NaN where it is missing or no number, */
  double allowed;       /* and the difference that the certificates allow */
} bs_agreement;

/* The weights of a run are the same bits everywhere. What they are compared with is known to a gap: ratios differ by
 * the gaps, cosines by what the gaps leave of an angle (base/digits.h), all else by the rounding of a trace. */
biascope_status bs_runs_agree(const bs_stored_run *first, const bs_stored_run *second, bs_agreement *out,
                              biascope_error *error);

#endif
