/* The l2 and Mahalanobis solution from a guess of its support: an active-set method on the samples. */
#ifndef BIASCOPE_MARGIN_SUPPORT_H
#define BIASCOPE_MARGIN_SUPPORT_H

#include "margin/interior.h"

/* From the interior point's support S: X_S w = rho_S exactly with w = M^-1 X_S'c; samples with c_i < 0 leave S, samples
 * with x_i.w < rho_i join it. w and c, in the solver's units, are the last candidate, right where the guess was. */
biascope_status bs_polish_quadratic(const bs_problem *problem, const bs_interior *point, double *w, double *c,
                                    biascope_error *error);

#endif
