/* What the mathematics says of a run: what it does not depend on, and where it ends. */
#include "train/trainer.h"
#include "training_cases.h"
#include <pthread.h>
#include <string.h>

enum { STEPS = 300 };

typedef struct {
  size_t samples, features;
  double *values;
  biascope_options options;
} run;

static run random_run(size_t index) {
  run r = {.samples = 2 + index % 6, .features = 1 + index % 10};
  r.values = gaussian_values(r.samples, r.features, 0.3, index);
  r.options = training_case(index, r.samples, index);
  r.options.lr = bs_direction_grows(bs_optimizer_rule_of(r.options.optimizer)->direction) ? 0.01 : 0.5;
  return r;
}

/* The d weights after STEPS steps, which the caller frees. */
static double *weights_of(const run *r) {
  biascope_dataset *data = dense(r->samples, r->features, r->values);
  biascope_trainer *trainer = trainer_of(data, &r->options);
  advance(trainer, STEPS);
  double *w = malloc(r->features * sizeof *w);
  assert_non_null(w);
  memcpy(w, biascope_trainer_weights(trainer), r->features * sizeof *w);
  biascope_trainer_free(trainer);
  biascope_dataset_free(data);
  return w;
}

/* Within `tolerance` of the largest weight; 0: the same bits. Frees the weights. */
static void assert_near(size_t features, double *a, double *b, double tolerance) {
  double largest = 0.0;
  for (size_t k = 0; k < features; k++) largest = fmax(largest, fabs(a[k]));
  for (size_t k = 0; k < features; k++) {
    if (!(fabs(a[k] - b[k]) <= tolerance * largest)) fail_msg("weight %zu: %.17g and %.17g", k, a[k], b[k]);
  }
  free(a);
  free(b);
}

/* The step grows with the gradient; it is of one length. */
static bool grows(biascope_optimizer optimizer) {
  return bs_direction_grows(bs_optimizer_rule_of(optimizer)->direction);
}

static bool is_normalised(biascope_optimizer optimizer) {
  return bs_direction_couples(bs_optimizer_rule_of(optimizer)->direction) && !grows(optimizer);
}

static bool jumps(biascope_optimizer optimizer) {
  return optimizer == BIASCOPE_SIGNGD || optimizer == BIASCOPE_SIGNUM;
}

/* x -> s x, eta -> eta / s is w -> w / s, to the bit; gradient descent's own step shrinks by s^2, and eps scales. The
 * values span double's range, but for gradient descent, whose step would leave it either way. */
static void a_change_of_scale_changes_the_scale_alone(void **state) {
  (void)state;
  static const int exponents[] = {-980, 900, -300, 400, 2};
  for (size_t index = 0; index < TRAINING_CASES; index++) {
    run r = random_run(index);
    const bool descent = grows(r.options.optimizer), coupled = is_normalised(r.options.optimizer);
    const int exponent = exponents[descent ? 4 : coupled ? 2 + index % 3 : index % 5];
    if (r.options.optimizer == BIASCOPE_ADAMW) r.options.weight_decay = 0.0;
    if (exponent > 2) r.options.eps = 0.0; /* else it leaves its own range */
    double *before = weights_of(&r);
    for (size_t i = 0; i < r.samples * r.features; i++) r.values[i] = ldexp(r.values[i], exponent);
    r.options.lr = ldexp(r.options.lr, descent ? -2 * exponent : -exponent);
    r.options.eps = ldexp(r.options.eps, exponent);
    double *after = weights_of(&r);
    for (size_t k = 0; k < r.features; k++) after[k] = ldexp(after[k], exponent);
    assert_near(r.features, before, after, 0.0);
    free(r.values);
  }
}

/* Denormal numbers are numbers: whole multiples of the least one train as the same multiples of a larger one do. */
static void denormal_data_train_as_normal_ones(void **state) {
  (void)state;
  for (size_t index = 0; index < TRAINING_CASES; index++) {
    run r = random_run(index);
    if (grows(r.options.optimizer) || is_normalised(r.options.optimizer)) {
      free(r.values);
      continue;
    }
    r.options.weight_decay = 0.0;
    r.options.eps = 0.0;
    for (size_t i = 0; i < r.samples * r.features; i++) r.values[i] = ldexp(rint(4.0 * r.values[i]), -100);
    double *before = weights_of(&r);
    for (size_t i = 0; i < r.samples * r.features; i++) r.values[i] = ldexp(r.values[i], -974);
    r.options.lr = ldexp(r.options.lr, 974);
    double *after = weights_of(&r);
    for (size_t k = 0; k < r.features; k++) after[k] = ldexp(after[k], -974);
    assert_near(r.features, before, after, 0.0);
    free(r.values);
  }
}

static void a_features_sign_is_its_weights_sign(void **state) {
  (void)state;
  for (size_t index = 0; index < TRAINING_CASES; index++) {
    run r = random_run(index);
    const size_t k = index % r.features;
    double *before = weights_of(&r);
    for (size_t i = 0; i < r.samples; i++) r.values[i * r.features + k] *= -1.0;
    double *after = weights_of(&r);
    after[k] = -after[k];
    assert_near(r.features, before, after, 0.0);
    free(r.values);
  }
}

/* Up to the rounding of sums taken in another order; where the sign of a sum near zero decides, that may be a step. */
static void the_order_of_features_is_the_order_of_weights(void **state) {
  (void)state;
  for (size_t index = 0; index < TRAINING_CASES; index++) {
    run r = random_run(index);
    if (jumps(r.options.optimizer)) {
      free(r.values);
      continue;
    }
    const size_t d = r.features;
    double *before = weights_of(&r), *turned = malloc(r.samples * d * sizeof *turned);
    assert_non_null(turned);
    for (size_t i = 0; i < r.samples; i++)
      for (size_t k = 0; k < d; k++) turned[i * d + (k + 1) % d] = r.values[i * d + k];
    free(r.values);
    r.values = turned;
    double *after = weights_of(&r), *back = malloc(d * sizeof *back);
    assert_non_null(back);
    for (size_t k = 0; k < d; k++) back[k] = after[(k + 1) % d];
    free(after);
    assert_near(d, before, back, 1e-7);
    free(r.values);
  }
}

/* Sums of whole multiples of a power of two are exact in any order: then signs step the same way to the bit. */
static void the_order_of_features_does_not_change_signs(void **state) {
  (void)state;
  for (size_t index = 0; index < TRAINING_CASES; index++) {
    run r = random_run(index);
    const size_t d = r.features, cells = r.samples * d;
    if (jumps(r.options.optimizer)) {
      for (size_t i = 0; i < cells; i++) r.values[i] = 0.125 * rint(8.0 * r.values[i]);
      r.options.lr = 0.0625;
      r.options.lr_decay = 0.0;
      double *before = weights_of(&r), *turned = malloc(cells * sizeof *turned), *back = malloc(d * sizeof *back);
      assert_true(turned && back);
      for (size_t i = 0; i < cells; i++) turned[i / d * d + (i % d + 1) % d] = r.values[i];
      free(r.values);
      r.values = turned;
      double *after = weights_of(&r);
      for (size_t k = 0; k < d; k++) back[k] = after[(k + 1) % d];
      free(after);
      assert_near(d, before, back, 0.0);
    }
    free(r.values);
  }
}

/* Gradient descent, normalised or not, and rules of singular vectors know no coordinates. */
static void gradient_descent_turns_with_the_data(void **state) {
  (void)state;
  for (size_t index = 0; index < TRAINING_CASES; index++) {
    run r = random_run(index);
    if (grows(r.options.optimizer) || is_normalised(r.options.optimizer)) {
      double *before = weights_of(&r);
      rotate(1, r.features, before, index);
      rotate(r.samples, r.features, r.values, index);
      assert_near(r.features, before, weights_of(&r), 1e-9);
    }
    free(r.values);
  }
}

/* One sample: gradient descent moves along x, rules that divide every coordinate by its own size along sign(x). Where a
 * step's length is known too, the weights are. */
static void one_sample_is_followed(void **state) {
  (void)state;
  for (size_t index = 0; index < TRAINING_CASES; index++) {
    run r = random_run(index);
    r.samples = r.options.batch_size = 1;
    if (r.options.optimizer == BIASCOPE_ADAMPROXY) r.options.batch_size = 0;
    r.options.eps = 0.0;
    const bool gradient = grows(r.options.optimizer) || r.options.optimizer == BIASCOPE_SHAMPOO;
    const bool normalised = is_normalised(r.options.optimizer);
    double *w = weights_of(&r), *expected = malloc(r.features * sizeof *expected), length = 0.0, sum = 0.0;
    assert_non_null(expected);
    for (size_t k = 0; k < r.features; k++) length = hypot(length, r.values[k]);
    for (uint64_t t = 0; t < STEPS; t++) sum += r.options.lr * pow((double)t + 2.0, -r.options.lr_decay);
    if (gradient) sum = fabs(w[0] / r.values[0]) * length;
    if (!gradient && !normalised && !jumps(r.options.optimizer)) sum = fabs(w[0]);
    for (size_t k = 0; k < r.features; k++)
      expected[k] = gradient || normalised ? sum * r.values[k] / length : copysign(sum, r.values[k]);
    assert_near(r.features, w, expected, r.options.optimizer == BIASCOPE_SHAMPOO ? 1e-10 : 1e-12);
    free(r.values);
  }
}

/* One feature: whatever the batch, normalised updates and signs move towards its sign, by the whole step. */
static void one_feature_is_climbed(void **state) {
  (void)state;
  for (size_t index = 0; index < TRAINING_CASES; index++) {
    run r = random_run(index);
    free(r.values);
    r.features = 1;
    r.values = gaussian_values(r.samples, 1, 0.3, index);
    double *w = weights_of(&r);
    assert_true(w[0] * r.values[0] > 0.0);
    if (jumps(r.options.optimizer) || (is_normalised(r.options.optimizer) && r.options.optimizer != BIASCOPE_SHAMPOO)) {
      double sum = 0.0;
      for (uint64_t t = 0; t < STEPS; t++) sum += r.options.lr * pow((double)t + 2.0, -r.options.lr_decay);
      assert_true(fabs(fabs(w[0]) - sum) <= 1e-12 * sum);
    }
    free(w);
    free(r.values);
  }
}

/* The full batch knows neither the order of its samples nor, for all but AdamProxy, whether each is there twice. */
static void the_full_batch_is_a_set(void **state) {
  (void)state;
  for (size_t index = 0; index < TRAINING_CASES; index++) {
    run r = random_run(index);
    if (jumps(r.options.optimizer)) {
      free(r.values);
      continue;
    }
    const size_t cells = r.samples * r.features;
    r.options.batch_size = 0;
    double *once = weights_of(&r), *twice = malloc(2 * cells * sizeof *twice);
    assert_non_null(twice);
    for (size_t i = 0; i < r.samples; i++)
      memcpy(twice + (r.samples - 1 - i) * r.features, r.values + i * r.features, r.features * sizeof *twice);
    memcpy(twice + cells, r.values, cells * sizeof *twice);
    free(r.values);
    r.values = twice;
    if (r.options.optimizer != BIASCOPE_ADAMPROXY) r.samples *= 2;
    assert_near(r.features, once, weights_of(&r), 1e-7);
    free(r.values);
  }
}

/* One rule is another's special case, to the bit. */
static void special_cases_agree(void **state) {
  (void)state;
  static const struct {
    biascope_optimizer general, special;
  } pairs[] = {{BIASCOPE_SIGNUM, BIASCOPE_SIGNGD}, {BIASCOPE_ADAM, BIASCOPE_RMSPROP}, {BIASCOPE_ADAMW, BIASCOPE_ADAM}};
  for (size_t index = 0; index < 60; index++) {
    run r = random_run(index);
    r.options.optimizer = pairs[index % 3].general;
    r.options.beta1 = index % 3 == 2 ? 0.9 : 0.0;
    r.options.beta2 = 0.95;
    r.options.weight_decay = 0.0;
    double *general = weights_of(&r);
    r.options.optimizer = pairs[index % 3].special;
    assert_near(r.features, general, weights_of(&r), 0.0);
    /* a batch of all N in order is the full batch */
    r.options.order = BIASCOPE_CYCLIC;
    r.options.batch_size = 0;
    double *full = weights_of(&r);
    r.options.batch_size = r.samples;
    assert_near(r.features, full, weights_of(&r), 0.0);
    free(r.values);
  }
}

/* L = mean logistic loss has curvature at most lambda_max(X'X) / 4N <= |X|_F^2 / 4N: below 2 over that, L falls. */
static void gradient_descent_lowers_the_loss(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 20; seed++) {
    const size_t n = 3 + seed % 5, d = 4;
    double *values = gaussian_values(n, d, 0.1, seed), squares = 0.0;
    for (size_t i = 0; i < n * d; i++) squares += values[i] * values[i];
    biascope_dataset *data = dense(n, d, values);
    biascope_options options = bs_options_of(BIASCOPE_GD);
    options.lr_decay = 0.0;
    options.lr = 4.0 * (double)n / squares;
    biascope_trainer *trainer = trainer_of(data, &options);
    double before = biascope_trainer_log_loss(trainer);
    assert_true(fabs(before - log(log(2.0))) < 1e-15);
    for (int step = 0; step < 500; step++) {
      advance(trainer, 1);
      const double after = biascope_trainer_log_loss(trainer);
      assert_true(after < before);
      before = after;
    }
    biascope_trainer_free(trainer);
    biascope_dataset_free(data);
    free(values);
  }
}

/* Runs side by side in threads are the runs one after the other. */
static void *weights_in_thread(void *argument) {
  return weights_of(argument);
}
static void threads_do_not_matter(void **state) {
  (void)state;
  enum { THREADS = 8 };
  run runs[THREADS];
  pthread_t threads[THREADS];
  for (size_t i = 0; i < THREADS; i++) {
    runs[i] = random_run(i * 7);
    assert_int_equal(pthread_create(&threads[i], NULL, weights_in_thread, &runs[i]), 0);
  }
  for (size_t i = 0; i < THREADS; i++) {
    void *w;
    assert_int_equal(pthread_join(threads[i], &w), 0);
    assert_near(runs[i].features, weights_of(&runs[i]), w, 0.0);
    free(runs[i].values);
  }
}

/* The step count, and the counters of random numbers made of it, have room for any run. */
static void steps_far_out_are_steps(void **state) {
  (void)state;
  static const uint64_t far[] = {10000000000, UINT64_C(1) << 53, (UINT64_C(1) << 62) - 7};
  for (size_t index = 0; index < TRAINING_CASES; index++) {
    run r = random_run(index);
    biascope_dataset *data = dense(r.samples, r.features, r.values);
    biascope_trainer *trainer = trainer_of(data, &r.options);
    advance(trainer, 100);
    trainer->step = far[index % 3];
    advance(trainer, 50);
    assert_true(biascope_trainer_step(trainer) == far[index % 3] + 50);
    assert_true(isfinite(biascope_trainer_log_loss(trainer)));
    biascope_trainer_free(trainer);
    biascope_dataset_free(data);
    free(r.values);
  }
}

/* ---- Where runs end --------------------------------------------------------------------------------- */

/* The run's margin over the best there is, after `steps` steps. */
static double margin_ratio(const biascope_dataset *data, biascope_norm_kind kind, const biascope_options *options,
                           uint64_t steps) {
  const biascope_norm norm = {.kind = kind};
  biascope_margin best;
  biascope_error error;
  assert_int_equal(biascope_margin_solve(data, norm, NULL, &best, &error), BIASCOPE_OK);
  biascope_trainer *trainer = trainer_of(data, options);
  advance(trainer, steps);
  const double ratio = biascope_margin_of(data, norm, biascope_trainer_weights(trainer)) / best.margin;
  biascope_trainer_free(trainer);
  biascope_margin_free(&best);
  return ratio;
}

/* Full batch: gradient descent in its normalised form reaches the best l2 margin, the sign-like rules the best linf
 * margin. Margins run to the hundreds on the way. */
static void full_batches_reach_their_max_margins(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 4; seed++) {
    double *values = gaussian_values(6, 12, 0.3, seed);
    biascope_dataset *data = dense(6, 12, values);
    biascope_options options = bs_options_of(BIASCOPE_NGD);
    assert_true(margin_ratio(data, BIASCOPE_L2, &options, 60000) > 0.99);
    options = bs_options_of(BIASCOPE_SIGNGD);
    assert_true(margin_ratio(data, BIASCOPE_LINF, &options, 60000) > 0.99);
    options = bs_options_of(BIASCOPE_ADAM);
    options.beta2 = 0.95;
    assert_true(margin_ratio(data, BIASCOPE_LINF, &options, 60000) > 0.99);
    biascope_dataset_free(data);
    free(values);
  }
}

/* Generalised Rademacher data, |x_ik| the same for all k: per-sample Adam finds the l2 max margin, in every order. */
static void per_sample_adam_finds_l2_on_rademacher_data(void **state) {
  (void)state;
  static const double values[] = {1, 1, 1, 1, 2, 2, 2, -2, 3, 3, -3, -3, 4, -4, 4, -4};
  biascope_dataset *data = dense(4, 4, values);
  for (biascope_order order = BIASCOPE_CYCLIC; order <= BIASCOPE_REPLACEMENT; order++) {
    biascope_options options = bs_options_of(BIASCOPE_ADAM);
    options.beta2 = 0.95;
    options.batch_size = 1;
    options.order = order;
    assert_true(margin_ratio(data, BIASCOPE_L2, &options, 300000) > 0.998);
  }
  biascope_dataset_free(data);
}

/* Signum, batch size 1, eta_0 = 0.1, a = 1/2, a million steps: momentum restores the linf margin until it is so slow
 * that it holds old gradients only, and says so. */
static void momentum_restores_the_linf_margin_until_it_is_stale(void **state) {
  (void)state;
  double *values = gaussian_values(10, 50, 0.0, 7);
  biascope_dataset *data = dense(10, 50, values);
  biascope_options options = bs_options_of(BIASCOPE_SIGNUM);
  options.batch_size = 1;
  static const double betas[] = {0.0, 0.9, 0.99, 0.999};
  double ratio[4];
  for (int i = 0; i < 4; i++) {
    options.beta1 = betas[i];
    ratio[i] = margin_ratio(data, BIASCOPE_LINF, &options, 1000000);
    biascope_trainer *trainer = trainer_of(data, &options);
    advance(trainer, 1000000);
    assert_int_equal(biascope_trainer_staleness(trainer).momentum_stale, betas[i] == 0.999);
    biascope_trainer_free(trainer);
  }
  assert_true(ratio[0] < ratio[1] && ratio[1] < ratio[2] && ratio[2] > 0.97 && ratio[3] < 0.6);
  biascope_dataset_free(data);
  free(values);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_change_of_scale_changes_the_scale_alone),
      cmocka_unit_test(denormal_data_train_as_normal_ones),
      cmocka_unit_test(a_features_sign_is_its_weights_sign),
      cmocka_unit_test(the_order_of_features_is_the_order_of_weights),
      cmocka_unit_test(the_order_of_features_does_not_change_signs),
      cmocka_unit_test(gradient_descent_turns_with_the_data),
      cmocka_unit_test(one_sample_is_followed),
      cmocka_unit_test(one_feature_is_climbed),
      cmocka_unit_test(the_full_batch_is_a_set),
      cmocka_unit_test(special_cases_agree),
      cmocka_unit_test(gradient_descent_lowers_the_loss),
      cmocka_unit_test(threads_do_not_matter),
      cmocka_unit_test(steps_far_out_are_steps),
      cmocka_unit_test(full_batches_reach_their_max_margins),
      cmocka_unit_test(per_sample_adam_finds_l2_on_rademacher_data),
      cmocka_unit_test(momentum_restores_the_linf_margin_until_it_is_stale),
  };
  return cmocka_run_group_tests_name("training", tests, NULL, NULL);
}
