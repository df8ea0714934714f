/* Every allocation and every system call of the data floor's public functions fails once, in turn. */
#include "fault_injection.h"

#include "data/facts.h"
#include "temporary_folder.h"
#include <dirent.h>

static void write_file(const char *name, const char *content) {
  FILE *stream = fopen(path_of(name), "wb");
  assert_non_null(stream);
  fputs(content, stream);
  fault.live++; /* fopen is not wrapped, fclose is */
  assert_int_equal(fclose(stream), 0);
}

static biascope_dataset *example(bool sparse) {
  biascope_dataset *data;
  const biascope_generate_options options = {6, 5, .seed = 1, .margin = 0.1, .nonzeros = sparse ? 2 : 0};
  assert_int_equal(biascope_dataset_generate(BIASCOPE_TEACHER, &options, &data, NULL), BIASCOPE_OK);
  return data;
}

typedef struct {
  const char *name, *label_column;
} reading;

static biascope_status read_once(void *context, biascope_error *error) {
  const reading *what = context;
  const biascope_read_options options = {.label_column = what->label_column};
  biascope_dataset *data;
  const biascope_status status = biascope_dataset_read(path_of(what->name), &options, &data, error);
  assert_true((data != NULL) == (status == BIASCOPE_OK));
  biascope_dataset_free(data);
  return status;
}

static reading prepare(const char *ending) {
  biascope_dataset *data = example(false);
  static char name[32];
  snprintf(name, sizeof name, "in%s", ending);
  assert_int_equal(biascope_dataset_write(data, path_of(name), NULL), BIASCOPE_OK);
  biascope_dataset_free(data);
  return (reading){name, NULL};
}

static const char *const ENDINGS[] = {".csv", ".svm", ".npy"};
enum { ENDING_COUNT = sizeof ENDINGS / sizeof ENDINGS[0] };

static void reading_fails_cleanly(void **state) {
  (void)state;
  for (int i = 0; i < ENDING_COUNT; i++) {
    reading what = prepare(ENDINGS[i]);
    assert_true(fault_sweep(read_once, &what, NULL) >= 6); /* open, fstat, text, read, values, dataset */
    unlink(path_of(what.name));
  }
  write_file("in.csv", "a,b,y\n1,2,no\n3,4,yes\n");
  reading labelled = {"in.csv", "y"};
  fault_sweep(read_once, &labelled, NULL);
  unlink(path_of("in.csv"));
}

static void short_and_interrupted_reads_are_continued(void **state) {
  (void)state;
  for (int i = 0; i < ENDING_COUNT; i++) {
    reading what = prepare(ENDINGS[i]);
    fault.dribble = true;
    biascope_error error;
    if (read_once(&what, &error) != BIASCOPE_OK) fail_msg("%s", error.message);
    fault.dribble = false;
    unlink(path_of(what.name));
  }
}

typedef struct {
  const biascope_dataset *data;
  const char *name;
} writing;

static biascope_status write_once(void *context, biascope_error *error) {
  const writing *what = context;
  return biascope_dataset_write(what->data, path_of(what->name), error);
}

/* The old content stands, and nothing stands beside it. */
static void old_file_is_untouched(void *context) {
  const writing *what = context;
  char content[16] = "";
  FILE *stream = fopen(path_of(what->name), "rb");
  assert_non_null(stream);
  assert_int_equal(fread(content, 1, sizeof content - 1, stream), 4);
  fault.live++;
  fclose(stream);
  assert_string_equal(content, "old\n");
  size_t entries = 0;
  DIR *directory = opendir(folder);
  assert_non_null(directory);
  while (readdir(directory)) entries++;
  closedir(directory);
  assert_int_equal(entries, 3); /* ., .. and the file */
}

static void writing_fails_cleanly_and_leaves_the_old_file(void **state) {
  (void)state;
  for (int i = 0; i < ENDING_COUNT; i++) {
    for (int sparse = 0; sparse < 2; sparse++) {
      biascope_dataset *data = example(sparse);
      char name[32];
      snprintf(name, sizeof name, "out%s", ENDINGS[i]);
      write_file(name, "old\n");
      writing what = {data, name};
      assert_true(fault_sweep(write_once, &what, old_file_is_untouched) >= 8); /* 2 names, 6 system calls */
      unlink(path_of(name));
      biascope_dataset_free(data);
    }
  }
}

static biascope_status generate_once(void *context, biascope_error *error) {
  const size_t *variant = context;
  const biascope_generate_options options = {6, 6, .nonzeros = *variant > BIASCOPE_TEACHER ? 2 : 0};
  const biascope_generator kind = *variant > BIASCOPE_TEACHER ? BIASCOPE_TEACHER : (biascope_generator)*variant;
  biascope_dataset *data;
  const biascope_status status = biascope_dataset_generate(kind, &options, &data, error);
  assert_true((data != NULL) == (status == BIASCOPE_OK));
  biascope_dataset_free(data);
  return status;
}

static void generating_fails_cleanly(void **state) {
  (void)state;
  for (size_t variant = 0; variant <= BIASCOPE_TEACHER + 1; variant++)
    assert_true(fault_sweep(generate_once, &variant, NULL) >= 2);
}

static biascope_status from_arrays(void *context, biascope_error *error) {
  static const double values[] = {1.0, 2.0, 3.0, 4.0};
  static const size_t row_start[] = {0, 2, 4};
  static const uint32_t columns[] = {0, 1, 0, 1};
  const bool *sparse = context;
  biascope_dataset *data;
  const biascope_status status = *sparse ? biascope_dataset_from_csr(2, 2, row_start, columns, values, &data, error)
                                         : biascope_dataset_from_dense(2, 2, values, &data, error);
  assert_true((data != NULL) == (status == BIASCOPE_OK));
  biascope_dataset_free(data);
  return status;
}

static void taking_arrays_fails_cleanly(void **state) {
  (void)state;
  bool sparse = false;
  assert_int_equal(fault_sweep(from_arrays, &sparse, NULL), 2);
  sparse = true;
  assert_int_equal(fault_sweep(from_arrays, &sparse, NULL), 4);
}

static biascope_status describe_once(void *context, biascope_error *error) {
  bs_dataset_facts facts;
  return bs_dataset_describe(context, &facts, error);
}

static void describing_fails_cleanly(void **state) {
  (void)state;
  biascope_dataset *data = example(true);
  assert_int_equal(fault_sweep(describe_once, data, NULL), 2);
  biascope_dataset_free(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reading_fails_cleanly),
      cmocka_unit_test(short_and_interrupted_reads_are_continued),
      cmocka_unit_test(writing_fails_cleanly_and_leaves_the_old_file),
      cmocka_unit_test(generating_fails_cleanly),
      cmocka_unit_test(taking_arrays_fails_cleanly),
      cmocka_unit_test(describing_fails_cleanly),
  };
  return cmocka_run_group_tests(tests, create_folder, remove_folder);
}
