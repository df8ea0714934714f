#include "train/cost.h"

#include "data/dataset.h"
#include "rule/optimizer.h"
#include <math.h>

static const double ROTATIONS = 30.0; /* multiplications for an entry of a matrix and a row of it */

double bs_step_cost(const biascope_dataset *data, const biascope_options *training) {
  const double entries =
      data->dense ? (double)data->features : (double)data->row_start[data->samples] / (double)data->samples;
  const double outputs = (double)bs_outputs(data), shorter = fmin(outputs, (double)data->features);
  const bool matrix = bs_optimizer_rule_of(training->optimizer)->memory != NULL;
  const double passes = training->variance_reduction ? 2.0 : 1.0; /* over the data, in an epoch */
  return 150.0 + entries * outputs * (0.6 * passes * (double)bs_batch_size(training, data->samples) + 6.0) +
         (matrix ? ROTATIONS * shorter * outputs * (double)data->features : 0.0);
}
