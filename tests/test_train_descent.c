/* The descent of sign updates, and the margin that their misalignment leaves (Section 5 of Baek, Song and Yun), held
 * against 1,000 random runs. */
#include "training_cases.h"
#include <string.h>

enum { RUNS = 1000, LAST_STEP = 3000 };

typedef struct {
  size_t samples, features;
  double *values;
  biascope_dataset *data;
  biascope_trainer *trainer;
  biascope_options options;
  double longest; /* max_i ||x_i||_1 */
} run;

static run create(size_t index) {
  run r = {.samples = 2 + index % 9, .features = 2 + index % 23};
  r.values = gaussian_values(r.samples, r.features, index % 3 ? 0.2 : 0.0, index);
  r.data = dense(r.samples, r.features, r.values);
  r.options = bs_options_of(index % 4 ? BIASCOPE_SIGNUM : BIASCOPE_SIGNGD);
  r.options.loss = (biascope_loss)(index % 2);
  r.options.order = (biascope_order)(index / 2 % 3);
  r.options.batch_size = 1 + index % r.samples;
  r.options.beta1 = r.options.optimizer == BIASCOPE_SIGNUM ? 1.0 - pow(10.0, -0.1 - 0.2 * (double)(index % 13)) : 0.0;
  r.options.lr = 0.3 / (1.0 + (double)(index % 7));
  r.options.seed = index;
  r.trainer = trainer_of(r.data, &r.options);
  for (size_t i = 0; i < r.samples; i++) {
    double sum = 0.0;
    for (size_t k = 0; k < r.features; k++) sum += fabs(r.values[i * r.features + k]);
    r.longest = fmax(r.longest, sum);
  }
  return r;
}

static void release(run *r) {
  biascope_trainer_free(r->trainer);
  biascope_dataset_free(r->data);
  free(r->values);
}

/* One step from w: (L(w) - L(w')) / G against eta (||grad L||_1 - 2 ||m - grad L||_1) / G less the second-order term:
 * |l''| <= |l'|, which changes by at most e^(eta ||x||_1) on the way, along which x.w changes by at most eta ||x||_1.
 */
static void assert_descends(run *r) {
  biascope_alignment alignment;
  biascope_error error;
  double *w = malloc(r->features * sizeof *w);
  assert_non_null(w);
  memcpy(w, biascope_trainer_weights(r->trainer), r->features * sizeof *w);
  const double before = biascope_trainer_log_loss(r->trainer);
  const double eta = r->options.lr * pow((double)biascope_trainer_step(r->trainer) + 2.0, -r->options.lr_decay);
  advance(r->trainer, 1);
  assert_int_equal(biascope_trainer_alignment(r->trainer, w, &alignment, &error), BIASCOPE_OK);
  free(w);
  const double after = biascope_trainer_log_loss(r->trainer), reach = eta * r->longest;
  const double descent = exp(before - alignment.log_slope) - exp(after - alignment.log_slope);
  const double bound = eta * (alignment.gradient - 2.0 * alignment.misalignment) - 0.5 * reach * reach * exp(reach);
  const double rounding = 1e-11 * (exp(before - alignment.log_slope) + exp(after - alignment.log_slope));
  if (!(descent >= bound - rounding))
    fail_msg("step %llu: descent %.17g, bound %.17g", (unsigned long long)biascope_trainer_step(r->trainer), descent,
             bound);
}

static void the_loss_falls_as_promised(void **state) {
  (void)state;
  for (size_t index = 0; index < RUNS; index++) {
    run r = create(index);
    for (uint64_t step = 0; step < LAST_STEP; step = step + step / 2 + 1) {
      advance(r.trainer, step - biascope_trainer_step(r.trainer));
      assert_descends(&r);
    }
    release(&r);
  }
}

/* ||grad L||_1 >= G times the best linf margin, whatever the weights. */
static void the_gradient_is_no_smaller_than_the_margin(void **state) {
  (void)state;
  for (size_t index = 0; index < RUNS; index += 10) {
    run r = create(index);
    biascope_margin best;
    biascope_alignment alignment;
    biascope_error error;
    if (biascope_margin_solve(r.data, (biascope_norm){.kind = BIASCOPE_LINF}, NULL, &best, &error) == BIASCOPE_OK) {
      advance(r.trainer, 500);
      assert_int_equal(biascope_trainer_alignment(r.trainer, NULL, &alignment, &error), BIASCOPE_OK);
      assert_true(alignment.gradient >= best.margin * (1.0 - 1e-9));
    }
    biascope_margin_free(&best);
    release(&r);
  }
}

/* The full batch without momentum follows the gradient itself. */
static void the_full_batch_is_aligned(void **state) {
  (void)state;
  for (size_t index = 0; index < 20; index++) {
    run r = create(index);
    biascope_trainer_free(r.trainer);
    r.options.batch_size = 0;
    r.options.beta1 = 0.0;
    r.trainer = trainer_of(r.data, &r.options);
    advance(r.trainer, 200);
    double *w = malloc(r.features * sizeof *w);
    assert_non_null(w);
    memcpy(w, biascope_trainer_weights(r.trainer), r.features * sizeof *w);
    advance(r.trainer, 1);
    biascope_alignment alignment;
    biascope_error error;
    assert_int_equal(biascope_trainer_alignment(r.trainer, w, &alignment, &error), BIASCOPE_OK);
    assert_true(alignment.misalignment <= 1e-10 * alignment.gradient + 1e-13);
    free(w);
    release(&r);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_loss_falls_as_promised),
                                     cmocka_unit_test(the_gradient_is_no_smaller_than_the_margin),
                                     cmocka_unit_test(the_full_batch_is_aligned)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
