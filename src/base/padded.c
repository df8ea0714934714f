#include "base/padded.h"

#include "base/lanes.h"

FASTEST(extern, double, bs_padded_dot, (size_t padded, const double *x, const double *w), (padded, x, w)) {
  bs_vector even = bs_all(0.0), odd = bs_all(0.0);
  const size_t pair = 2 * (size_t)BS_LANES;
  size_t k = 0;
  for (; k + pair <= padded; k += pair) {
    even += bs_load(x + k) * bs_load(w + k);
    odd += bs_load(x + k + BS_LANES) * bs_load(w + k + BS_LANES);
  }
  if (k < padded) even += bs_load(x + k) * bs_load(w + k);
  even += odd;
  return BS_FOLD(even);
}

FASTEST_VOID(extern, bs_padded_scale, (size_t padded, double scale, const double *x, double *g),
             (padded, scale, x, g)) {
  for (size_t k = 0; k < padded; k += BS_LANES) bs_store(g + k, bs_all(0.0) + bs_all(scale) * bs_load(x + k));
}

FASTEST_VOID(extern, bs_padded_add, (size_t padded, double scale, const double *x, double *g), (padded, scale, x, g)) {
  for (size_t k = 0; k < padded; k += BS_LANES) bs_store(g + k, bs_load(g + k) + bs_all(scale) * bs_load(x + k));
}

FASTEST_VOID(extern, bs_padded_add_square, (size_t padded, double scale, const double *x, double *v),
             (padded, scale, x, v)) {
  for (size_t k = 0; k < padded; k += BS_LANES) {
    const bs_vector sample = bs_all(scale) * bs_load(x + k);
    bs_store(v + k, bs_load(v + k) + sample * sample);
  }
}
