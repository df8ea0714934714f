/* Whether two results of one run, from two machines or builds, agree within what their certificates allow. */
#ifndef BIASCOPE_STUDY_AGREEMENT_H
#define BIASCOPE_STUDY_AGREEMENT_H

#include "base/error.h"
#include <stdbool.h>

/* JSON texts, as in the store; NULL if there is none. */
typedef struct {
  const char *result, *certificate, *trace;
} bs_stored_run;

typedef struct {
  bool agree;
  bool second_better;   /* certified to smaller gaps */
  char where[64];       /* if they do not agree: the first number that differs */
  double first, second; /* its values; NaN if it is missing or not a number */
  double allowed;       /* the difference that the certificates allow */
} bs_agreement;

/* The weights of a run have the same bits everywhere. Their references are known to a gap: ratios differ by the gaps,
 * cosines by the angle that the gaps allow (base/digits.h), and everything else by the rounding of a trace. */
biascope_status bs_runs_agree(const bs_stored_run *first, const bs_stored_run *second, bs_agreement *out,
                              biascope_error *error);

#endif
