#include "train/cost.h"

#include "data/dataset.h"
#include "rule/optimizer.h"
#include <math.h>

static const double WEIGHING = 8.0;   /* multiplications, at least, for a class of a sample */
static const double ROTATIONS = 30.0; /* multiplications for an entry of a matrix and a row of it */

/* Of the singular vectors of a matrix of weights, or of the eigenvectors of each of its factors; 0: there is none. */
static double cost_of_vectors(const biascope_options *training, double outputs, double features) {
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(training->optimizer);
  if (!rule->memory) return 0.0;
  if (rule->second != BS_SECOND_FACTORS) return ROTATIONS * fmin(outputs, features) * outputs * features;
  return ROTATIONS * (pow(outputs, 3.0) + (training->sides == BIASCOPE_SIDES_BOTH ? pow(features, 3.0) : 0.0));
}

double bs_step_cost(const biascope_dataset *data, const biascope_options *training) {
  const double entries =
      data->dense ? (double)data->features : (double)data->row_start[data->samples] / (double)data->samples;
  const double outputs = (double)bs_outputs(data);
  const double passes = training->variance_reduction ? 2.0 : 1.0; /* over the data, in an epoch */
  const double batch = passes * (double)bs_batch_size(training, data->samples);
  const double products = 150.0 + entries * outputs * (0.6 * batch + 6.0);
  return fmax(products, WEIGHING * batch * outputs) + cost_of_vectors(training, outputs, (double)data->features);
}
