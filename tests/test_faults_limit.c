/* Every allocation of a prediction and of a diagnosis fails, in turn, on options that take each of their paths: the
 * first of those by the same calls, because runs are long. */
#include "fault_injection.h"

#include "class_cases.h"
#include "training_cases.h"

typedef struct {
  const biascope_dataset *data;
  biascope_options training;
  biascope_predict_options options;
} predicting;

/* What cannot be certified, or is not predicted, is an answer too, as long as it is no lack of memory. */
static biascope_status predict_once(void *context, biascope_error *error) {
  const predicting *what = context;
  biascope_prediction out;
  const biascope_status status = biascope_predict(what->data, &what->training, &what->options, &out, error);
  if (status == BIASCOPE_NO_MEMORY) assert_true(!out.direction && !out.dual && !out.other_directions);
  biascope_prediction_free(&out);
  return status == BIASCOPE_NO_MEMORY ? status : BIASCOPE_OK;
}

static size_t sweep(const biascope_dataset *data, biascope_options training, biascope_predict_options options) {
  predicting what = {.data = data, .training = training, .options = options};
  return fault_sweep(predict_once, &what, NULL);
}

static biascope_options batches(biascope_optimizer optimizer, size_t batch_size, biascope_order order) {
  biascope_options training = bs_options_of(optimizer);
  training.batch_size = batch_size;
  training.order = order;
  return training;
}

static biascope_dataset *small(bool sparse) {
  double *values = gaussian_values(3, 5, 0.3, 4);
  if (sparse) values[1] = values[7] = 0.0; /* coordinates that not every batch moves */
  biascope_dataset *data = sparse ? compressed(3, 5, values) : dense(3, 5, values);
  free(values);
  return data;
}

static void limits_fail_cleanly(void **state) {
  (void)state;
  biascope_dataset *full = small(false), *sparse = small(true);
  for (biascope_optimizer optimizer = BIASCOPE_GD; optimizer <= BIASCOPE_ADAMW; optimizer++) {
    assert_true(sweep(full, batches(optimizer, 0, BIASCOPE_CYCLIC), (biascope_predict_options){0}) > 2);
    if (optimizer == BIASCOPE_ADAMPROXY) continue;
    sweep(sparse, batches(optimizer, 1, BIASCOPE_CYCLIC), (biascope_predict_options){.starts = 1});
  }
  biascope_dataset_free(full);
  biascope_dataset_free(sparse);
}

/* A chain, of which one batch decides columns alone. */
static void sliding_columns_fail_cleanly(void **state) {
  (void)state;
  double chain[16] = {0.0, 1.4, -0.5, 0.0, 0.0, 0.0, 0.0, 1.6, 0.0, 0.0, 0.7, -0.5, 1.4, -0.3, 0.0, 0.0};
  biascope_dataset *data = dense(4, 4, chain);
  assert_true(sweep(data, batches(BIASCOPE_RMSPROP, 3, BIASCOPE_CYCLIC), (biascope_predict_options){0}) > 20);
  biascope_dataset_free(data);
}

/* Entry by entry, by singular vectors and by Shampoo's factors. */
static void limits_of_classes_fail_cleanly(void **state) {
  (void)state;
  class_case of = teacher_case(3, 5, 4, 0.3, 2);
  biascope_dataset *data = classified(dense(of.samples, of.features, of.x), of.classes, of.class_of);
  for (size_t batch_size = 0; batch_size <= 2; batch_size += 2) {
    assert_true(sweep(data, batches(BIASCOPE_ADAM, batch_size, BIASCOPE_CYCLIC), (biascope_predict_options){0}) > 2);
    assert_true(sweep(data, batches(BIASCOPE_MUON, batch_size, BIASCOPE_CYCLIC), (biascope_predict_options){0}) > 2);
    assert_true(sweep(data, batches(BIASCOPE_SHAMPOO, batch_size, BIASCOPE_CYCLIC), (biascope_predict_options){0}) > 2);
  }
  biascope_dataset_free(data);
  free_case(&of);
}

/* The confirming run keeps a snapshot and its gradient. */
static void limits_with_variance_reduction_fail_cleanly(void **state) {
  (void)state;
  biascope_dataset *data = small(false);
  biascope_options training = batches(BIASCOPE_SIGNUM, 1, BIASCOPE_CYCLIC);
  training.variance_reduction = true;
  assert_true(sweep(data, training, (biascope_predict_options){0}) > 2);
  assert_true(sweep(data, training, (biascope_predict_options){.steps = 100}) > 0);
  biascope_dataset_free(data);
}

static void random_orders_fail_cleanly(void **state) {
  (void)state;
  biascope_dataset *data = small(false);
  const biascope_predict_options brief = {.sample_length = 16, .tolerance = 1e-3};
  sweep(data, batches(BIASCOPE_SIGNUM, 1, BIASCOPE_SHUFFLE), brief);
  sweep(data, batches(BIASCOPE_NGD, 2, BIASCOPE_REPLACEMENT), brief);
  biascope_dataset_free(data);
}

/* A run beside the answer: which it agrees with, which weight decay holds, and which it runs away from. */
static void confirming_runs_fail_cleanly(void **state) {
  (void)state;
  biascope_dataset *data = small(false);
  const biascope_predict_options run = {.confirm = BIASCOPE_CONFIRM_RUN};
  assert_true(sweep(data, batches(BIASCOPE_ADAM, 1, BIASCOPE_CYCLIC), run) > 2);
  biascope_options training = batches(BIASCOPE_ADAMW, 1, BIASCOPE_CYCLIC);
  training.weight_decay = 0.1;
  assert_true(sweep(data, training, run) > 2);
  training = batches(BIASCOPE_ADAM, 1, BIASCOPE_REPLACEMENT);
  training.beta2 = 0.5;
  assert_true(sweep(data, training, run) > 2);
  biascope_dataset_free(data);
}

/* Constant steps, eps, weight decay, a number of steps: each has a path of its own. */
static void other_questions_fail_cleanly(void **state) {
  (void)state;
  biascope_dataset *data = small(false);
  biascope_options training = batches(BIASCOPE_ADAM, 1, BIASCOPE_CYCLIC);
  training.beta2 = 0.95;
  const biascope_options plain = training;
  assert_true(sweep(data, training, (biascope_predict_options){.steps = 100}) > 2);
  training.eps = 1e-4;
  assert_true(sweep(data, training, (biascope_predict_options){0}) > 2);
  training.lr_decay = 0.0;
  training.lr = 0.01;
  assert_true(sweep(data, training, (biascope_predict_options){0}) > 2);
  training.eps = 0.0;
  assert_true(sweep(data, training, (biascope_predict_options){0}) > 2);
  training = batches(BIASCOPE_ADAMW, 1, BIASCOPE_CYCLIC);
  training.weight_decay = 0.1;
  assert_true(sweep(data, training, (biascope_predict_options){0}) > 2);
  training = plain;
  training.batch_size = 0;
  assert_true(sweep(data, training, (biascope_predict_options){.steps = 100}) > 2);
  biascope_dataset_free(data);
}

static biascope_status proxy_once(void *context, biascope_error *error) {
  double metric[5];
  biascope_prediction out;
  const biascope_status status = biascope_adamproxy_fixed_point(context, &out, metric, error);
  biascope_prediction_free(&out);
  return status;
}

static void the_fixed_point_fails_cleanly(void **state) {
  (void)state;
  biascope_dataset *data = small(false);
  assert_true(fault_sweep(proxy_once, data, NULL) > 2);
  biascope_dataset_free(data);
}

static biascope_status diagnose_once(void *context, biascope_error *error) {
  const predicting *what = context;
  const biascope_goal goal = {.norm = BIASCOPE_L2, .fraction = 1e-3, .steps = 1000};
  biascope_diagnosis out;
  const biascope_status status = biascope_diagnose(what->data, &what->training, &goal, &out, error);
  if (status == BIASCOPE_NO_MEMORY) assert_null(out.limit.direction);
  biascope_diagnosis_free(&out);
  return status;
}

static void diagnoses_fail_cleanly(void **state) {
  (void)state;
  biascope_dataset *data = small(false);
  static const biascope_optimizer OPTIMIZERS[] = {BIASCOPE_GD, BIASCOPE_SIGNUM, BIASCOPE_ADAM};
  for (size_t i = 0; i < sizeof OPTIMIZERS / sizeof *OPTIMIZERS; i++) {
    predicting what = {.data = data, .training = batches(OPTIMIZERS[i], 1, BIASCOPE_CYCLIC)};
    assert_true(fault_sweep(diagnose_once, &what, NULL) > 2);
  }
  biascope_dataset_free(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sliding_columns_fail_cleanly),  cmocka_unit_test(limits_of_classes_fail_cleanly),
      cmocka_unit_test(limits_fail_cleanly),           cmocka_unit_test(limits_with_variance_reduction_fail_cleanly),
      cmocka_unit_test(random_orders_fail_cleanly),    cmocka_unit_test(other_questions_fail_cleanly),
      cmocka_unit_test(the_fixed_point_fails_cleanly), cmocka_unit_test(confirming_runs_fail_cleanly),
      cmocka_unit_test(diagnoses_fail_cleanly),
  };
  fault.once_a_way = true;
  return cmocka_run_group_tests_name("faults in predictions", tests, NULL, NULL);
}
