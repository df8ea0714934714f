/* Runs that take their steps together reach the bits that each reaches alone. */
#include "base/memory.h"
#include "base/rng.h"
#include "rule/option.h"
#include "seeds.h"
#include "train/trainer.h"
#include "training_cases.h"
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
// clang-format on
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_RUNS = 19 };

typedef struct {
  size_t samples, features, runs;
  int spread, steps; /* powers of two that features, and samples, lie apart */
  biascope_dataset *data;
  biascope_options options[MOST_RUNS];
} study;

static double uniform(uint64_t seed, uint64_t *at) {
  return bs_random_uniform(seed, BS_STREAM_NOISE, (*at)++);
}

static void make_data(study *s, uint64_t seed) {
  double *x = BS_NEW(double, s->samples * s->features);
  assert_non_null(x);
  for (size_t i = 0; i < s->samples; i++) {
    for (size_t k = 0; k < s->features; k++) {
      const double value = bs_random_normal(seed, BS_STREAM_LABELS, i * s->features + k) + (k == 0 ? 3.0 : 0.0);
      x[i * s->features + k] = ldexp(value, (int)(k % 3) * s->spread + (int)(i % 3) * s->steps);
    }
  }
  assert_int_equal(biascope_dataset_from_dense(s->samples, s->features, x, &s->data, NULL), BIASCOPE_OK);
  free(x);
}

/* Neighbours mostly share what runs must share to go together. */
static void make(study *s, uint64_t seed) {
  uint64_t at = 0;
  *s = (study){.samples = 1 + seed % 7, .features = 1 + seed % 43, .runs = 1 + seed % MOST_RUNS};
  s->spread = seed % 5 == 4 ? 120 : 0;
  s->steps = seed % 5 == 3 ? 130 : 0;
  make_data(s, seed);
  for (size_t j = 0; j < s->runs; j++) {
    biascope_optimizer optimizer = (biascope_optimizer)((seed + j / 11) % TRAINED);
    if (bs_optimizer_rule_of(optimizer)->full_batch && seed % 3) optimizer = BIASCOPE_ADAM;
    biascope_options *o = &s->options[j];
    *o = bs_options_of(optimizer);
    o->batch_size = bs_optimizer_rule_of(optimizer)->full_batch ? 0 : (seed + j / 13) % (s->samples + 1);
    o->order = (biascope_order)(seed / 2 % 3);
    o->seed = j;
    o->lr = exp(4.0 * uniform(seed, &at) - 3.0);
    o->lr_decay = 0.5 * (double)(seed % 2);
    if (biascope_options_reads(o, "beta1")) o->beta1 = j % 4 ? 0.99 * uniform(seed, &at) : 0.0;
    if (biascope_options_reads(o, "beta2")) o->beta2 = j % 4 ? uniform(seed, &at) : 0.0;
    if (biascope_options_reads(o, "eps") && j % 3 == 0) o->eps = 1e-8;
    if (biascope_options_reads(o, "weight_decay")) o->weight_decay = 0.1 * uniform(seed, &at);
    if (seed % 4 == 1) vary(o, j / 9);
    o->loss = (biascope_loss)((seed + j / 15) % 5);
    if (j == 7 && o->batch_size == 0 && optimizer != BIASCOPE_ADAMPROXY) o->noise = 0.1;
  }
}

static void assert_same_state(const biascope_trainer *a, const biascope_trainer *b) {
  const size_t d = a->moments->features;
  assert_true(a->step == b->step);
  assert_memory_equal(a->moments->w, b->moments->w, d * sizeof(double));
  assert_memory_equal(a->moments->m, b->moments->m, d * sizeof(double));
  assert_memory_equal(a->moments->v, b->moments->v, d * sizeof(double));
  assert_memory_equal(a->moments->exponent, b->moments->exponent, d * sizeof(int64_t));
  assert_true(a->moments->common == b->moments->common && a->moments->lowest == b->moments->lowest);
}

static void check(uint64_t seed) {
  const uint64_t slices[] = {1, 700, 0, 1 + seed % 90, 1300};
  study s;
  make(&s, seed);
  biascope_trainer *together[MOST_RUNS], *alone[MOST_RUNS];
  for (size_t j = 0; j < s.runs; j++) {
    biascope_error error;
    if (biascope_trainer_create(s.data, &s.options[j], &together[j], &error) != BIASCOPE_OK)
      fail_msg("%s", error.message);
    assert_int_equal(biascope_trainer_create(s.data, &s.options[j], &alone[j], NULL), BIASCOPE_OK);
  }
  for (size_t i = 0; i < sizeof slices / sizeof *slices; i++) {
    assert_int_equal(biascope_trainers_run(together, s.runs, slices[i], NULL), BIASCOPE_OK);
    for (size_t j = 0; j < s.runs; j++) {
      const biascope_status status = biascope_trainer_run(alone[j], slices[i], NULL);
      assert_int_equal(biascope_trainer_run(together[j], 0, NULL), status);
      assert_same_state(together[j], alone[j]);
    }
  }
  for (size_t j = 0; j < s.runs; j++) {
    biascope_trainer_free(together[j]);
    biascope_trainer_free(alone[j]);
  }
  biascope_dataset_free(s.data);
}

static void runs_together_have_the_bits_of_runs_alone(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < seeds(60, 15); seed++) check(seed);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(runs_together_have_the_bits_of_runs_alone)};
  return cmocka_run_group_tests_name("runs together", tests, NULL, NULL);
}
