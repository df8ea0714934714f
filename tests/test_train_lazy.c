/* Sparse data in small batches: a step touches its batch's features alone, and the others are where the rule takes
 * them whenever that is asked for. */
#include "checkpoint_text.h"
#include "temporary_folder.h"
#include "train/fast/lazy.h"
#include "training_cases.h"
#include <mpfr.h>

/* ---- What happens meanwhile, against exact sums ------------------------------------------------------ */

enum { PRECISION = 400 };

static double relative_error(mpfr_t exact, double value) {
  mpfr_t error;
  mpfr_init2(error, PRECISION);
  mpfr_sub_d(error, exact, value, MPFR_RNDN);
  if (!mpfr_zero_p(exact)) mpfr_div(error, error, exact, MPFR_RNDN);
  const double result = fabs(mpfr_get_d(error, MPFR_RNDN));
  mpfr_clear(error);
  return result;
}

static void powers_are_right_to_a_rounding(void **state) {
  (void)state;
  static bs_powers powers;
  mpfr_t exact;
  mpfr_init2(exact, PRECISION);
  for (uint64_t seed = 0; seed < 400; seed++) {
    const double gap = pow(0.5, 50.0 * bs_random_uniform(seed, BS_STREAM_NOISE, 0)); /* bases near 0 and near 1 */
    const double base = seed % 2 ? 1.0 - gap : gap;
    const uint64_t n = bs_random_u64(seed, BS_STREAM_NOISE, 1) >> (20 + bs_random_below(seed, BS_STREAM_NOISE, 2, 40));
    bs_powers_fill(&powers, (bs_double_double){base, 0.0});
    const bs_power power = bs_power_at(&powers, n);
    mpfr_set_d(exact, base, MPFR_RNDN);
    mpfr_pow_ui(exact, exact, n, MPFR_RNDN);
    mpfr_mul_2si(exact, exact, -power.exponent, MPFR_RNDN);
    const double error = relative_error(exact, power.mantissa.high);
    if (!(error <= 0x1p-53)) fail_msg("%.17g to the %llu: off by %g", base, (unsigned long long)n, error);
  }
  bs_powers_fill(&powers, (bs_double_double){0.0, 0.0});
  assert_true(bs_power_at(&powers, 0).mantissa.high == 1.0 && bs_power_at(&powers, 1).mantissa.high == 0.0 &&
              bs_power_at(&powers, UINT64_MAX).mantissa.high == 0.0);
  mpfr_clear(exact);
}

/* sum_(j=1..n) eta_(step+j-1) r^j */
static void exact_travel(const biascope_options *options, uint64_t step, uint64_t n, mpfr_t sum) {
  mpfr_t ratio, power, term;
  mpfr_inits2(PRECISION, ratio, power, term, (mpfr_ptr)NULL);
  mpfr_set_d(ratio, options->optimizer == BIASCOPE_SIGNUM ? 1.0 : options->beta1, MPFR_RNDN);
  if (options->optimizer == BIASCOPE_ADAM) {
    mpfr_set_d(term, options->beta2, MPFR_RNDN);
    mpfr_sqrt(term, term, MPFR_RNDN);
    mpfr_div(ratio, ratio, term, MPFR_RNDN);
  }
  mpfr_set_d(sum, 0.0, MPFR_RNDN);
  mpfr_set_d(power, 1.0, MPFR_RNDN);
  for (uint64_t j = 0; j < n; j++) {
    mpfr_mul(power, power, ratio, MPFR_RNDN);
    mpfr_mul_d(term, power, bs_learning_rate(options, step + j), MPFR_RNDN);
    mpfr_add(sum, sum, term, MPFR_RNDN);
  }
  mpfr_clears(ratio, power, term, (mpfr_ptr)NULL);
}

static void travel_is_right_to_a_rounding(void **state) {
  (void)state;
  static const biascope_optimizer RULES[] = {BIASCOPE_GD, BIASCOPE_SIGNUM, BIASCOPE_ADAM};
  static const double BETAS1[] = {1e-200, 0.1, 0.5, 0.9, 0.99}, BETAS2[] = {0.99, 0.999, 0.99999};
  static const double DECAYS[] = {0.0, 0.3, 0.5, 1.0};
  mpfr_t exact;
  mpfr_init2(exact, PRECISION);
  for (uint64_t seed = 0; seed < 180; seed++) {
    biascope_options options = bs_options_of(RULES[seed % 3]);
    options.beta1 = BETAS1[seed / 3 % 5];
    options.beta2 = BETAS2[bs_random_below(seed, BS_STREAM_NOISE, 0, 3)];
    if (options.beta1 == 0.99) options.beta2 = 0.99; /* r = 0.995 */
    options.lr_decay = DECAYS[bs_random_below(seed, BS_STREAM_NOISE, 1, 4)];
    biascope_error error;
    bs_catch_up catch_up;
    assert_true(bs_catch_up_known(&options));
    assert_int_equal(bs_catch_up_create(&catch_up, &options, &error), BIASCOPE_OK);
    const uint64_t step = bs_random_below(seed, BS_STREAM_NOISE, 2, (size_t)1 << (seed % 18));
    const uint64_t n = 1 + bs_random_below(seed, BS_STREAM_NOISE, 3, (size_t)1 << (seed % 13));
    const bs_double_double begin = bs_catch_up_mark(&catch_up, step), end = bs_catch_up_mark(&catch_up, step + n);
    exact_travel(&options, step, n, exact);
    const double off = relative_error(exact, bs_catch_up_between(&catch_up, begin, end, n));
    if (!(off <= 0x1p-52))
      fail_msg("rule %d, betas %g %g, decay %g, %llu steps from %llu: off by %g", (int)options.optimizer, options.beta1,
               options.beta2, options.lr_decay, (unsigned long long)n, (unsigned long long)step, off);
    bs_catch_up_free(&catch_up);
  }
  mpfr_clear(exact);
  mpfr_free_cache();
}

/* ---- Runs ------------------------------------------------------------------------------------------- */

enum { N = 12, D = 900, NONZEROS = 4 };

/* A few features a sample: some shared by all, some that are rare. Every fourth sample is so much larger that its rare
 * features fade long before the others'. */
static double *rarely_seen(uint64_t seed) {
  double *values = calloc((size_t)N * D, sizeof *values);
  assert_non_null(values);
  for (size_t i = 0; i < N; i++) {
    double *row = values + i * D;
    const double scale = i % 4 == 3 && seed % 2 ? 25.0 : 1.0;
    for (size_t j = 0; j < NONZEROS; j++) {
      const uint64_t draw = i * NONZEROS + j;
      row[bs_random_below(seed, BS_STREAM_NOISE, draw, j % 2 ? D : 4)] =
          scale * bs_random_normal(seed, BS_STREAM_DATA, draw);
    }
    row[5] = scale * (0.5 + (double)i / N); /* separable */
  }
  return values;
}

/* Cases whose coordinates can be left alone; false for the others. */
static bool lazy_case(size_t index, biascope_options *options) {
  *options = training_case(index, 3, index);
  options->weight_decay = 0.0;
  options->lr = options->optimizer == BIASCOPE_GD ? 0.02 : 0.5;
  if (options->optimizer == BIASCOPE_GD && index % 2) options->beta1 = 0.9;
  return bs_optimizer_rule_of(options->optimizer)->fast & BS_FAST_LAZY &&
         (options->eps == 0.0 || bs_effective_beta1(options) == 0.0);
}

static void assert_close(double a, double b, double scale, size_t index) {
  if (!(fabs(a - b) <= 1e-11 * scale)) fail_msg("case %zu: %.17g is not %.17g", index, a, b);
}

static void assert_same_state(const biascope_trainer *lazy, const biascope_trainer *plain, size_t index) {
  const double *a = biascope_trainer_weights(lazy), *b = biascope_trainer_weights(plain);
  double largest = 0.0;
  for (size_t k = 0; k < D; k++) largest = fmax(largest, fabs(b[k]));
  for (size_t k = 0; k < D; k++) assert_close(a[k], b[k], largest, index);
  const double loss = biascope_trainer_log_loss(plain);
  assert_close(biascope_trainer_log_loss(lazy), loss, 10.0 + fabs(loss), index);
  const biascope_staleness s = biascope_trainer_staleness(lazy), t = biascope_trainer_staleness(plain);
  assert_close(s.momentum_excess, t.momentum_excess, 1e3 * t.momentum_excess, index);
  assert_close(s.second_moment_excess, t.second_moment_excess, 1e3 * t.second_moment_excess, index);
  biascope_alignment x, y;
  biascope_error error;
  assert_int_equal(biascope_trainer_alignment(lazy, NULL, &x, &error), BIASCOPE_OK);
  assert_int_equal(biascope_trainer_alignment(plain, NULL, &y, &error), BIASCOPE_OK);
  assert_close(x.misalignment, y.misalignment, 1e3 * (1.0 + y.misalignment), index);
  static double v[D], u[D];
  bs_trainer_second_moment(lazy, v);
  bs_trainer_second_moment(plain, u);
  for (size_t k = 0; k < D; k++) assert_close(v[k], u[k], 1e3 * u[k], index);
}

/* A dense copy of the data is followed feature by feature. */
static void leaving_features_alone_changes_nothing(void **state) {
  (void)state;
  for (size_t index = 0; index < TRAINING_CASES; index++) {
    biascope_options options;
    if (!lazy_case(index, &options)) continue;
    double *values = rarely_seen(index);
    biascope_dataset *full = dense(N, D, values), *sparse = compressed(N, D, values);
    biascope_trainer *plain = trainer_of(full, &options), *lazy = trainer_of(sparse, &options);
    assert_non_null(lazy->fast.lazy);
    for (uint64_t steps = 1; steps < 1200; steps *= 3) {
      advance(plain, steps);
      advance(lazy, steps);
      assert_same_state(lazy, plain, index);
    }
    biascope_trainer_free(plain);
    biascope_trainer_free(lazy);
    biascope_dataset_free(full);
    biascope_dataset_free(sparse);
    free(values);
  }
}

static void rules_that_move_every_feature_are_followed_everywhere(void **state) {
  (void)state;
  double *values = rarely_seen(1);
  biascope_dataset *sparse = compressed(N, D, values);
  biascope_options options[6];
  for (size_t i = 0; i < 6; i++) {
    options[i] = bs_options_of(BIASCOPE_ADAM);
    options[i].batch_size = 1;
  }
  options[0].eps = 1e-8;
  options[1].beta2 = 0.81; /* m / sqrt(v) keeps its size: r = 1 */
  options[2].optimizer = BIASCOPE_ADAMW;
  options[2].weight_decay = 0.1;
  options[3].optimizer = BIASCOPE_NGD;
  options[4].beta1 = options[4].beta2 = 0.99999; /* r too near 1 */
  options[5].batch_size = 0;
  for (size_t i = 0; i < 6; i++) {
    biascope_trainer *trainer = trainer_of(sparse, &options[i]);
    assert_null(trainer->fast.lazy);
    biascope_trainer_free(trainer);
  }
  biascope_dataset_free(sparse);
  free(values);
}

static void assert_same_bits(const biascope_trainer *a, const biascope_trainer *b) {
  assert_memory_equal(biascope_trainer_weights(a), biascope_trainer_weights(b), D * sizeof(double));
  assert_true(biascope_trainer_step(a) == biascope_trainer_step(b));
  assert_true(biascope_trainer_log_loss(a) == biascope_trainer_log_loss(b));
}

static void save(const biascope_trainer *trainer) {
  biascope_error error;
  if (biascope_trainer_save(trainer, path_of("run.state"), &error) != BIASCOPE_OK) fail_msg("%s", error.message);
}

/* Reading, saving and resuming leave no trace in the bits. */
static void reading_and_resuming_leave_no_trace(void **state) {
  (void)state;
  for (size_t index = 0; index < TRAINING_CASES; index++) {
    biascope_options options;
    biascope_error error;
    if (!lazy_case(index, &options)) continue;
    double *values = rarely_seen(index);
    biascope_dataset *sparse = compressed(N, D, values);
    biascope_trainer *whole = trainer_of(sparse, &options), *first = trainer_of(sparse, &options);
    biascope_trainer *second = trainer_of(sparse, &options);
    advance(whole, 300);
    for (int i = 0; i < 10; i++) {
      advance(first, 11);
      biascope_trainer_log_loss(first);
      save(first);
    }
    advance(second, 250); /* whatever it held is replaced */
    if (biascope_trainer_resume(second, path_of("run.state"), &error) != BIASCOPE_OK) fail_msg("%s", error.message);
    assert_same_bits(first, second);
    advance(second, 190);
    assert_same_bits(whole, second);
    biascope_trainer_free(whole);
    biascope_trainer_free(first);
    biascope_trainer_free(second);
    biascope_dataset_free(sparse);
    free(values);
    remove(path_of("run.state"));
  }
}

/* The first step leaves the first sample's feature at 0.6 of what can be followed; momentum alone takes it beyond. */
static void a_weight_carried_out_of_range_is_reported(void **state) {
  (void)state;
  static const biascope_optimizer RULES[] = {BIASCOPE_SIGNUM, BIASCOPE_ADAM};
  double values[2 * D] = {0};
  values[3] = values[D + 100] = 1.0;
  biascope_dataset *sparse = compressed(2, D, values);
  for (size_t i = 0; i < 2; i++) {
    biascope_options options = bs_options_of(RULES[i]);
    options.batch_size = 1;
    options.order = BIASCOPE_CYCLIC;
    biascope_trainer *trainer = trainer_of(sparse, &options);
    advance(trainer, 1);
    const double first = biascope_trainer_weights(trainer)[3];
    options.lr *= 0.6 * trainer->largest_weight / first;
    biascope_trainer_free(trainer);
    trainer = trainer_of(sparse, &options);
    advance(trainer, 1);
    biascope_error error = {.message = ""};
    assert_int_equal(biascope_trainer_run(trainer, 1, &error), BIASCOPE_NOT_CONVERGED);
    assert_non_null(strstr(error.message, "weight 3 left the range"));
    biascope_trainer_free(trainer);
  }
  biascope_dataset_free(sparse);
}

static void a_forged_state_is_refused(void **state) {
  (void)state;
  static const char *const FORGERIES[][2] = {
      {"touched", "touched"}, {"touched", "touched 0 1"}, {"touched", ""},  {"marks", "marks 0.5 0"},
      {"marks", ""},          {"mark", "mark 0.5"},       {"mark", "mark"}, {"mark", "mark nan 0"},
      {"mark", ""},
  };
  static const char *const STEPS[] = {"6", "-1", "1.5", ""};
  double *values = rarely_seen(0);
  biascope_dataset *sparse = compressed(N, D, values);
  biascope_options options = bs_options_of(BIASCOPE_ADAM);
  options.batch_size = 1;
  biascope_trainer *trainer = trainer_of(sparse, &options);
  advance(trainer, 5);
  save(trainer);
  char *text = checkpoint_content(path_of("run.state"));
  enum { LINES = sizeof FORGERIES / sizeof *FORGERIES };
  for (size_t i = 0; i < LINES + sizeof STEPS / sizeof *STEPS; i++) {
    char line[8 * D] = "touched";
    if (i >= LINES) /* one coordinate's step is none that it can have */
      for (size_t k = 0; k < D; k++) sprintf(line + strlen(line), " %s", k == 7 ? STEPS[i - LINES] : "0");
    const char *key = i < LINES ? FORGERIES[i][0] : "touched";
    char *wrong = checkpoint_forge(text, key, i < LINES ? FORGERIES[i][1] : line);
    biascope_error error = {.message = ""};
    assert_int_equal(checkpoint_parse(trainer, wrong, strlen(wrong), &error), BIASCOPE_BAD_INPUT);
    if (!strstr(error.message, key)) fail_msg("%zu: '%s' does not name %s", i, error.message, key);
    free(wrong);
  }
  free(text);
  biascope_trainer_free(trainer);
  biascope_dataset_free(sparse);
  free(values);
  remove(path_of("run.state"));
}

int main(void) {
  mpfr_set_emin(mpfr_get_emin_min());
  mpfr_set_emax(mpfr_get_emax_max());
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(powers_are_right_to_a_rounding),
      cmocka_unit_test(travel_is_right_to_a_rounding),
      cmocka_unit_test(leaving_features_alone_changes_nothing),
      cmocka_unit_test(rules_that_move_every_feature_are_followed_everywhere),
      cmocka_unit_test(reading_and_resuming_leave_no_trace),
      cmocka_unit_test(a_weight_carried_out_of_range_is_reported),
      cmocka_unit_test(a_forged_state_is_refused),
  };
  return cmocka_run_group_tests_name("features left alone", tests, create_folder, remove_folder);
}
