/* What is said of weights as a matrix: its singular values, and the margin of each class. */
#include "base/error.h"
#include "base/lanes.h"
#include "base/memory.h"
#include "base/rotate.h"
#include "base/vector.h"
#include "data/dataset.h"
#include <math.h>
#include <stdlib.h>

static int descending(const void *a, const void *b) {
  const double first = *(const double *)a, second = *(const double *)b;
  return (first < second) - (first > second);
}

biascope_status biascope_singular_values(size_t rows, size_t features, const double *w, double *out,
                                         biascope_error *error) {
  const bool tall = rows > features;
  const size_t count = tall ? features : rows, length = tall ? rows : features, padded = bs_padded(length);
  double *a = BS_NEW(double, count *padded), *q = BS_NEW(double, count *bs_padded(count));
  double *singular = BS_NEW(double, bs_padded(count));
  const bool allocated = a && q && singular;
  int exponent; /* of a unit that keeps squares in range */
  frexp(bs_max_abs(rows * features, w), &exponent);
  for (size_t i = 0; allocated && i < count; i++)
    for (size_t k = 0; k < length; k++)
      a[i * padded + k] = ldexp(tall ? w[k * features + i] : w[i * features + k], -exponent);
  if (allocated) bs_rotate_rows(count, padded, a, q, singular);
  for (size_t i = 0; allocated && i < count; i++) out[i] = ldexp(singular[i], exponent);
  if (allocated) qsort(out, count, sizeof *out, descending);
  free(a);
  free(q);
  free(singular);
  return allocated ? BIASCOPE_OK : bs_fail_memory(error, "the singular values");
}

void biascope_class_margins(const biascope_dataset *data, const double *w, double *out) {
  const double norm = bs_norm2(bs_outputs(data) * data->features, w);
  for (size_t j = 0; j < data->classes; j++) out[j] = INFINITY;
  for (size_t i = 0; i < data->samples; i++) {
    double *least = &out[data->class[i]];
    *least = fmin(*least, bs_margin_of_sample(data, i, w) / norm);
  }
}
