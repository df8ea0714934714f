/* Single samples drawn with replacement: the mean update m / sqrt(v) of weights frozen at c, without sampling. */
#ifndef BIASCOPE_LIMIT_EXPECTED_H
#define BIASCOPE_LIMIT_EXPECTED_H

#include "data/dataset.h"
#include "rule/optimizer.h"

typedef struct bs_expectation bs_expectation;

/* Whether the mean over the order can be taken exactly: batches of one sample drawn with replacement, m / sqrt(v), at
 * a cost in exponentials that pays. */
bool bs_expectation_applies(const biascope_dataset *data, const biascope_options *training, const bs_epoch_rule *rule);

/* Borrows the rows (N x d, row-major). */
biascope_status bs_expectation_create(const double *rows, size_t samples, size_t features, const bs_epoch_rule *rule,
                                      bs_expectation **out, biascope_error *error);
void bs_expectation_free(bs_expectation *expectation);

/* direction (d): E[m / sqrt(v)] at c = softmax(log_weights), N of them. */
void bs_expectation_evaluate(bs_expectation *expectation, const double *log_weights, double *direction);
/* Multiplications of the last evaluation, roughly. */
double bs_expectation_cost(const bs_expectation *expectation);

/* A feature whose update has no mean under batches drawn with replacement; SIZE_MAX where there is none. While no
 * sample of a batch touches the feature, m / sqrt(v) grows by beta1 / sqrt(beta2) a step, and so many steps in a row
 * pass with probability q^steps, q = (1 - touching / N)^batch: the mean is infinite where q beta1 / sqrt(beta2) >= 1.
 */
biascope_status bs_find_feature_without_mean(const biascope_dataset *data, const biascope_options *training,
                                             size_t *feature, biascope_error *error);

#endif
