/* A run that stops and goes on is the run that never stopped, to the bit; a file that is not its own is refused. */
#include "checkpoint_text.h"
#include "temporary_folder.h"
#include "training_cases.h"

static void save(const biascope_trainer *trainer) {
  biascope_error error;
  if (biascope_trainer_save(trainer, path_of("run.state"), &error) != BIASCOPE_OK) fail_msg("%s", error.message);
}

static void assert_same_bits(const biascope_dataset *data, const biascope_trainer *a, const biascope_trainer *b) {
  const size_t size = biascope_dataset_features(data) * sizeof(double);
  assert_memory_equal(biascope_trainer_weights(a), biascope_trainer_weights(b), size);
  assert_true(biascope_trainer_step(a) == biascope_trainer_step(b));
  assert_true(biascope_trainer_log_loss(a) == biascope_trainer_log_loss(b));
  assert_true(biascope_trainer_staleness(a).momentum_excess == biascope_trainer_staleness(b).momentum_excess);
}

/* Stops after 150 of 400 steps, and goes on in steps of another length. */
static void stop_and_go_on(const biascope_dataset *data, const biascope_options *options) {
  biascope_trainer *whole = trainer_of(data, options), *first = trainer_of(data, options);
  biascope_trainer *second = trainer_of(data, options);
  biascope_error error;
  advance(whole, 400);
  advance(first, 150);
  save(first);
  advance(second, 7); /* whatever it held is replaced */
  if (biascope_trainer_resume(second, path_of("run.state"), &error) != BIASCOPE_OK) fail_msg("%s", error.message);
  assert_same_bits(data, first, second);
  for (int i = 0; i < 25; i++) advance(second, 10);
  assert_same_bits(data, whole, second);
  biascope_trainer_free(whole);
  biascope_trainer_free(first);
  biascope_trainer_free(second);
  remove(path_of("run.state"));
}

static void a_resumed_run_is_the_same_run(void **state) {
  (void)state;
  for (size_t index = 0; index < TRAINING_CASES; index++) {
    const size_t n = 2 + index % 5, d = 1 + index % 11;
    double *values = gaussian_values(n, d, 0.3, index);
    for (size_t i = 0; i < n * d; i += 3) values[i] *= i % 2 ? 0.0 : 20.0; /* fading at different rates */
    biascope_dataset *full = dense(n, d, values), *sparse = compressed(n, d, values);
    biascope_options options = training_case(index, n, index);
    for (int varied = 0; varied < 2; varied++) {
      options.lr = options.optimizer == BIASCOPE_GD ? 0.001 : 2.0;
      if (varied) vary(&options, index);
      options.variance_reduction = varied && !bs_is_full_batch(&options, n);
      stop_and_go_on(full, &options);
      stop_and_go_on(sparse, &options);
    }
    biascope_dataset_free(full);
    biascope_dataset_free(sparse);
    free(values);
  }
}

/* ---- Refusals --------------------------------------------------------------------------------------- */

static void assert_refused(biascope_trainer *trainer, char *text, size_t size, const char *part_of_message) {
  const uint64_t step = biascope_trainer_step(trainer);
  const double w = biascope_trainer_weights(trainer)[0];
  biascope_error error = {.message = ""};
  assert_int_equal(checkpoint_parse(trainer, text, size, &error), BIASCOPE_BAD_INPUT);
  if (!strstr(error.message, part_of_message) || !strstr(error.message, "run.state"))
    fail_msg("'%s' lacks '%s'", error.message, part_of_message);
  assert_true(biascope_trainer_step(trainer) == step && biascope_trainer_weights(trainer)[0] == w);
}

static void another_runs_checkpoint_is_refused_by_what_differs(void **state) {
  (void)state;
  double *values = gaussian_values(4, 3, 0.3, 1);
  biascope_dataset *data = dense(4, 3, values);
  values[0] += 1e-15;
  biascope_dataset *other = dense(4, 3, values);
  biascope_options options = bs_options_of(BIASCOPE_ADAM);
  biascope_trainer *trainer = trainer_of(data, &options);
  advance(trainer, 5);
  save(trainer);
  char *text = checkpoint_content(path_of("run.state"));
  static const char *const NAMES[] = {"optimizer", "beta1", "lr", "seed", "batch_size", "loss"};
  biascope_options changed[6] = {options, options, options, options, options, options};
  changed[0].optimizer = BIASCOPE_SIGNUM;
  changed[1].beta1 = 0.5;
  changed[2].lr = 0.2;
  changed[3].seed = 1;
  changed[4].batch_size = 2;
  changed[5].loss = BIASCOPE_EXPONENTIAL;
  for (int i = 0; i < 6; i++) {
    biascope_trainer *wrong = trainer_of(data, &changed[i]);
    assert_refused(wrong, text, strlen(text), NAMES[i]);
    biascope_trainer_free(wrong);
  }
  biascope_trainer *wrong = trainer_of(other, &options);
  assert_refused(wrong, text, strlen(text), "other data");
  biascope_trainer_free(wrong);
  biascope_trainer_free(trainer);
  biascope_dataset_free(data);
  biascope_dataset_free(other);
  free(values);
  free(text);
  remove(path_of("run.state"));
}

/* Any one byte changed, or any rest cut off, is seen. */
static void a_damaged_checkpoint_is_refused(void **state) {
  (void)state;
  double *values = gaussian_values(3, 2, 0.3, 1);
  biascope_dataset *data = dense(3, 2, values);
  const biascope_options options = bs_options_of(BIASCOPE_ADAM);
  biascope_trainer *trainer = trainer_of(data, &options);
  advance(trainer, 5);
  save(trainer);
  char *text = checkpoint_content(path_of("run.state"));
  const size_t size = strlen(text);
  for (size_t at = 0; at < size; at++) {
    const char old = text[at];
    text[at] = '\0';
    assert_refused(trainer, text, size, "");
    assert_refused(trainer, text, at, "");
    text[at] = old == 'x' ? 'y' : 'x';
    assert_refused(trainer, text, size, "");
    text[at] = old;
  }
  char *longer = calloc(size + 2, 1);
  memcpy(longer, text, size);
  longer[size] = '\n';
  assert_refused(trainer, longer, size + 1, "damaged");
  free(longer);
  char none[] = "", other[] = "1,2,3\n", bare[] = "biascope checkpoint 2\n", later[] = "biascope checkpoint 20\n";
  char json[] = "{\"checksum\":\"00\",\"format\":\"biascope checkpoint 1\"}";
  assert_refused(trainer, none, 0, "expected a checkpoint");
  assert_refused(trainer, other, strlen(other), "expected a checkpoint");
  assert_refused(trainer, later, strlen(later), "expected a checkpoint");
  assert_refused(trainer, bare, strlen(bare), "damaged");
  assert_refused(trainer, json, strlen(json), "earlier version");
  biascope_error error;
  assert_int_equal(biascope_trainer_resume(trainer, path_of("absent"), &error), BIASCOPE_BAD_INPUT);
  biascope_trainer_free(trainer);
  biascope_dataset_free(data);
  free(values);
  free(text);
  remove(path_of("run.state"));
}

/* Even where the checksum fits: a state that no run has is refused by the line that is wrong. */
static void a_forged_checkpoint_is_refused_by_the_line_that_is_wrong(void **state) {
  (void)state;
  static const struct {
    const char *key, *line, *message;
  } FORGERIES[] = {
      {"step", "step -1", "\"step\" is not whole numbers in range"},
      {"step", "step many", "\"step\" is not whole numbers"},
      {"step", "step", "\"step\" is not as many whole numbers as expected"},
      {"step", "step 5 5", "\"step\" is not as many whole numbers as expected"},
      {"step", "steps 5", "'steps 5'; expected \"step\""},
      {"step", "", "expected \"step\""},
      {"step", "step 9223372036854775808", "\"step\" is not whole numbers in range"},
      {"w", "w 1", "\"w\" is not as many numbers as expected"},
      {"w", "w 1 2 3 4", "\"w\" is not as many numbers as expected"},
      {"w", "w 1 2  3", "\"w\" is not as many numbers as expected"},
      {"m", "m 1 2 nan", "\"m\" is not numbers in range"},
      {"m", "m 1 2 1e999", "\"m\" is not numbers in range"},
      {"v", "v 1 2 -1e-300", "\"v\" is not numbers in range"},
      {"exponent", "exponent 1 2", "\"exponent\" is not as many whole numbers as expected"},
      {"exponent", "exponent 1 2 0.5", "\"exponent\" is not whole numbers in range"},
      {"exponent", "exponent 1 2 4611686018427387904", "\"exponent\" is not whole numbers in range"},
      {"exponent", "exponent 1 2 -4611686018427387904", "\"exponent\" is not whole numbers in range"},
      {"exponent", "exponent 1 1 2", "\"common\" is not true of its exponents"},
      {"common", "common 2", "\"common\" is not whole numbers in range"},
      {"unseen", "unseen ", "\"unseen\" is not features"},
      {"unseen", "unseen 0.5", "\"unseen\" is not features"},
      {"unseen", "unseen -1", "\"unseen\" is not features"},
      {"unseen", "unseen 3", "\"unseen\" is not features"},
      {"unseen", "unseen 0\nmore 1", "a line too many"},
      {"data", "data 1", "other data"},
      {"lr", "lr 0.10000000000000001", "with lr '0.10000000000000001'; expected '0.1'"},
      {"lr", "", "expected \"lr\""},
  };
  double *values = gaussian_values(3, 3, 0.3, 1);
  biascope_dataset *data = dense(3, 3, values);
  const biascope_options options = bs_options_of(BIASCOPE_ADAM);
  biascope_trainer *trainer = trainer_of(data, &options);
  advance(trainer, 5);
  save(trainer);
  char *text = checkpoint_content(path_of("run.state"));
  for (size_t i = 0; i < sizeof FORGERIES / sizeof *FORGERIES; i++) {
    char *wrong = checkpoint_forge(text, FORGERIES[i].key, FORGERIES[i].line);
    assert_refused(trainer, wrong, strlen(wrong), FORGERIES[i].message);
    free(wrong);
  }
  char *right = checkpoint_forge(text, "step", "step 9");
  biascope_error error;
  assert_int_equal(checkpoint_parse(trainer, right, strlen(right), &error), BIASCOPE_OK);
  assert_true(biascope_trainer_step(trainer) == 9);
  free(right);
  biascope_trainer_free(trainer);
  biascope_dataset_free(data);
  free(values);
  free(text);
  remove(path_of("run.state"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_resumed_run_is_the_same_run),
      cmocka_unit_test(another_runs_checkpoint_is_refused_by_what_differs),
      cmocka_unit_test(a_damaged_checkpoint_is_refused),
      cmocka_unit_test(a_forged_checkpoint_is_refused_by_the_line_that_is_wrong),
  };
  return cmocka_run_group_tests_name("checkpoints", tests, create_folder, remove_folder);
}
