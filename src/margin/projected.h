/* The l2 and Mahalanobis solution of data too large to factor: conjugate gradients on the dual, projected to c >= 0.
 * Memory for a few vectors; no Gram matrix. */
#ifndef BIASCOPE_MARGIN_PROJECTED_H
#define BIASCOPE_MARGIN_PROJECTED_H

#include "margin/problem.h"

/* Minimises |X'a|^2 / 2 - rho.a over a >= 0 (in the inverse metric) until the gap is at most `tolerance`. w = M^-1 X'a
 * and c = a, in the solver's units, are a valid pair whether or not that was reached. */
biascope_status bs_projected_solve(const bs_problem *problem, double tolerance, int max_iterations, double *w,
                                   double *c, biascope_error *error);

#endif
