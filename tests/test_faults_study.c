/* Every allocation and system call of reading a study, laying it out and running it fails once, in turn. */
#include "fault_injection.h"

#include "study/run.h"
#include "study/store.h"
#include "temporary_folder.h"

static const char STUDY[] = "steps = 20\n"
                            "optimizer = ['adam', 'gd']\n"
                            "batch_size = [2, 'full']\n"
                            "lr = { from = 0.01, to = 1, count = 2, scale = 'log' }\n"
                            "seed = [0, 1]\n"
                            "[[data]]\n"
                            "generate = 'gaussian'\n"
                            "samples = 4\n"
                            "features = 6\n"
                            "[[data]]\n"
                            "file = 'data.csv'\n"
                            "[[data]]\n"
                            "name = 'tested'\n"
                            "file = 'data.csv'\n"
                            "test = 'test.csv'\n";

static void write_file(const char *name, const char *text) {
  FILE *stream = fopen(path_of(name), "w");
  assert_non_null(stream);
  fault.live++; /* fclose counts it off */
  fputs(text, stream);
  fclose(stream);
}

static int write_study(void **state) {
  if (create_folder(state) != 0) return -1;
  write_file("study.toml", STUDY);
  write_file("data.csv", "1,2,0\n2,1,1\n");
  write_file("test.csv", "1,1,0\n");
  return 0;
}

/* The plan holds the specification, which stays the caller's. */
static biascope_status make_plan(bs_spec *spec, bs_plan *plan, biascope_error *error) {
  biascope_status status = bs_spec_read(path_of("study.toml"), spec, error);
  if (status != BIASCOPE_OK) return status;
  status = bs_plan_make(spec, plan, error);
  if (status != BIASCOPE_OK) bs_spec_free(spec);
  return status;
}

static biascope_status plan_once(void *context, biascope_error *error) {
  (void)context;
  bs_spec spec;
  bs_plan plan;
  const biascope_status status = make_plan(&spec, &plan, error);
  if (status != BIASCOPE_OK) return status;
  assert_int_equal(plan.run_count, 2 * 8 + 2 * 4); /* two generated data sets; files of which 2 samples are all */
  bs_plan_free(&plan);
  bs_spec_free(&spec);
  return BIASCOPE_OK;
}

static void planning_fails_cleanly(void **state) {
  (void)state;
  assert_true(fault_sweep(plan_once, NULL, NULL) >= 50);
}

typedef struct {
  bs_plan plan;
  const bs_plan_run *runs[2];
  size_t count;
} running;

static biascope_status run_once(void *context, biascope_error *error) {
  const running *what = context;
  const atomic_bool stop = false;
  biascope_dataset *data = NULL, *test = NULL;
  biascope_problem *reference = NULL;
  bs_run_record records[2] = {0};
  biascope_status status = bs_plan_load(&what->plan, what->runs[0]->data, &data, &test, error);
  if (status == BIASCOPE_OK) status = bs_reference_create(data, test, &reference, error);
  if (status == BIASCOPE_OK)
    status = bs_runs_execute(&what->plan, what->runs, what->count, reference, &stop, records, error);
  for (size_t i = 0; i < what->count; i++) {
    if (status == BIASCOPE_OK) assert_non_null(records[i].trace);
    bs_run_record_free(&records[i]);
  }
  biascope_problem_free(reference);
  biascope_dataset_free(test);
  biascope_dataset_free(data);
  return status;
}

static void running_fails_cleanly(void **state) {
  (void)state;
  bs_spec spec;
  running what;
  biascope_error error;
  assert_int_equal(make_plan(&spec, &what.plan, &error), BIASCOPE_OK);
  for (size_t i = 0; i < what.plan.run_count; i += 3) {
    what.runs[0] = &what.plan.runs[i];
    what.runs[1] = what.runs[0] + 1;
    what.count = i + 1 < what.plan.run_count && what.runs[1]->data == what.runs[0]->data ? 2 : 1;
    assert_true(fault_sweep(run_once, &what, NULL) >= 20);
  }
  bs_plan_free(&what.plan);
  bs_spec_free(&spec);
}

/* ---- The store and what is written of it ---------------------------------------------------------- */

static biascope_status store_once(void *context, biascope_error *error) {
  (void)context;
  biascope_store *store;
  biascope_status status = biascope_store_open(path_of("runs.db"), BIASCOPE_STORE_WRITE, &store, error);
  if (status == BIASCOPE_OK) status = bs_store_add_study(store, "A study", "study.toml", STUDY, error);
  if (status == BIASCOPE_OK) {
    bs_run_record record = {.id = bs_text_fingerprint("one"), .spec = "{}", .result = "{}", .trace = "{}"};
    bs_fingerprint *finished = NULL;
    size_t count;
    status = bs_store_finished(store, &finished, &count, error);
    if (status == BIASCOPE_OK && count == 0) status = bs_store_add_run(store, &record, error);
    if (status == BIASCOPE_OK) status = bs_store_commit(store, error);
    free(finished);
  }
  biascope_store_close(store);
  return status;
}

static biascope_status report_once(void *context, biascope_error *error) {
  (void)context;
  biascope_store *store;
  biascope_status status = biascope_store_open(path_of("runs.db"), BIASCOPE_STORE_READ, &store, error);
  if (status == BIASCOPE_OK) status = biascope_report_write(store, "runs.db", path_of("report.html"), error);
  biascope_store_close(store);
  return status;
}

static void storing_and_reporting_fail_cleanly(void **state) {
  (void)state;
  assert_true(fault_sweep(store_once, NULL, NULL) >= 4);
  assert_true(fault_sweep(report_once, NULL, NULL) >= 6);
}

static int remove_study(void **state) {
  remove(path_of("study.toml"));
  remove(path_of("data.csv"));
  remove(path_of("test.csv"));
  remove(path_of("runs.db"));
  remove(path_of("report.html"));
  return remove_folder(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(planning_fails_cleanly), cmocka_unit_test(running_fails_cleanly),
                                     cmocka_unit_test(storing_and_reporting_fail_cleanly)};
  return cmocka_run_group_tests_name("faults in studies", tests, write_study, remove_study);
}
