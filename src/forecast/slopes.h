/* What the averaged equation needs of the samples: margins, slopes and gradients. Of two classes a sample has one slot;
 * of k it has k, one for each row of weights, class by class: slot a N + i is that of class a and sample i. */
#ifndef BIASCOPE_FORECAST_SLOPES_H
#define BIASCOPE_FORECAST_SLOPES_H

#include "forecast/model.h"

/* The products of w with samples first, first + 1, ..., into their slots of `out`. */
void bs_slopes_products(const bs_model *model, size_t first, size_t count, const double *w, double *out);
/* The slopes of all samples at model->margin, in a common unit. */
void bs_slopes_find(bs_model *model);
/* The same of batch j alone, in the unit at hand. */
void bs_slopes_find_batch(bs_model *model, size_t j);
/* Adds the mean of -part x over batch j, its part in every slot. */
void bs_slopes_add_mean(const bs_model *model, size_t j, const double *part, double *sum);
/* Adds `share` times the sum over all samples of the gradients' squares. */
void bs_slopes_add_squares(const bs_model *model, double share, double *sum);
/* By how much log |slope| falls in each slot while margins move by model->motion, into model->change. */
void bs_slopes_find_change(bs_model *model);
/* Multiplies the factors in the slots of batch j by `weight` and the slopes; of several classes the own one becomes
 * minus the sum of the others. */
void bs_slopes_scale(const bs_model *model, size_t j, double weight, double *factor);
/* -d slope / d product of sample i: k x k, symmetric. */
void bs_slopes_curvature(const bs_model *model, size_t i, double *out);

#endif
