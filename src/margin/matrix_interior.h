/* The max margin of k x d weights in the spectral or the nuclear norm, by a primal-dual interior point in the m = k - 1
 * rows of helmert.h, with G = sum_r c_r A_r, A_r the rows of the margins as matrices:
 *   maximise t  subject to  s_r = <A_r, W> - t rho_r >= 0,  ||W|| <= 1;   dual: minimise ||G||_dual, rho.c = 1, c >= 0.
 * The central path has c_r s_r = mu and one equation between W and G, which is the norm's. A step eliminates dc and dt,
 * so that dG = h - K dW with K = sum_r (c_r/s_r) A_r A_r', centred, and solves the m d equations in dW. */
#ifndef BIASCOPE_MARGIN_MATRIX_INTERIOR_H
#define BIASCOPE_MARGIN_MATRIX_INTERIOR_H

#include "margin/matrix_turn.h"

typedef struct bs_matrix_interior bs_matrix_interior;

/* A norm's equation between W and G, linearised, all of it turned (matrix_turn.h). */
typedef struct {
  bool turns_g; /* into the singular vectors of G, not of W */
  size_t extra; /* unknowns beside dW: 1 for dtau */
  /* The coefficients at mu, row by row, into run->system. */
  void (*fill)(bs_matrix_interior *run, double mu);
  /* The right side for the target mu, into run->target; `factored`: the mu of the coefficients. */
  void (*aim)(bs_matrix_interior *run, double mu, double factored);
  /* The largest step up to `step` along dW, or along dG and dtau, that stays inside the norm's ball. */
  double (*limit_primal)(bs_matrix_interior *run, double step);
  double (*limit_dual)(bs_matrix_interior *run, double step);
  double (*norm)(size_t count, const double *singular); /* of W, and */
  double (*dual)(size_t count, const double *singular); /* of G */
} bs_matrix_equation;
extern const bs_matrix_equation bs_spectral_equation, bs_nuclear_equation;

struct bs_matrix_interior {
  const bs_problem *problem;
  const bs_matrix_equation *equation;
  size_t n, k, m, d, order, least, unknowns; /* rows; classes; k - 1; features; m d; min(m, d); order and extra */
  double *basis;                             /* k x m */
  double *w, *g, *dw, *dg, *h;               /* m x d */
  double *centre, *spare;                    /* m x d: K's centre, and scratch */
  double *wide;                              /* k x d: scratch */
  double *c, *s, *dc, *ds, *z, *theta, *free_step, *correction; /* n; c = 0: left out */
  double *best_w, *best_c;                                      /* by what they prove */
  double *of_w, *of_g;                                          /* singular values */
  double t, dt, tau, dtau; /* tau: the nuclear norm's bound on the spectral norm of G */
  double mu, total;        /* of c s, and rho.c */
  double margin, bound, best_margin, best_bound;
  bs_matrix_turn turn;
  double *turned_w, *turned_g, *turned_h; /* m x d */
  double *gram;                           /* K, turned: order x order */
  double *system, *scale, *target;        /* the equations, each divided by its largest coefficient */
  double *products;                       /* scratch of the equations: m m + d d */
  double *scratch;                        /* of the Gram matrix, and m d + least^2 */
  int *pivot;
  bool cautious;
  double left_of_ball, least_sigma; /* what a step leaves of the distance to the ball, and of mu */
  size_t live;                      /* rows that are not left out */
  int iterations;
};

/* cautious: in shorter steps, which keep to the central path, and with every row: where many directions are optimal,
 * the rows far from active keep W in its place. */
biascope_status bs_matrix_interior_create(const bs_problem *problem, bool cautious, bs_matrix_interior *out,
                                          biascope_error *error);
void bs_matrix_interior_free(bs_matrix_interior *run);
/* Iterates until margin and bound are within `tolerance` of each other, or come no nearer. */
biascope_status bs_matrix_interior_run(bs_matrix_interior *run, double tolerance, int max_iterations,
                                       biascope_error *error);

/* ---- For the equations -------------------------------------------------------------------------- */

/* The largest step in (0, step] for which |X + step dX| < radius + step dradius, nearly; scratch: m d + min(m, d)^2. */
double bs_matrix_step(size_t m, size_t d, const double *x, const double *dx, double radius, double dradius, double step,
                      double *scratch);
/* Brings G's q largest singular values, which the nuclear norm's solution has equal, closer: q is W's rank. The dual
 * weights, best_c, change only where margin and bound come closer. */
biascope_status bs_polish_nuclear(bs_matrix_interior *run, biascope_error *error);
/* The rank of the dual's counterpart: how many singular values of G (spectral) or W (nuclear) are not zero at the
 * solution, strictly complementary: more to it than the other's are below the largest. */
size_t bs_matrix_rank(const bs_matrix_interior *run);
/* The dimension of the set of optimal directions; SIZE_MAX where that takes too large a matrix. Of w and c as they
 * are, after bs_matrix_interior_evaluate. */
biascope_status bs_matrix_face(bs_matrix_interior *run, size_t *dimension, biascope_error *error);
/* w and c become the best of all iterates. */
biascope_status bs_matrix_interior_take_best(bs_matrix_interior *run, biascope_error *error);
/* Evaluates w and c: margin, bound, singular values, and the best of each so far. */
biascope_status bs_matrix_interior_evaluate(bs_matrix_interior *run, biascope_error *error);
double bs_largest_of(size_t count, const double *singular);
double bs_sum_of(size_t count, const double *singular);

#endif
