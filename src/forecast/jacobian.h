/* The derivative of the averaged equation, and linear systems with it, in sample space where there are fewer samples
 * than features: margins are all that the weights enter through. Of several classes they are in the space of the
 * weights (jacobian_classes.c). Samples whose slope is negligible in their batch are
 * left out: the derivative sets the integrator's stability and order, not what it converges to. */
#ifndef BIASCOPE_FORECAST_JACOBIAN_H
#define BIASCOPE_FORECAST_JACOBIAN_H

#include "forecast/model.h"

/* A sample counts if its part in the gradient is above this share of the largest in its batch, in some feature. */
#define BS_LEAST_SHARE 1e-3

typedef struct {
  size_t features, count, order; /* features: the model's weights; count: the samples that are not left out; order: of
                                    the matrix */
  bool has_second;
  double shrink;          /* d rate_w / d w beside the margins': -shrink I */
  size_t *index;          /* count of N: the samples */
  size_t *first;          /* batches + 1: where each batch's samples begin among these */
  double *rows;           /* count x d of N x d: their rows */
  double *weights_margin; /* count x d: d rate_w_k / d z_i */
  double *second_margin;  /* count x d: d rate_u_k / d z_i */
  double *by_gradient;    /* batches x d: d rate_w_k / d G_bk over the batch's size */
  double *by_square;      /* batches x d: d rate_u_k / d G_bk over G_bk and the size */
  double *weights_second; /* d: d rate_w_k / d u_k */
  double *second_second;  /* d */
  /* of the factored matrix a I - J */
  double a, diagonal;
  double *reduced, *matrix; /* count x d, order x order */
  int *pivot;
  double *margin, *scratch; /* count, d */
  /* Of several classes the derivatives by the weights themselves, D x D. */
  bool several;
  double *by_weights, *second_by_weights;
  double *left, *part, *right, *block; /* N x 2 d twice, N x d, 2 d x d: scratch */
  double *curvature;                   /* N x k x k: -d slope / d product */
  size_t *member, *batch;              /* N each: samples that matter for a class, and their batches */
  /* Where a full batch oscillates (edge.h), the derivative of u's rate has further terms, and the matrix is that of w
   * and u together. */
  bool oscillates;
  double *edge_weights, *edge_second; /* d x d: d rate_u / d (w, u) by the oscillations */
  double *whole, *edge_product;       /* 2 d x 2 d; d x d: scratch */
  int *whole_pivot;
} bs_jacobian;

biascope_status bs_jacobian_create(const bs_model *model, bs_jacobian *out, biascope_error *error);
void bs_jacobian_free(bs_jacobian *jacobian);

/* J at the model's last evaluation, at time t. */
void bs_jacobian_fill(bs_jacobian *jacobian, bs_model *model, double t);
/* Factors a I - J. False where it is singular. */
bool bs_jacobian_factor(bs_jacobian *jacobian, double a);
/* (w, u) <- (a I - J)^-1 (w, u) */
void bs_jacobian_solve(bs_jacobian *jacobian, double *w, double *u);
/* product <- (d rate_w / d w) x, through the margins alone */
void bs_jacobian_apply(bs_jacobian *jacobian, const double *x, double *product);

/* Of several classes: the derivatives by the weights, from those by the batches' gradients. */
void bs_jacobian_fill_classes(bs_jacobian *jacobian, const bs_model *model);
/* The matrix to be factored, and what remains of a solution. */
void bs_jacobian_arrange_classes(bs_jacobian *jacobian);
void bs_jacobian_finish_classes(bs_jacobian *jacobian, const double *w, double *u);

#endif
