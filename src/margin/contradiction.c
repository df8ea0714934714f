#include "margin/contradiction.h"

#include "base/error.h"
#include "base/memory.h"
#include <stdlib.h>

biascope_status bs_find_contradiction(const biascope_dataset *data, size_t *first, size_t *second,
                                      biascope_error *error) {
  *first = *second = SIZE_MAX;
  if (!data->unfolded) return BIASCOPE_OK;
  uint32_t *order = BS_NEW(uint32_t, data->samples);
  if (!order) return bs_fail_memory(error, "the order of the samples");
  for (size_t i = 0; i < data->samples; i++) order[i] = (uint32_t)i;
  qsort_r(order, data->samples, sizeof *order, bs_compare_rows, (void *)data);
  for (size_t i = 1; i < data->samples && *first == SIZE_MAX; i++) {
    const size_t a = order[i - 1], b = order[i];
    if (data->class[a] == data->class[b] || bs_compare_rows(&order[i - 1], &order[i], (void *)data) != 0) continue;
    *first = a < b ? a : b;
    *second = a < b ? b : a;
  }
  free(order);
  return BIASCOPE_OK;
}

void bs_contradiction_dual(const biascope_dataset *data, size_t first, size_t second, double *dual) {
  const size_t each = data->classes - 1, a = data->class[first], b = data->class[second];
  dual[first * each + b - (b > a)] = 0.5;
  dual[second * each + a - (a > b)] = 0.5;
}
