/* The loop of bs_padded_dot, for vectors of LANES doubles: included once for each width, without a guard. A vector that
 * is wider than the instruction set's own would be kept in memory. */
#define BS_PASTE(name, lanes) name##_##lanes
#define BS_OF_LANES(name, lanes) BS_PASTE(name, lanes)
#define BS_DOT BS_OF_LANES(dot_of, LANES)
#define BS_WIDE BS_OF_LANES(wide, LANES)

typedef double BS_WIDE __attribute__((vector_size(LANES * sizeof(double)), may_alias));

/* Sixteen strided sums become eight, four, two, one. */
INLINE double BS_DOT(size_t padded, const double *x, const double *w) {
  enum { SUMS = 2 * BS_LANES, PARTS = SUMS / LANES };
  const BS_WIDE *a = __builtin_assume_aligned(x, 64), *b = __builtin_assume_aligned(w, 64);
  BS_WIDE sum[PARTS] = {{0.0}};
  size_t k = 0;
  for (; k + SUMS <= padded; k += SUMS, a += PARTS, b += PARTS) {
    UNROLLED
    for (int r = 0; r < PARTS; r++) sum[r] += a[r] * b[r];
  }
  if (k < padded) {
    UNROLLED
    for (int r = 0; r < PARTS / 2; r++) sum[r] += a[r] * b[r];
  }
  UNROLLED
  for (int r = 0; r < PARTS / 2; r++) sum[r] += sum[r + PARTS / 2];
#if LANES == 8
  return bs_sum(sum[0]);
#elif LANES == 4
  return bs_sum_of_four(sum[0] + sum[1]);
#else
  return bs_sum_of_two((sum[0] + sum[2]) + (sum[1] + sum[3]));
#endif
}

#undef BS_PASTE
#undef BS_OF_LANES
#undef BS_DOT
#undef BS_WIDE
#undef LANES
