/* The averaged equation: its derivative against differences of its rates, the epoch it steps through against training,
 * and forecasts against runs, within what their estimates say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs these first */
#include <cmocka.h>

#include "base/rng.h"
#include "base/vector.h"
#include "class_cases.h"
#include "forecast/jacobian.h"
#include "training_cases.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 24 };

static void fill(double *out, size_t count, uint64_t seed, double size) {
  for (size_t k = 0; k < count; k++) out[k] = size * (2.0 * bs_random_uniform(seed, BS_STREAM_NOISE, k) - 1.0);
}

/* (a I - J) x = b, as solved, against a x less the rates' difference along x. Returns how many directions oscillate. */
static size_t check_derivative_of(const biascope_dataset *data, const double *values, const biascope_options *options) {
  double w[MOST], u[MOST], x[2 * MOST], b[2 * MOST], rate[2 * MOST], above[2 * MOST], below[2 * MOST];
  bs_model model;
  bs_jacobian jacobian;
  biascope_error error;
  assert_int_equal(bs_model_create(data, values, options, false, &model, &error), BIASCOPE_OK);
  assert_int_equal(bs_jacobian_create(&model, &jacobian, &error), BIASCOPE_OK);
  const size_t D = model.weights;
  const double t = 50.0, a = 30.0, step = 1e-5;
  assert_true(D <= MOST);
  fill(w, D, 1, 1.0);
  for (size_t k = 0; k < D; k++) u[k] = 1.0;
  fill(b, 2 * D, 2, 1.0);
  memcpy(x, b, sizeof x);
  bs_model_evaluate(&model, t, w, u, rate, rate + D);
  bs_jacobian_fill(&jacobian, &model, t);
  assert_true(bs_jacobian_factor(&jacobian, a));
  if (!model.has_second) memset(x + D, 0, D * sizeof *x);
  bs_jacobian_solve(&jacobian, x, x + D);
  bs_axpy(D, step, x, w);
  if (model.has_second) bs_axpy(D, step, x + D, u);
  bs_model_evaluate(&model, t, w, u, above, above + D);
  bs_axpy(D, -2.0 * step, x, w);
  if (model.has_second) bs_axpy(D, -2.0 * step, x + D, u);
  bs_model_evaluate(&model, t, w, u, below, below + D);
  for (size_t k = 0; k < (model.has_second ? 2 : 1) * D; k++)
    assert_true(fabs(a * x[k] - (above[k] - below[k]) / (2.0 * step) - b[k]) < 1e-5);
  const size_t oscillating = model.edge.count;
  bs_jacobian_free(&jacobian);
  bs_model_free(&model);
  return oscillating;
}

static biascope_options batches_of(biascope_optimizer optimizer, biascope_order order, size_t batch_size, double beta2,
                                   double lr) {
  biascope_options options = bs_options_of(optimizer);
  options.batch_size = batch_size;
  options.order = order;
  options.beta2 = beta2;
  options.lr = lr;
  if (biascope_options_reads(&options, "eps")) options.eps = 1e-3;
  return options;
}

static size_t check_derivative(size_t samples, size_t features, biascope_optimizer optimizer, biascope_order order,
                               size_t batch_size, double lr) {
  double *values = gaussian_values(samples, features, 0.2, 5);
  biascope_dataset *data = dense(samples, features, values);
  /* the edge of stability needs a long memory */
  const biascope_options options = batches_of(optimizer, order, batch_size, batch_size < samples ? 0.9 : 0.99, lr);
  const size_t oscillating = check_derivative_of(data, values, &options);
  biascope_dataset_free(data);
  free(values);
  return oscillating;
}

static void the_derivative_is_that_of_the_rates(void **state) {
  (void)state;
  static const biascope_optimizer OPTIMIZERS[] = {BIASCOPE_GD, BIASCOPE_ADAMW, BIASCOPE_RMSPROP, BIASCOPE_ADAGRAD};
  static const biascope_order ORDERS[] = {BIASCOPE_CYCLIC, BIASCOPE_SHUFFLE, BIASCOPE_REPLACEMENT};
  for (size_t i = 0; i < 4; i++) {
    for (size_t j = 0; j < 3; j++) {
      check_derivative(5, 8, OPTIMIZERS[i], ORDERS[j], 2, 0.1);
      check_derivative(9, 4, OPTIMIZERS[i], ORDERS[j], 2, 0.1);
    }
  }
}

static void of_several_classes_too(void **state) {
  (void)state;
  static const biascope_optimizer OPTIMIZERS[] = {BIASCOPE_GD, BIASCOPE_ADAMW, BIASCOPE_RMSPROP, BIASCOPE_ADAGRAD};
  static const biascope_order ORDERS[] = {BIASCOPE_CYCLIC, BIASCOPE_SHUFFLE, BIASCOPE_REPLACEMENT};
  class_case of = teacher_case(4, 6, 5, 0.3, 2);
  biascope_dataset *data = data_of(&of);
  for (size_t i = 0; i < 4; i++)
    for (size_t j = 0; j < 3; j++)
      for (size_t batch_size = 2; batch_size <= of.samples; batch_size += of.samples - 2) {
        biascope_options options = batches_of(OPTIMIZERS[i], ORDERS[j], batch_size, 0.9, 0.1);
        check_derivative_of(data, of.x, &options);
        options.loss = BIASCOPE_EXPONENTIAL;
        check_derivative_of(data, of.x, &options);
      }
  biascope_dataset_free(data);
  free_case(&of);
}

static void at_the_edge_of_stability_too(void **state) {
  (void)state;
  assert_int_equal(check_derivative(5, 8, BIASCOPE_ADAMW, BIASCOPE_CYCLIC, 5, 1.0), 0);
  assert_true(check_derivative(5, 8, BIASCOPE_ADAMW, BIASCOPE_CYCLIC, 5, 1e3) > 0);
  assert_true(check_derivative(5, 8, BIASCOPE_ADAMW, BIASCOPE_CYCLIC, 5, 1e4) > 1);
  assert_true(check_derivative(9, 4, BIASCOPE_RMSPROP, BIASCOPE_CYCLIC, 9, 1e2) > 1);
}

/* At three steps of a run: how many of them are farther off than three estimates. */
static size_t check_run(const biascope_dataset *data, biascope_optimizer optimizer, biascope_loss loss,
                        size_t batch_size) {
  const size_t D = bs_outputs(data) * data->features;
  biascope_options options = bs_options_of(optimizer);
  options.loss = loss;
  options.batch_size = batch_size;
  options.schedule = BIASCOPE_CONSTANT;
  options.lr = optimizer == BIASCOPE_GD || optimizer == BIASCOPE_ADAGRAD ? 0.1 : 1e-3;
  if (biascope_options_reads(&options, "eps")) options.eps = 1e-6;
  biascope_forecast *forecast;
  biascope_error error;
  assert_int_equal(biascope_forecast_create(data, &options, 20000, &forecast, &error), BIASCOPE_OK);
  biascope_trainer *trainer = trainer_of(data, &options);
  size_t beyond = 0;
  for (uint64_t step = 5000; step <= 20000; step += 7500) {
    assert_int_equal(biascope_forecast_advance(forecast, step, &error), BIASCOPE_OK);
    advance(trainer, step - biascope_trainer_step(trainer));
    const biascope_forecast_quality q = biascope_forecast_quality_of(forecast);
    const double *run = biascope_trainer_weights(trainer);
    assert_true(q.error_estimate > 0.0 && q.error_estimate < 0.05 && q.steps_taken <= 2000);
    const double angle = bs_angle(D, biascope_forecast_weights(forecast), run);
    assert_true(angle < 6.0 * q.error_estimate);
    beyond += angle > 3.0 * q.error_estimate;
    assert_true(fabs(q.weight_norm / bs_norm2(D, run) - 1.0) < 0.01);
  }
  assert_int_equal(biascope_forecast_advance(forecast, 100, &error), BIASCOPE_USAGE);
  biascope_trainer_free(trainer);
  biascope_forecast_free(forecast);
  return beyond;
}

static const biascope_optimizer FORECAST[] = {BIASCOPE_GD, BIASCOPE_ADAM, BIASCOPE_RMSPROP, BIASCOPE_ADAGRAD,
                                              BIASCOPE_ADAMW};

static void forecasts_are_where_runs_are(void **state) {
  (void)state;
  size_t beyond = 0;
  for (size_t i = 0; i < 15; i++) {
    double *values = gaussian_values(8, 12, 0.3, 10 + i);
    biascope_dataset *data = dense(8, 12, values);
    beyond += check_run(data, FORECAST[i % 5], i % 2 ? BIASCOPE_EXPONENTIAL : BIASCOPE_LOGISTIC, 1 + i / 5 * 3);
    biascope_dataset_free(data);
    free(values);
  }
  assert_true(beyond <= 3);
}

static void forecasts_of_several_classes_are_too(void **state) {
  (void)state;
  size_t beyond = 0;
  for (size_t i = 0; i < 15; i++) {
    class_case of = teacher_case(3, 12, 7, 0.3, 10 + i);
    biascope_dataset *data = data_of(&of);
    beyond += check_run(data, FORECAST[i % 5], i % 2 ? BIASCOPE_EXPONENTIAL : BIASCOPE_LOGISTIC, 1 + i / 5 * 3);
    biascope_dataset_free(data);
    free_case(&of);
  }
  assert_true(beyond <= 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_derivative_is_that_of_the_rates),  cmocka_unit_test(of_several_classes_too),
      cmocka_unit_test(at_the_edge_of_stability_too),         cmocka_unit_test(forecasts_are_where_runs_are),
      cmocka_unit_test(forecasts_of_several_classes_are_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
