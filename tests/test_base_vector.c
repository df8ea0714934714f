/* Angles between vectors, however small, from entries of any size. */
#include "base/rng.h"
#include "base/vector.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { D = 7 };

/* a and b in the plane of two orthonormal vectors, at an angle that is known. */
static void angles_are_found_at_any_size(void **state) {
  (void)state;
  for (uint64_t trial = 0; trial < 2000; trial++) {
    const double angle = pow(10.0, -16.0 * bs_random_uniform(trial, BS_STREAM_NOISE, 0)) * acos(-1.0);
    const double length = pow(10.0, 300.0 * (2.0 * bs_random_uniform(trial, BS_STREAM_NOISE, 1) - 1.0));
    double a[D] = {0}, b[D] = {0};
    a[trial % D] = length;
    b[trial % D] = cos(angle);
    b[(trial + 1) % D] = sin(angle);
    assert_true(fabs(bs_angle(D, a, b) - angle) <= 4e-16 + 4e-16 * angle);
    assert_true(fabs(cos(bs_angle(D, a, b)) - bs_cosine(D, a, b)) <= 1e-15);
  }
}

static void a_zero_vector_is_at_a_right_angle(void **state) {
  (void)state;
  const double a[2] = {1.0, 2.0}, zero[2] = {0.0, 0.0};
  assert_true(bs_angle(2, a, zero) == acos(0.0) && bs_cosine(2, a, zero) == 0.0 && bs_angle(2, a, a) == 0.0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(angles_are_found_at_any_size),
      cmocka_unit_test(a_zero_vector_is_at_a_right_angle),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
