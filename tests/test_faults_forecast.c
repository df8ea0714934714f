/* Every allocation of a forecast fails once, in turn: of the averaged equation in each order, and of exact steps. */
#include "fault_injection.h"

#include "class_cases.h"
#include "training_cases.h"

typedef struct {
  const biascope_dataset *data;
  biascope_options training;
  uint64_t steps;
} forecasting;

static biascope_status forecast_once(void *context, biascope_error *error) {
  const forecasting *what = context;
  biascope_forecast *forecast;
  biascope_status status = biascope_forecast_create(what->data, &what->training, what->steps, &forecast, error);
  if (status != BIASCOPE_OK) assert_null(forecast);
  if (status == BIASCOPE_OK) status = biascope_forecast_advance(forecast, what->steps / 2, error);
  if (status == BIASCOPE_OK) status = biascope_forecast_advance(forecast, what->steps, error);
  if (status == BIASCOPE_OK) assert_true(biascope_forecast_quality_of(forecast).weight_norm > 0.0);
  biascope_forecast_free(forecast);
  return status;
}

static size_t sweep(const biascope_dataset *data, biascope_optimizer optimizer, biascope_order order, uint64_t steps) {
  forecasting what = {.data = data, .training = bs_options_of(optimizer), .steps = steps};
  what.training.batch_size = 2;
  what.training.order = order;
  what.training.lr = 0.01;
  if (biascope_options_reads(&what.training, "eps")) what.training.eps = 1e-8;
  return fault_sweep(forecast_once, &what, NULL);
}

static void forecasts_fail_cleanly(void **state) {
  (void)state;
  double *values = gaussian_values(3, 5, 0.3, 4), *others = gaussian_values(4, 5, 0.3, 4);
  others[1] = others[7] = 0.0;
  biascope_dataset *rows = dense(3, 5, values), *sparse = compressed(4, 5, others);
  assert_true(sweep(rows, BIASCOPE_ADAMW, BIASCOPE_CYCLIC, 5000) > 60);
  assert_true(sweep(rows, BIASCOPE_ADAM, BIASCOPE_SHUFFLE, 5000) > 60);
  assert_true(sweep(sparse, BIASCOPE_GD, BIASCOPE_CYCLIC, 5000) > 60);
  assert_true(sweep(sparse, BIASCOPE_ADAGRAD, BIASCOPE_REPLACEMENT, 5000) > 60);
  assert_true(sweep(rows, BIASCOPE_SIGNUM, BIASCOPE_CYCLIC, 50) > 3);
  biascope_dataset_free(rows);
  biascope_dataset_free(sparse);
  free(values);
  free(others);
}

static void forecasts_of_classes_fail_cleanly(void **state) {
  (void)state;
  class_case of = teacher_case(3, 5, 4, 0.3, 2);
  biascope_dataset *data = data_of(&of);
  assert_true(sweep(data, BIASCOPE_ADAMW, BIASCOPE_CYCLIC, 5000) > 60);
  assert_true(sweep(data, BIASCOPE_GD, BIASCOPE_SHUFFLE, 5000) > 60);
  assert_true(sweep(data, BIASCOPE_MUON, BIASCOPE_CYCLIC, 50) > 3);
  biascope_dataset_free(data);
  free_case(&of);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(forecasts_fail_cleanly),
                                     cmocka_unit_test(forecasts_of_classes_fail_cleanly)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
