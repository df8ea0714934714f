#include "train/fast/kernel_lanes.h"

/* Coordinates k .. k+3 of two rows in one vector. */
INLINE bs_vector fours(const double *a, const double *b) {
  typedef double four __attribute__((vector_size(32)));
  four x, y;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  return __builtin_shufflevector(x, y, 0, 1, 2, 3, 4, 5, 6, 7);
}

/* Four coordinates at a time: pairs of rows change places within pairs of coordinates, then pairs of pairs. */
FASTEST_VOID(static, lay_apart, (size_t padded, const double *const rows[BS_LANES], double *x), (padded, rows, x)) {
  for (size_t k = 0; k < padded; k += 4) {
    const bs_vector a = fours(rows[0] + k, rows[4] + k), b = fours(rows[1] + k, rows[5] + k);
    const bs_vector c = fours(rows[2] + k, rows[6] + k), d = fours(rows[3] + k, rows[7] + k);
    const bs_vector even_ab = __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14);
    const bs_vector odd_ab = __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
    const bs_vector even_cd = __builtin_shufflevector(c, d, 0, 8, 2, 10, 4, 12, 6, 14);
    const bs_vector odd_cd = __builtin_shufflevector(c, d, 1, 9, 3, 11, 5, 13, 7, 15);
    double *to = x + k * BS_LANES;
    bs_store(to, __builtin_shufflevector(even_ab, even_cd, 0, 1, 8, 9, 4, 5, 12, 13));
    bs_store(to + BS_LANES, __builtin_shufflevector(odd_ab, odd_cd, 0, 1, 8, 9, 4, 5, 12, 13));
    bs_store(to + 2 * (size_t)BS_LANES, __builtin_shufflevector(even_ab, even_cd, 2, 3, 10, 11, 6, 7, 14, 15));
    bs_store(to + 3 * (size_t)BS_LANES, __builtin_shufflevector(odd_ab, odd_cd, 2, 3, 10, 11, 6, 7, 14, 15));
  }
}

void bs_lanes_gather(size_t padded, const double *const rows[BS_LANES], bs_lane_samples *samples) {
  bool same = true;
  for (size_t j = 1; j < BS_LANES; j++) same = same && rows[j] == rows[0];
  samples->shared = same ? rows[0] : NULL;
  if (!same) lay_apart(padded, rows, samples->apart);
}

INLINE bs_vector coordinate(const bs_lane_samples *samples, bool shared, size_t k) {
  return shared ? bs_all(samples->shared[k]) : bs_load(samples->apart + k * BS_LANES);
}

/* Sixteen strided sums, as bs_padded_dot's even and odd vectors have them. */
INLINE bs_vector dot_of(size_t padded, const bs_lane_samples *samples, bool shared, const double *w) {
  enum { STRIDE = 2 * BS_LANES };
  bs_vector sum[STRIDE];
  size_t k = 0;
  UNROLLED
  for (size_t r = 0; r < STRIDE; r++) sum[r] = bs_all(0.0);
  for (; k + STRIDE <= padded; k += STRIDE) {
    UNROLLED
    for (size_t r = 0; r < STRIDE; r++) sum[r] += coordinate(samples, shared, k + r) * bs_load(w + (k + r) * BS_LANES);
  }
  if (k < padded) {
    UNROLLED
    for (size_t r = 0; r < BS_LANES; r++)
      sum[r] += coordinate(samples, shared, k + r) * bs_load(w + (k + r) * BS_LANES);
  }
  UNROLLED
  for (size_t r = 0; r < BS_LANES; r++) sum[r] += sum[r + BS_LANES];
  return BS_FOLD(sum);
}

FASTEST_VOID(static, dot_shared, (size_t padded, const bs_lane_samples *samples, const double *w, double *dot),
             (padded, samples, w, dot)) {
  const bs_vector sum = dot_of(padded, samples, true, w);
  memcpy(dot, &sum, sizeof sum);
}
FASTEST_VOID(static, dot_apart, (size_t padded, const bs_lane_samples *samples, const double *w, double *dot),
             (padded, samples, w, dot)) {
  const bs_vector sum = dot_of(padded, samples, false, w);
  memcpy(dot, &sum, sizeof sum);
}

void bs_lanes_dot(size_t padded, const bs_lane_samples *samples, const double *w, double dot[BS_LANES]) {
  (samples->shared ? dot_shared : dot_apart)(padded, samples, w, dot);
}

/* Added to zero rather than set, for the sign of a zero to be that of a sum. */
INLINE void add(size_t features, const double *scale, const bs_lane_samples *samples, bool first, double *g) {
  bs_vector factor;
  memcpy(&factor, scale, sizeof factor);
  const bool shared = samples->shared;
  for (size_t k = 0; k < features; k++) {
    const bs_vector before = first ? bs_all(0.0) : bs_load(g + k * BS_LANES);
    bs_store(g + k * BS_LANES, before + factor * coordinate(samples, shared, k));
  }
}

FASTEST_VOID(extern, bs_lanes_set,
             (size_t features, const double scale[BS_LANES], const bs_lane_samples *samples, double *g),
             (features, scale, samples, g)) {
  add(features, scale, samples, true, g);
}
FASTEST_VOID(extern, bs_lanes_add,
             (size_t features, const double scale[BS_LANES], const bs_lane_samples *samples, double *g),
             (features, scale, samples, g)) {
  add(features, scale, samples, false, g);
}
