/* Single samples drawn with replacement: the mean update m / sqrt(v) for weights fixed at c, without sampling. */
#ifndef BIASCOPE_LIMIT_EXPECTED_H
#define BIASCOPE_LIMIT_EXPECTED_H

#include "data/dataset.h"
#include "rule/optimizer.h"

typedef struct bs_expectation bs_expectation;

/* Whether the mean over the order can be computed exactly (batches of one sample drawn with replacement, m / sqrt(v)),
 * and whether its cost in exponentials is worth it. */
bool bs_expectation_applies(const biascope_dataset *data, const biascope_options *training, const bs_epoch_rule *rule);

/* Borrows the rows (N x d, row-major). */
biascope_status bs_expectation_create(const double *rows, size_t samples, size_t features, const bs_epoch_rule *rule,
                                      bs_expectation **out, biascope_error *error);
void bs_expectation_free(bs_expectation *expectation);

/* direction (d): E[m / sqrt(v)] at c = softmax(log_weights), N of them. */
void bs_expectation_evaluate(bs_expectation *expectation, const double *log_weights, double *direction);
/* The approximate number of multiplications of the last evaluation. */
double bs_expectation_cost(const bs_expectation *expectation);

/* A feature whose update has no mean under batches drawn with replacement; SIZE_MAX if there is none. While no
 * sample of a batch touches the feature, m / sqrt(v) grows by beta1 / sqrt(beta2) in each step. n such steps in
 * a row have the probability q^n, q = (1 - touching / N)^batch: the mean is infinite if q beta1 / sqrt(beta2) >=
 * 1. */
biascope_status bs_find_feature_without_mean(const biascope_dataset *data, const biascope_options *training,
                                             size_t *feature, biascope_error *error);

#endif
