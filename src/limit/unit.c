#include "limit/unit.h"

#include "base/vector.h"
#include <float.h>
#include <math.h>

/* A positive number stays one. */
static double scaled(double positive, int exponent) {
  return positive > 0.0 ? fmin(fmax(ldexp(positive, exponent), DBL_TRUE_MIN), DBL_MAX) : positive;
}

biascope_status bs_question_scale(bs_question *question, biascope_dataset **copy, biascope_error *error) {
  const biascope_dataset *data = question->data;
  const size_t stored = data->dense ? data->samples * data->features : data->row_start[data->samples];
  const double largest = bs_max_abs(stored, data->dense ? data->dense : data->value);
  *copy = NULL;
  if (largest == 0.0 || (largest >= 1.0 && largest < 2.0)) return BIASCOPE_OK;
  const int exponent = ilogb(largest);
  const biascope_status status = bs_dataset_scale(data, -exponent, copy, error);
  if (status != BIASCOPE_OK) return status;
  question->data = *copy;
  question->exponent = exponent;
  question->training.lr = scaled(question->training.lr, exponent); /* gd's is 2^exponent larger: no limit hangs on it */
  question->training.eps = scaled(question->training.eps, -exponent);
  question->training.weight_decay = scaled(question->training.weight_decay, -exponent);
  return BIASCOPE_OK;
}
