/* Moves exactly from an interior point to a vertex or the relative interior of the optimal face: the constraints that
 * hold with equality at the solution are identified from the iterate and solved as linear equations. */
#ifndef BIASCOPE_MARGIN_POLISH_H
#define BIASCOPE_MARGIN_POLISH_H

#include "margin/interior.h"

/* Corrects w and c, in the solver's units, for the linear norms (linf, l1), and gives the dimension of the set of
 * optimal directions. */
biascope_status bs_polish_linear(const bs_problem *problem, const bs_interior *point, double *w, double *c,
                                 size_t *face_dimension, biascope_error *error);

#endif
