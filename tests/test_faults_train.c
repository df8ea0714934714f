/* Every allocation and system call of training, saving and resuming fails once, in turn. */
#include "fault_injection.h"

#include "temporary_folder.h"
#include "train/fast/passes.h"
#include "training_cases.h"

typedef struct {
  const biascope_dataset *data;
  biascope_options options;
  bool resume;
} training;

static biascope_status train_once(void *context, biascope_error *error) {
  const training *what = context;
  biascope_trainer *trainer;
  biascope_status status = biascope_trainer_create(what->data, &what->options, &trainer, error);
  if (status != BIASCOPE_OK) {
    assert_null(trainer);
    return status;
  }
  if (what->resume) status = biascope_trainer_resume(trainer, path_of("run.state"), error);
  if (status == BIASCOPE_OK) status = biascope_trainer_run(trainer, 20, error);
  if (status == BIASCOPE_OK) status = biascope_trainer_save(trainer, path_of("run.state"), error);
  biascope_trainer_free(trainer);
  return status;
}

static biascope_status create_once(void *context, biascope_error *error) {
  const training *what = context;
  biascope_trainer *trainer;
  const biascope_status status = biascope_trainer_create(what->data, &what->options, &trainer, error);
  assert_true((trainer != NULL) == (status == BIASCOPE_OK));
  biascope_trainer_free(trainer);
  return status;
}

static void training_fails_cleanly(void **state) {
  (void)state;
  for (size_t index = 0; index < TRAINING_CASES; index += 5) {
    double *values = gaussian_values(4, 3, 0.3, index);
    biascope_dataset *full = dense(4, 3, values), *sparse = compressed(4, 3, values);
    training what = {.data = full, .options = training_case(index, 4, index)};
    assert_true(fault_sweep(train_once, &what, NULL) >= 10);
    what.resume = true;
    assert_true(fault_sweep(train_once, &what, NULL) >= 12);
    what.data = sparse;
    assert_true(fault_sweep(train_once, &what, NULL) >= 12);
    biascope_dataset_free(full);
    biascope_dataset_free(sparse);
    free(values);
    remove(path_of("run.state"));
  }
}

static void training_of_classes_fails_cleanly(void **state) {
  (void)state;
  static const biascope_optimizer RULES[] = {BIASCOPE_ADAM, BIASCOPE_MUON, BIASCOPE_SHAMPOO};
  const biascope_generate_options classes = {.samples = 12, .features = 3, .classes = 3, .distance = 4.0};
  biascope_dataset *data;
  assert_int_equal(biascope_dataset_generate(BIASCOPE_MIXTURE, &classes, &data, NULL), BIASCOPE_OK);
  for (size_t i = 0; i < sizeof RULES / sizeof *RULES; i++) {
    training what = {.data = data, .options = bs_options_of(RULES[i])};
    assert_true(fault_sweep(train_once, &what, NULL) >= 10);
    what.resume = true;
    assert_true(fault_sweep(train_once, &what, NULL) >= 12);
    remove(path_of("run.state"));
  }
  biascope_dataset_free(data);
}

/* The snapshot, its full gradient, and their members of a checkpoint. */
static void training_with_variance_reduction_fails_cleanly(void **state) {
  (void)state;
  static const biascope_optimizer RULES[] = {BIASCOPE_GD, BIASCOPE_ADAM, BIASCOPE_MUON};
  const biascope_generate_options classes = {.samples = 12, .features = 3, .classes = 3, .distance = 4.0};
  biascope_dataset *several;
  double *values = gaussian_values(12, 3, 0.3, 1);
  biascope_dataset *two = dense(12, 3, values), *sparse = compressed(12, 3, values);
  assert_int_equal(biascope_dataset_generate(BIASCOPE_MIXTURE, &classes, &several, NULL), BIASCOPE_OK);
  const biascope_dataset *const data[] = {two, sparse, several};
  for (size_t i = 0; i < sizeof RULES / sizeof *RULES; i++)
    for (size_t j = 0; j < sizeof data / sizeof *data; j++) {
      training what = {.data = data[j], .options = bs_options_of(RULES[i])};
      what.options.batch_size = 5;
      what.options.variance_reduction = true;
      assert_true(fault_sweep(train_once, &what, NULL) >= 12);
      what.resume = true;
      assert_true(fault_sweep(train_once, &what, NULL) >= 14);
      remove(path_of("run.state"));
    }
  biascope_dataset_free(two);
  biascope_dataset_free(sparse);
  biascope_dataset_free(several);
  free(values);
}

/* Coordinates followed lazily have tables, and members of a checkpoint, of their own. */
static void training_lazily_fails_cleanly(void **state) {
  (void)state;
  enum { D = 130 };
  static const biascope_optimizer RULES[] = {BIASCOPE_ADAM, BIASCOPE_SIGNUM};
  double values[2 * D] = {0};
  values[3] = values[D + 100] = 1.0;
  biascope_dataset *data = compressed(2, D, values);
  for (size_t i = 0; i < 2; i++) {
    training what = {.data = data, .options = bs_options_of(RULES[i])};
    what.options.batch_size = 1;
    assert_true(fault_sweep(train_once, &what, NULL) >= 30);
    what.resume = true;
    assert_true(fault_sweep(train_once, &what, NULL) >= 35);
    remove(path_of("run.state"));
  }
  biascope_dataset_free(data);
}

static void training_in_blocks_fails_cleanly(void **state) {
  (void)state;
  double *values = gaussian_values(520, 515, 0.3, 1);
  biascope_dataset *data = dense(520, 515, values);
  training what = {.data = data, .options = bs_options_of(BIASCOPE_ADAM)};
  what.options.threads = 2;
  what.options.batch_size = 400;
  assert_true(fault_sweep(create_once, &what, NULL) >= 15);
  biascope_dataset_free(data);
  free(values);
}

static biascope_status prepare_once(void *context, biascope_error *error) {
  const biascope_options options = bs_options_of(BIASCOPE_ADAM);
  bs_passes *passes;
  const biascope_status status = bs_passes_create(&passes, context, &options, error);
  assert_true((passes != NULL) == (status == BIASCOPE_OK));
  bs_passes_free(passes);
  return status;
}

static void passes_over_sparse_data_fail_cleanly(void **state) {
  (void)state;
  double *values = gaussian_values(200, 200, 0.3, 1);
  biascope_dataset *data = compressed(200, 200, values);
  assert_true(fault_sweep(prepare_once, data, NULL) > 2 * 4); /* two matrices of some arrays */
  biascope_dataset_free(data);
  free(values);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(training_fails_cleanly),
                                     cmocka_unit_test(training_of_classes_fails_cleanly),
                                     cmocka_unit_test(training_with_variance_reduction_fails_cleanly),
                                     cmocka_unit_test(training_lazily_fails_cleanly),
                                     cmocka_unit_test(training_in_blocks_fails_cleanly),
                                     cmocka_unit_test(passes_over_sparse_data_fail_cleanly)};
  return cmocka_run_group_tests_name("faults in training", tests, create_folder, remove_folder);
}
