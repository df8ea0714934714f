/* Random123's rounds for the ROW counters from `first` on, in vectors of LANES that take turns: included once for each
 * instruction set, without a guard, where TARGET, DRAW, TIMES (the product of the lower halves) and UPPER (the upper
 * halves) are its own. */
TARGET static void DRAW(uint64_t seed, uint32_t stream, uint64_t first, uint64_t word[ROW]) {
  typedef uint64_t words __attribute__((vector_size(LANES * sizeof(uint64_t))));
  enum { PARTS = ROW / LANES };
  words a[PARTS], b[PARTS], c[PARTS], d[PARTS];
  uint32_t low = (uint32_t)seed, high = (uint32_t)(seed >> 32);
  UNROLLED
  for (int i = 0; i < PARTS; i++) {
    uint64_t each[LANES];
    for (int j = 0; j < LANES; j++) each[j] = first + (uint64_t)(i * LANES + j);
    memcpy(&a[i], each, sizeof a[i]);
    b[i] = UPPER(a[i]);
    a[i] &= UINT32_MAX;
    c[i] = (words){0} + stream;
    d[i] = (words){0};
  }
  for (int round = 0; round < PHILOX4x32_DEFAULT_ROUNDS; round++) {
    UNROLLED
    for (int i = 0; i < PARTS; i++) {
      const words p = TIMES(a[i], PHILOX_M4x32_0), q = TIMES(c[i], PHILOX_M4x32_1);
      a[i] = UPPER(q) ^ b[i] ^ low;
      b[i] = q & UINT32_MAX;
      c[i] = UPPER(p) ^ d[i] ^ high;
      d[i] = p & UINT32_MAX;
    }
    low += PHILOX_W32_0;
    high += PHILOX_W32_1;
  }
  UNROLLED
  for (int i = 0; i < PARTS; i++) {
    const words out = b[i] * (UINT64_C(1) << 32) | a[i];
    memcpy(word + (size_t)i * LANES, &out, sizeof out);
  }
}

#undef LANES
#undef TARGET
#undef DRAW
#undef TIMES
#undef UPPER
