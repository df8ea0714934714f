/* The l2 and Mahalanobis solution from a guess of its support: an active-set method on the samples. */
#ifndef BIASCOPE_MARGIN_SUPPORT_H
#define BIASCOPE_MARGIN_SUPPORT_H

#include "margin/interior.h"

/* X_S w = rho_S exactly with w = M^-1 X_S'c; then samples with c_i < 0 leave S, samples with x_i.w < rho_i join it, and
 * again. w and c, in the solver's units, are the last candidate. S is at first the interior point's support. */
biascope_status bs_polish_quadratic(const bs_interior *point, double *w, double *c, biascope_error *error);
/* The same from S = all samples, where the Newton system holds their Gram matrix: without an interior point. *settled:
 * whether it ended with nothing to exchange; w and c are worth looking at only then. */
biascope_status bs_solve_full_support(const bs_interior *point, double *w, double *c, bool *settled,
                                      biascope_error *error);

#endif
