/* What is not predicted is refused in words, and the limits that theory names are those found. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs setjmp, stdarg and stddef first */
#include <cmocka.h>

#include "base/vector.h"
#include "data/dataset.h"
#include "training_cases.h"

enum { N = 4, D = 7 };

static biascope_dataset *draw(uint64_t seed) {
  double *values = gaussian_values(N, D, 0.3, seed);
  biascope_dataset *data = dense(N, D, values);
  free(values);
  return data;
}

typedef struct {
  biascope_optimizer optimizer;
  biascope_loss loss;
  size_t batch_size;
  double eps, weight_decay, lr, lr_decay, noise, clip;
  uint64_t steps;
  double effort;
  biascope_status status;
  const char *message;
  double beta1, beta2; /* both where beta1 > 0 */
  biascope_order order;
  bool variance_reduction;
} refusal;

static const refusal REFUSALS[] = {
    {.optimizer = BIASCOPE_ADAM, .noise = 0.5, .status = BIASCOPE_USAGE, .message = "gradient noise, here 0.5"},
    {.optimizer = BIASCOPE_ADAM, .clip = 0.5, .batch_size = 1, .status = BIASCOPE_USAGE, .message = "clip 0.5"},
    {.optimizer = BIASCOPE_ADAGRAD, .clip = 0.5, .status = BIASCOPE_USAGE, .message = "clip 0.5"},
    {.optimizer = BIASCOPE_ADAMW, .clip = 0.5, .weight_decay = 0.1, .status = BIASCOPE_USAGE, .message = "clip 0.5"},
    {.optimizer = BIASCOPE_SIGNUM, .clip = 0.5, .steps = 9, .status = BIASCOPE_USAGE, .message = "clip 0.5"},
    {.optimizer = BIASCOPE_ADAM, .loss = BIASCOPE_POLYNOMIAL, .status = BIASCOPE_USAGE, .message = "polynomial"},
    {.optimizer = BIASCOPE_GD, .loss = BIASCOPE_SQUARED_HINGE, .status = BIASCOPE_USAGE, .message = "exceeds 1"},
    {.optimizer = BIASCOPE_ADAM,
     .loss = BIASCOPE_PROBIT,
     .lr_decay = 0.5,
     .status = BIASCOPE_USAGE,
     .message = "probit"},
    {.optimizer = BIASCOPE_GD, .loss = BIASCOPE_PROBIT, .steps = 9, .status = BIASCOPE_USAGE, .message = "probit"},
    {.optimizer = BIASCOPE_ADAM, .eps = 1e-8, .steps = 9, .status = BIASCOPE_USAGE, .message = "eps 0 only, not 1e-08"},
    {.optimizer = BIASCOPE_GD, .steps = 9, .status = BIASCOPE_USAGE, .message = "gd"},
    {.optimizer = BIASCOPE_ADAGRAD, .steps = 9, .status = BIASCOPE_USAGE, .message = "adagrad"},
    {.optimizer = BIASCOPE_ADAGRAD, .lr_decay = 0.8, .status = BIASCOPE_NOT_CONVERGED, .message = "0.8"},
    {.optimizer = BIASCOPE_ADAM,
     .lr = 10.0,
     .lr_decay = -1.0,
     .status = BIASCOPE_NOT_CONVERGED,
     .message = "too large for beta1 0.9"},
    {.optimizer = BIASCOPE_ADAM,
     .batch_size = 1,
     .effort = 2.5e4 * N * D - 1,
     .status = BIASCOPE_USAGE,
     .message = "4 samples of 7 features"},
    {.optimizer = BIASCOPE_ADAM, .variance_reduction = true, .status = BIASCOPE_USAGE, .message = "batch size below 4"},
    {.optimizer = BIASCOPE_ADAM,
     .variance_reduction = true,
     .batch_size = 1,
     .lr_decay = -1.0,
     .status = BIASCOPE_USAGE,
     .message = "constant step size"},
    {.optimizer = BIASCOPE_ADAM,
     .variance_reduction = true,
     .batch_size = 1,
     .steps = 9,
     .status = BIASCOPE_USAGE,
     .message = "only the limit"},
    {.optimizer = BIASCOPE_ADAGRAD,
     .variance_reduction = true,
     .batch_size = 1,
     .status = BIASCOPE_USAGE,
     .message = "remembers the first steps"},
    {.optimizer = BIASCOPE_ADAM,
     .variance_reduction = true,
     .batch_size = 1,
     .clip = 0.5,
     .status = BIASCOPE_USAGE,
     .message = "expected one of them"},
    {.optimizer = BIASCOPE_ADAM, .batch_size = N + 1, .status = BIASCOPE_USAGE, .message = "expected 1 to 4"},
    {.optimizer = BIASCOPE_ADAM,
     .beta1 = 0.9,
     .beta2 = 0.5,
     .status = BIASCOPE_NOT_CONVERGED,
     .message = "beta1^2 > beta2"},
    {.optimizer = BIASCOPE_ADAMW,
     .batch_size = 2,
     .order = BIASCOPE_SHUFFLE,
     .beta1 = 0.99,
     .beta2 = 0.9,
     .status = BIASCOPE_NOT_CONVERGED,
     .message = "beta1^2 > beta2"},
};

/* 0 stands for the default; a lr_decay of -1 for constant steps. */
static void what_is_not_predicted_is_refused_in_words(void **state) {
  (void)state;
  biascope_dataset *data = draw(1);
  for (size_t i = 0; i < sizeof REFUSALS / sizeof *REFUSALS; i++) {
    const refusal *r = &REFUSALS[i];
    biascope_options training = bs_options_of(r->optimizer);
    training.loss = r->loss ? r->loss : training.loss;
    training.batch_size = r->batch_size;
    training.eps = r->eps;
    training.noise = r->noise;
    training.clip = r->clip;
    training.order = r->order;
    training.variance_reduction = r->variance_reduction;
    if (r->beta1 > 0.0) {
      training.beta1 = r->beta1;
      training.beta2 = r->beta2;
    }
    if (r->weight_decay > 0.0) training.weight_decay = r->weight_decay;
    if (r->lr > 0.0) training.lr = r->lr;
    if (r->lr_decay != 0.0) training.lr_decay = fmax(0.0, r->lr_decay);
    biascope_prediction out;
    biascope_error error = {.message = ""};
    const biascope_status status = biascope_predict(
        data, &training, &(biascope_predict_options){.steps = r->steps, .effort = r->effort}, &out, &error);
    if (status != r->status || !strstr(error.message, r->message))
      fail_msg("refusal %zu: status %d, '%s' for '%s'", i, status, error.message, r->message);
    biascope_prediction_free(&out);
  }
  biascope_dataset_free(data);
}

static void a_wish_out_of_range_is_refused(void **state) {
  (void)state;
  biascope_dataset *data = draw(1);
  const biascope_options training = bs_options_of(BIASCOPE_SIGNUM);
  const biascope_goal wishes[] = {{BIASCOPE_L2, 0.0, 10},
                                  {BIASCOPE_L2, 1.0, 10},
                                  {BIASCOPE_L2, NAN, 10},
                                  {BIASCOPE_L2, 0.5, 0},
                                  {BIASCOPE_LP, 0.5, 10}};
  for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
    biascope_diagnosis out;
    biascope_error error;
    assert_int_equal(biascope_diagnose(data, &training, &wishes[i], &out, &error), BIASCOPE_USAGE);
    assert_non_null(strstr(error.message, "a fraction in (0, 1)"));
  }
  biascope_dataset_free(data);
}

/* Its direction is the max margin of the norm whose metric it gives. */
static void the_fixed_point_is_the_max_margin_of_its_own_metric(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 10; seed++) {
    biascope_dataset *data = draw(seed);
    double metric[D];
    biascope_prediction proxy;
    biascope_margin margin;
    assert_int_equal(biascope_adamproxy_fixed_point(data, &proxy, metric, NULL), BIASCOPE_OK);
    const biascope_norm norm = {.kind = BIASCOPE_MAHALANOBIS, .metric = metric};
    assert_int_equal(biascope_margin_solve(data, norm, NULL, &margin, NULL), BIASCOPE_OK);
    assert_true(bs_cosine(D, margin.direction, proxy.direction) > 1.0 - 1e-9);
    biascope_margin_free(&margin);
    biascope_prediction_free(&proxy);
    biascope_dataset_free(data);
  }
}

/* Over the full batch normalised descent goes to the best l2 margin, at that margin's rate. */
static void normalised_descent_over_the_full_batch_goes_to_the_l2_margin(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 10; seed++) {
    biascope_dataset *data = draw(seed);
    const biascope_options training = bs_options_of(BIASCOPE_NGD);
    biascope_prediction limit;
    biascope_margin best;
    assert_int_equal(biascope_predict(data, &training, NULL, &limit, NULL), BIASCOPE_OK);
    assert_int_equal(biascope_margin_solve(data, (biascope_norm){.kind = BIASCOPE_L2}, NULL, &best, NULL), BIASCOPE_OK);
    assert_true(bs_cosine(D, limit.direction, best.direction) > 1.0 - 1e-12);
    assert_true(fabs(limit.rate / best.margin - 1.0) < 1e-9);
    biascope_prediction_free(&limit);
    biascope_margin_free(&best);
    biascope_dataset_free(data);
  }
}

static double handover(const biascope_dataset *data, double eps, double lr, double lr_decay) {
  biascope_options training = bs_options_of(BIASCOPE_ADAM);
  training.batch_size = 1;
  training.beta2 = 0.95;
  training.eps = eps;
  training.lr = lr;
  training.lr_decay = lr_decay;
  biascope_prediction out;
  assert_int_equal(biascope_predict(data, &training, NULL, &out, NULL), BIASCOPE_OK);
  const double step = out.handover_step;
  biascope_prediction_free(&out);
  return step;
}

/* The sum of the step sizes counts: a tenth of lr takes ten times as many constant steps, a hundred times as many under
 * lr / sqrt(t); and a smaller eps takes over later. */
static void eps_takes_over_by_the_sum_of_the_steps(void **state) {
  (void)state;
  biascope_dataset *data = draw(2);
  const double constant = handover(data, 1e-8, 1e-4, 0.0), fading = handover(data, 1e-8, 1e-2, 0.5);
  assert_true(fabs(handover(data, 1e-8, 1e-5, 0.0) / constant - 10.0) < 0.1);
  assert_true(fabs(handover(data, 1e-8, 1e-3, 0.5) / fading - 100.0) < 2.0);
  assert_true(handover(data, 1e-12, 1e-4, 0.0) > constant && handover(data, 1e-12, 1e-2, 0.5) > fading);
  biascope_dataset_free(data);
}

/* With slowly fading steps Adagrad's second moments converge: a max margin in their metric, known to an error it
 * states. */
static void adagrad_goes_to_a_max_margin_of_the_metric_of_its_first_steps(void **state) {
  (void)state;
  biascope_dataset *data = draw(3);
  biascope_options training = bs_options_of(BIASCOPE_ADAGRAD);
  training.batch_size = 1;
  training.lr_decay = 0.2;
  biascope_prediction out;
  assert_int_equal(biascope_predict(data, &training, NULL, &out, NULL), BIASCOPE_OK);
  assert_non_null(strstr(out.method, "Mahalanobis max-margin"));
  assert_true(out.standard_error >= 0.0 && out.standard_error < 0.05 && out.gap <= 1e-10);
  for (size_t i = 0; i < N; i++) assert_true(bs_row_dot(data, i, out.direction) > 0.0);
  biascope_prediction_free(&out);
  biascope_dataset_free(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_not_predicted_is_refused_in_words),
      cmocka_unit_test(a_wish_out_of_range_is_refused),
      cmocka_unit_test(the_fixed_point_is_the_max_margin_of_its_own_metric),
      cmocka_unit_test(normalised_descent_over_the_full_batch_goes_to_the_l2_margin),
      cmocka_unit_test(adagrad_goes_to_a_max_margin_of_the_metric_of_its_first_steps),
      cmocka_unit_test(eps_takes_over_by_the_sum_of_the_steps),
  };
  return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
