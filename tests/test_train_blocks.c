/* Large dense data, most of them in a step: blocks of rows give the step that the rows one by one give, with the same
 * bits for any number of threads. */
#include "train/trainer.h"
#include "training_cases.h"

enum { N = 520, D = 515, STEPS = 60 };

/* Samples of sizes from 1 to 8: the larger ones' weights fade first. */
static double *rows_of(uint64_t seed) {
  double *values = gaussian_values(N, D, 0.3, seed);
  for (size_t i = 0; i < N; i++)
    for (size_t k = 0; k < D; k++) values[i * D + k] = ldexp(values[i * D + k], (int)(i % 4));
  return values;
}

static biascope_options block_case(uint64_t seed) {
  static const biascope_optimizer RULES[] = {BIASCOPE_GD,   BIASCOPE_NGD,     BIASCOPE_SIGNUM,
                                             BIASCOPE_ADAM, BIASCOPE_ADAGRAD, BIASCOPE_RMSPROP};
  biascope_options options = bs_options_of(RULES[seed % 6]);
  options.order = (biascope_order)(seed % 3);
  options.batch_size = seed % 2 ? 0 : N / 2 + bs_random_below(seed, BS_STREAM_NOISE, 0, N / 2);
  options.loss = (biascope_loss)(seed % 5);
  options.lr = options.optimizer == BIASCOPE_GD ? 1e-4 : 0.05;
  if (options.optimizer == BIASCOPE_RMSPROP) options.beta2 = 0.0; /* nothing of a step outlives it */
  options.seed = seed;
  return options;
}

static void assert_close(const biascope_trainer *a, const biascope_trainer *b, uint64_t seed) {
  const double *x = biascope_trainer_weights(a), *y = biascope_trainer_weights(b);
  double largest = 0.0;
  for (size_t k = 0; k < D; k++) largest = fmax(largest, fabs(y[k]));
  for (size_t k = 0; k < D; k++)
    if (!(fabs(x[k] - y[k]) <= 1e-9 * largest)) fail_msg("case %d: %.17g is not %.17g", (int)seed, x[k], y[k]);
}

/* Sparse storage of the same rows takes another way to the same sums. */
static void blocks_are_the_rows_one_by_one(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 12; seed++) {
    double *values = rows_of(seed);
    biascope_dataset *full = dense(N, D, values), *sparse = compressed(N, D, values);
    biascope_options options = block_case(seed);
    biascope_trainer *blocks = trainer_of(full, &options), *rows = trainer_of(sparse, &options);
    options.threads = 3;
    biascope_trainer *threads = trainer_of(full, &options);
    assert_non_null(blocks->fast.blocks);
    assert_null(rows->fast.blocks);
    advance(blocks, STEPS);
    advance(threads, STEPS);
    advance(rows, STEPS);
    assert_memory_equal(biascope_trainer_weights(blocks), biascope_trainer_weights(threads), D * sizeof(double));
    assert_close(blocks, rows, seed);
    biascope_trainer_free(blocks);
    biascope_trainer_free(threads);
    biascope_trainer_free(rows);
    biascope_dataset_free(full);
    biascope_dataset_free(sparse);
    free(values);
  }
}

/* Margins of hundreds: weights leave double's range one after the other, and the exponents follow. */
static void blocks_follow_fading_gradients(void **state) {
  (void)state;
  double *values = rows_of(1);
  for (size_t i = 0; i < N; i++) values[i * D] = ldexp(160.0, (int)(i % 4));
  biascope_dataset *full = dense(N, D, values), *sparse = compressed(N, D, values);
  biascope_options options = bs_options_of(BIASCOPE_SIGNUM);
  options.lr = 2.0;
  biascope_trainer *blocks = trainer_of(full, &options), *rows = trainer_of(sparse, &options);
  advance(blocks, 400);
  advance(rows, 400);

  assert_true(biascope_trainer_log_loss(blocks) < -1000.0);
  assert_close(blocks, rows, 1);
  biascope_trainer_free(blocks);
  biascope_trainer_free(rows);
  biascope_dataset_free(full);
  biascope_dataset_free(sparse);
  free(values);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(blocks_are_the_rows_one_by_one),
                                     cmocka_unit_test(blocks_follow_fading_gradients)};
  return cmocka_run_group_tests_name("blocks of rows", tests, NULL, NULL);
}
