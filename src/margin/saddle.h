/* The linf and l1 solutions of data too large to factor, by first-order steps. */
#ifndef BIASCOPE_MARGIN_SADDLE_H
#define BIASCOPE_MARGIN_SADDLE_H

#include "margin/problem.h"

/* Improves (w, c), in the solver's units, towards max over ||w|| <= 1 of min over c of c'Xw until their relative gap is
 * at most `tolerance`. The best pair found is valid whether or not that was reached. linf and l1 only. */
biascope_status bs_saddle_solve(const bs_problem *problem, double tolerance, int max_iterations, double *w, double *c,
                                biascope_error *error);

#endif
