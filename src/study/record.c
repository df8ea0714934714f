#include "study/record.h"

#include <math.h>

uint64_t bs_record_next(uint64_t step, uint64_t last, unsigned per_decade) {
  double k = step > 0 ? floor(per_decade * log10((double)step)) : 0.0;
  for (;; k++) {
    const double next = round(pow(10.0, k / per_decade));
    if (next >= (double)last) return last;
    if ((uint64_t)next > step) return (uint64_t)next;
  }
}
