/* Printed digits: no more than the uncertainty supports, and neighbours where two values lie within it. */
#include "base/rng.h"
#include "biascope.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void numbers_are_printed_as_far_as_they_are_known(void **state) {
  (void)state;
  assert_string_equal(biascope_digits(0.0013925172685681643, 3.5e-16, 15).text, "0.001392517268568");
  assert_string_equal(biascope_digits(0.97353240, 2e-8, 8).text, "0.9735324");
  assert_string_equal(biascope_digits(1.0, 0.0, 8).text, "1.0000000");
  assert_string_equal(biascope_digits(-3.456, 0.0, 2).text, "-3.5");
  assert_string_equal(biascope_digits(1234567.0, 400.0, 8).text, "1.235e+06");
  assert_string_equal(biascope_digits(1e-12, 1e-8, 8).text, "0.0000000");
  assert_string_equal(biascope_digits(-1e-12, 1e-8, 8).text, "0.0000000");
  assert_string_equal(biascope_digits(-0.00063, 0.0003, 8).text, "-0.001");
  assert_string_equal(biascope_digits(1.5e-9, 0.0, 3).text, "1.50e-09");
  assert_string_equal(biascope_digits(2.0, INFINITY, 8).text, "2e+00");
  assert_string_equal(biascope_digits(0.0, 0.0, 3).text, "0.00");
  assert_string_equal(biascope_digits(NAN, 0.1, 3).text, "-");
  assert_string_equal(biascope_small_digits(1e-9, 2e-8, 4).text, "<1e-07");
  assert_string_equal(biascope_small_digits(0.2301, 2e-8, 4).text, "0.2301");
}

/* As many places for both unless they straddle a power of ten. */
static void values_within_the_uncertainty_differ_by_one_unit_at_most(void **state) {
  (void)state;
  for (uint64_t trial = 0; trial < 20000; trial++) {
    const double value = ldexp(1.0 + bs_random_uniform(trial, BS_STREAM_NOISE, 0), (int)(trial % 40) - 20);
    const double error = value * pow(10.0, -1.0 - 14.0 * bs_random_uniform(trial, BS_STREAM_NOISE, 1));
    const double other = value + error * (2.0 * bs_random_uniform(trial, BS_STREAM_NOISE, 2) - 1.0);
    const double a = strtod(biascope_digits(value, error, 15).text, NULL),
                 b = strtod(biascope_digits(other, error, 15).text, NULL);
    assert_true(fabs(a - b) <= 21.0 * error + 1e-14 * value && fabs(a - value) <= 10.5 * error + 1e-14 * value);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_are_printed_as_far_as_they_are_known),
      cmocka_unit_test(values_within_the_uncertainty_differ_by_one_unit_at_most),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
