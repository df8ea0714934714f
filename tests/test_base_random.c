/* Random numbers are a function of (seed, stream, counter), however many are drawn at once. */
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka needs those before it */
#include <cmocka.h>

/* The answer that Random123 gives for philox4x32-10 at counter and key zero. */
static void draws_are_those_that_philox_is_known_for(void **state) {
  (void)state;
  assert_true(bs_random_u64(0, 0, 0) == UINT64_C(0xe169c58d6627e8d5));
}

static void permutations_exchange_one_draw_at_a_time(void **state) {
  (void)state;
  enum { MOST = 70 };
  const uint64_t firsts[] = {0, 12345, UINT32_MAX - UINT64_C(20), UINT64_MAX - MOST};
  for (uint64_t trial = 0; trial < 400; trial++) {
    const uint64_t seed = bs_random_u64(trial, BS_STREAM_DATA, 0), first = firsts[trial % 4];
    const size_t n = trial % MOST;
    uint32_t permutation[MOST], expected[MOST];
    bs_random_permutation(seed, BS_STREAM_ORDER, first, n, permutation);
    for (size_t i = 0; i < n; i++) {
      const size_t j = bs_random_below(seed, BS_STREAM_ORDER, first + i, i + 1);
      expected[i] = expected[j];
      expected[j] = (uint32_t)i;
    }
    assert_memory_equal(permutation, expected, n * sizeof *expected);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(draws_are_those_that_philox_is_known_for),
                                     cmocka_unit_test(permutations_exchange_one_draw_at_a_time)};
  return cmocka_run_group_tests_name("random numbers", tests, NULL, NULL);
}
