/* Random orders: the mean sign of a momentum that is normally distributed, with the mean and variance that the order
 * gives it. A momentum is a sum over many independent epochs or draws, so this is near the mean sign itself where its
 * memory is long; and it is smooth, with derivatives in closed form. */
#ifndef BIASCOPE_LIMIT_NORMAL_SIGNS_H
#define BIASCOPE_LIMIT_NORMAL_SIGNS_H

#include "limit/epoch_map.h"

typedef struct bs_normal_signs bs_normal_signs;

/* Whether the order is random and the steps are signs of a momentum of many gradients. */
bool bs_normal_signs_apply(const biascope_dataset *data, const biascope_options *training, const bs_epoch_rule *rule);

/* Borrows the rows of the map. */
biascope_status bs_normal_signs_create(const bs_epoch_map *map, const biascope_options *training,
                                       const bs_epoch_rule *rule, bs_normal_signs **out, biascope_error *error);
void bs_normal_signs_free(bs_normal_signs *signs);

/* direction and sensitivity as bs_epoch_map_evaluate gives them. */
void bs_normal_signs_evaluate(bs_normal_signs *signs, const double *log_weights, double *direction,
                              double *sensitivity);
/* The approximate number of multiplications of an evaluation. */
double bs_normal_signs_cost(const bs_normal_signs *signs, bool with_sensitivity);

#endif
