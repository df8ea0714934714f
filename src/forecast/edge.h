/* Full batches at the edge of stability. Once the loss's curvature, as the preconditioner measures it, reaches
 * 2 (1 + b1) / (1 - b1) / eta (Cohen et al. 2022, "Adaptive gradient methods at the edge of stability"), the weights
 * oscillate along its eigenvector, and the squares of the oscillating gradient enter v, which keeps the curvature
 * there. The averaged equation then needs the mean of these squares alone: it is what holds the curvature (Cohen et
 * al. 2024, "Understanding optimization in deep learning with central flows").
 *
 * With P = sqrt(v) + eps and M = eta P^-1/2 H P^-1/2, an oscillation along eigenvectors of M adds P D to the mean
 * square, D the diagonal of f(M), up to a factor. Here f(c) = gain (c / limit - 1) where this is positive, so that the
 * curvature exceeds the limit by some 1 / gain, and the factor is sum(D)^2 / sum(D^2 P / v), with which f is the
 * strength of a single oscillation. */
#ifndef BIASCOPE_FORECAST_EDGE_H
#define BIASCOPE_FORECAST_EDGE_H

#include "biascope.h"

#include <stdbool.h>
#include <stddef.h>

struct bs_model;

typedef struct {
  bool possible; /* a full batch of two classes whose v is an average, of a size that can be decomposed */
  double limit;  /* of eta times the curvature */
  double gain;
  double *extra;              /* d: the oscillations' mean squares over v, at the last evaluation */
  size_t count;               /* of the eigenvectors that oscillate there */
  double *diagonal, *by_root; /* d: D; P / v */
  double *value, *vector;     /* d, d x d: the eigenvalues of M, descending, and its eigenvectors as rows */
  double *rows;               /* N x d: the scaled samples R, M = R'R */
  double *third, *along;      /* N, N x d: scratch of the derivative */
  double *matrix, *other;     /* d x d: scratch */
} bs_edge;

biascope_status bs_edge_create(const struct bs_model *model, double gain, bs_edge *out, biascope_error *error);
void bs_edge_free(bs_edge *edge);
/* What oscillates at the model's slopes, second moments and rate. */
void bs_edge_find(bs_edge *edge, const struct bs_model *model);
/* The derivative of `extra` by w and by u, d x d each. */
void bs_edge_derivative(bs_edge *edge, const struct bs_model *model, double *by_weights, double *by_second);

#endif
