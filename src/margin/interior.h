/* A primal-dual interior-point method (Mehrotra 1992) for every norm at once. With f the norm's potential,
 *   minimise f(w) - t  subject to  X w - t rho = s >= 0,   and  X'c = u in df(w),  rho.c = 1,  c >= 0:
 * l2 and Mahalanobis have u = M w; lp has u_k = theta sign(w_k) |w_k|^(p-1), theta such that ||w|| = 1; linf has w in
 * the box [-1,1]^d with u its multiplier; l1 is its mirror image, u in the box and w the multiplier, with t fixed. */
#ifndef BIASCOPE_MARGIN_INTERIOR_H
#define BIASCOPE_MARGIN_INTERIOR_H

#include "margin/newton.h"

typedef enum { BS_SMOOTH, BS_BOXED_W, BS_BOXED_U, BS_POWER } bs_role;

/* The iterate in the solver's units, its steps, and the residuals they are computed from. */
typedef struct {
  const bs_problem *problem;
  bs_role role;
  size_t n, d, rows, columns; /* and their padded lengths */
  double *w, *u, *c, *s, t;
  double exponent, stride, power_scale;                    /* lp: p on its way to the problem's, and theta */
  bool cautious;                                           /* lp: short strides, and w kept rather than u */
  double *a, *b;                                           /* distance of the boxed variable, w or u, to +1 and to -1 */
  double *za, *zb;                                         /* their multipliers; za - zb is the other variable */
  double *best_w, *best_c, *old_w, *old_u, *old_s, *old_c; /* of all iterates, by what they prove */
  double best_margin, best_bound;
  double least_width;   /* of margin and bound: nearer than this they need not come; 0 unless set */
  double margin, bound; /* of this iterate, in ordinary precision */
  int iterations;
  bs_newton newton;
  double *z, *r, *theta, *es, *dc, *ds;
  double *combined, *rd, *g, *curvature, *ea, *eb, *dw, *du, *da, *dza, *dzb, dt;
  double *memory;
} bs_interior;

/* cautious: lp goes from p = 2 in many short steps. */
biascope_status bs_interior_create(const bs_problem *problem, bool cautious, bs_interior *out, biascope_error *error);
/* Iterates until the best pair's gap is below `tolerance` or no longer falls; may be called again. */
void bs_interior_run(bs_interior *run, double tolerance, int max_iterations);
void bs_interior_free(bs_interior *run);

#endif
