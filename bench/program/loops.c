/* The loops that a step is compared with: the lower bound, and plain C. Both see dense data and start at w = 0. */
#include "bench.h"

#include "base/lanes.h"
#include "base/memory.h"
#include "data/dataset.h"
#include "least_step.h"
#include "plain_loop.h"

#include <stdlib.h>

biascope_status bench_loop_create(const biascope_dataset *data, bool padded, bench_loop *loop, biascope_error *error) {
  const size_t features = biascope_dataset_features(data);
  *loop = (bench_loop){.samples = biascope_dataset_samples(data),
                       .features = features,
                       .length = padded ? bs_padded(features) : features};
  loop->x = BS_NEW(double, loop->samples * loop->length);
  loop->w = BS_NEW(double, loop->length);
  loop->m = BS_NEW(double, loop->length);
  loop->v = BS_NEW(double, loop->length);
  if (!loop->x || !loop->w || !loop->m || !loop->v) return bs_fail_memory(error, "the benchmark");
  for (size_t i = 0; i < loop->samples; i++) {
    double *row = loop->x + i * loop->length;
    for (size_t k = features; k < loop->length; k++) row[k] = 1.0; /* padding that nowhere becomes subnormal */
    bs_row_axpy(data, i, 1.0, row);
  }
  return BIASCOPE_OK;
}

void bench_loop_free(bench_loop *loop) {
  free(loop->x);
  free(loop->w);
  free(loop->m);
  free(loop->v);
}

biascope_status bench_step_least(void *run, uint64_t steps, biascope_error *error) {
  const bench_loop *l = run;
  (void)error;
  least_steps(l->samples, l->length, l->x, l->w, l->m, l->v, strtod(BENCH_LR, NULL), steps);
  return BIASCOPE_OK;
}

biascope_status bench_step_plain(void *run, uint64_t steps, biascope_error *error) {
  static plain_loop *const LOOPS[] = {
      [BS_BASELINE] = plain_loop_baseline, [BS_AVX2] = plain_loop_avx2, [BS_AVX512] = plain_loop_avx512};
  const bench_loop *l = run;
  (void)error;
  LOOPS[bs_vectors_used](l->samples, l->features, l->x, l->w, l->m, l->v, strtod(BENCH_LR, NULL), steps);
  return BIASCOPE_OK;
}
