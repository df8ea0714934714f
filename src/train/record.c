#include "train/record.h"

#include <math.h>

uint64_t biascope_record_next(uint64_t step, uint64_t last, unsigned per_decade) {
  if (per_decade == 0) return last;
  double k = step > 0 ? floor(per_decade * log10((double)step)) : 0.0;
  for (;; k++) {
    const double next = round(pow(10.0, k / per_decade));
    if (next >= (double)last) return last;
    if ((uint64_t)next > step) return (uint64_t)next;
  }
}

size_t bs_record_count(uint64_t last, unsigned per_decade) {
  size_t count = 0;
  for (uint64_t step = 0; step < last; count++) step = biascope_record_next(step, last, per_decade);
  return count;
}
