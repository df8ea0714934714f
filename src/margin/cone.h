/* Projection onto a polyhedral cone. */
#ifndef BIASCOPE_MARGIN_CONE_H
#define BIASCOPE_MARGIN_CONE_H

#include "base/error.h"

/* x := the point nearest to x of { x in R^n : g_j.x >= 0 for all j }, g one row of n entries a constraint, unit rows.
 * By duality x + sum_j l_j g_j with the l >= 0 that make it shortest: Lawson and Hanson's active-set method (1974). */
biascope_status bs_project_on_cone(size_t n, size_t constraints, const double *g, double *x, biascope_error *error);

#endif
