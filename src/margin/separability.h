/* Decides whether some w has x_i.w > 0 for all i, by a certificate for either answer (Gordan): such a w, or c in the
 * simplex with X'c = 0. */
#ifndef BIASCOPE_MARGIN_SEPARABILITY_H
#define BIASCOPE_MARGIN_SEPARABILITY_H

#include "margin/problem.h"

/* Candidates for both, in the solver's units; the caller's certificate decides which of them is valid. The norms of
 * rows do not matter. */
biascope_status bs_separate(bs_problem *problem, double *w, double *c, biascope_error *error);

#endif
