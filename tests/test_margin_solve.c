/* What the max-margin solver promises, on random and degenerate data. */
#include "base/rng.h"
#include "biascope.h"
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
/* cmocka needs the four above first */
#include <cmocka.h>

enum { INSTANCES = 100 };
static const biascope_norm NORMS[] = {{.kind = BIASCOPE_L2}, {.kind = BIASCOPE_LINF}, {.kind = BIASCOPE_L1}};
enum { NORM_COUNT = sizeof NORMS / sizeof NORMS[0] };

static biascope_dataset *gaussian(size_t samples, size_t features, uint64_t seed) {
  double *values = calloc(samples * features, sizeof *values);
  assert_non_null(values);
  for (size_t i = 0; i < samples * features; i++) values[i] = bs_random_normal(seed, BS_STREAM_DATA, i);
  biascope_dataset *data;
  assert_int_equal(biascope_dataset_from_dense(samples, features, values, &data, NULL), BIASCOPE_OK);
  free(values);
  return data;
}

static void every_random_instance_is_certified(void **state) {
  (void)state;
  for (int kind = 0; kind < NORM_COUNT; kind++) {
    for (uint64_t seed = 0; seed < INSTANCES; seed++) {
      biascope_dataset *data = gaussian(10, 50, seed);
      biascope_margin solution;
      biascope_error error;
      assert_int_equal(biascope_margin_solve(data, NORMS[kind], NULL, &solution, &error), BIASCOPE_OK);
      assert_true(solution.gap >= 0.0 && solution.gap <= 1e-10);
      assert_true(solution.margin > 0.0 && solution.margin <= solution.upper_bound * (1 + DBL_EPSILON));
      assert_true(biascope_margin_of(data, NORMS[kind], solution.direction) == solution.margin);
      assert_true(solution.unique && solution.face_dimension == 0);
      biascope_margin_free(&solution);
      biascope_dataset_free(data);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_random_instance_is_certified)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
