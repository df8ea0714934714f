/* Random123's rounds for the ROW counters from `first` on, in pairs of vectors of LANES that take turns: included once
 * for each instruction set, without a guard, where TARGET, DRAW, TIMES (the product of the lower halves) and UPPER (the
 * upper halves) are its own. TIMES reads lower halves alone: what is in the upper ones does not matter before the end.
 */
TARGET static void DRAW(uint64_t seed, uint32_t stream, uint64_t first, uint64_t word[ROW]) {
  typedef uint64_t words __attribute__((vector_size(LANES * sizeof(uint64_t))));
  enum { PAIR = 2 };
  for (size_t at = 0; at < ROW; at += (size_t)PAIR * LANES) {
    words a[PAIR], b[PAIR], c[PAIR], d[PAIR];
    words low = (words){0} + (uint32_t)seed, high = (words){0} + (seed >> 32);
    UNROLLED
    for (int i = 0; i < PAIR; i++) {
      uint64_t each[LANES];
      for (size_t j = 0; j < LANES; j++) each[j] = first + at + (size_t)i * LANES + j;
      memcpy(&a[i], each, sizeof a[i]);
      b[i] = UPPER(a[i]);
      c[i] = (words){0} + stream;
      d[i] = (words){0};
    }
    for (int round = 0; round < PHILOX4x32_DEFAULT_ROUNDS; round++) {
      UNROLLED
      for (int i = 0; i < PAIR; i++) {
        const words p = TIMES(a[i], PHILOX_M4x32_0), q = TIMES(c[i], PHILOX_M4x32_1);
        a[i] = UPPER(q) ^ b[i] ^ low;
        b[i] = q;
        c[i] = UPPER(p) ^ d[i] ^ high;
        d[i] = p;
      }
      low += PHILOX_W32_0;
      high += PHILOX_W32_1;
    }
    UNROLLED
    for (int i = 0; i < PAIR; i++) {
      const words out = b[i] * (UINT64_C(1) << 32) | (a[i] & UINT32_MAX);
      memcpy(word + at + (size_t)i * LANES, &out, sizeof out);
    }
  }
}

#undef LANES
#undef TARGET
#undef DRAW
#undef TIMES
#undef UPPER
