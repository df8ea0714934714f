/* The linear system of one interior-point step, reduced to the smaller side of the data. In the unknowns
 * (dw, dt, dc), with theta = c/s and a diagonal H:
 *   H dw - X'dc              = g
 *   X dw - rho dt + dc/theta = r
 *   rho.dc                   = e        (absent, with dt = 0, where the problem has no t) */
#ifndef BIASCOPE_MARGIN_NEWTON_H
#define BIASCOPE_MARGIN_NEWTON_H

#include "margin/problem.h"

typedef struct {
  const bs_problem *problem;
  bool has_t, by_sample; /* the factored side: N x N or d x d */
  size_t size, stride;
  double *factor, *scratch;
  double *gram;                    /* by sample, constant H: X H^-1 X', formed once */
  const double *curvature, *theta; /* H and theta of the last factorisation */
  double *inverse_curvature;
  double *border, *centre; /* by sample: K^-1 rho; by feature: X'theta rho / rho.theta.rho */
  double border_weight;    /* by sample: K includes border_weight rho rho' */
  double border_square;    /* rho.K^-1.rho or rho.theta.rho */
  double *rows, *columns;  /* right-hand sides */
  bool is_extended;
  long double *extended; /* where affordable: the factor once double precision has failed */
  double *extended_scratch;
  double *residual_g, *residual_r, residual_e, *more_w, *more_c; /* refinement */
} bs_newton;

/* constant_curvature: H is the problem's metric at every step. */
biascope_status bs_newton_create(const bs_problem *problem, bool has_t, bool constant_curvature, bs_newton *out,
                                 biascope_error *error);
void bs_newton_free(bs_newton *newton);
/* Keeps the two pointers until the next factorisation. False where the matrix is not numerically definite. */
bool bs_newton_factor(bs_newton *newton, const double *curvature, const double *theta);
/* refined: against the equations above. */
void bs_newton_solve(bs_newton *newton, bool refined, const double *g, const double *r, double e, double *dw,
                     double *dt, double *dc);

#endif
