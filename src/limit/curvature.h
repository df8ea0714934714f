/* The curvature of the loss at w = 0, which bounds the steps of gradient descent. */
#ifndef BIASCOPE_LIMIT_CURVATURE_H
#define BIASCOPE_LIMIT_CURVATURE_H

#include "loss/loss.h"

/* The largest eigenvalue of the Hessian of the mean loss at w = 0, l''(0) X'X / N for two classes, by power iteration:
 * from below, to about a percent. */
biascope_status bs_curvature(const biascope_dataset *data, biascope_loss loss, double *curvature,
                             biascope_error *error);

/* The largest step size for which gradient descent with this momentum (m = b1 m + (1-b1) g) lowers a quadratic of that
 * curvature: 2 (1+b1) / ((1-b1) curvature) (Polyak 1964). */
double bs_largest_step(double curvature, double beta1);

#endif
