/* Every allocation and every system call of the data floor's public functions fails once, in turn. */
#include "fault_injection.h"

#include "data/dataset.h"
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
  const char *name;
  biascope_read_options options;
} reading;

static biascope_status read_once(void *context, biascope_error *error) {
  const reading *what = context;
  biascope_dataset *data;
  const biascope_status status = biascope_dataset_read(path_of(what->name), &what->options, &data, error);
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
  return (reading){.name = name};
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
}

static const struct {
  const char *name, *content;
  biascope_read_options options;
} TEXTS[] = {
    {"in.csv", "a,b,y\n1,2,no\n3,4,yes\n", {.label_column = "y"}},
    {"in.csv",
     "\"n\";a;b\nx;1,5;2\ny;?;1\nz;2,5;3\n",
     {.label_column = "0", .missing = BIASCOPE_MISSING_MEAN, .several_classes = true, .scaling = BIASCOPE_STANDARDIZE}},
    {"in.txt",
     "# a b y\n1 red 0\n# made\n? blue 1\n2 red 1\n",
     {.label_column = "y", .missing = BIASCOPE_MISSING_DROP, .one_hot = true, .intercept = true}},
    {"in.csv", "2,1,u,v\n1,0\n2,1\n", {.label_column = "-1", .positive = "u", .scaling = BIASCOPE_SCALE_MAX}},
    {"in.csv", ",a,b\n0,1,2\n1,3,4\n", {.columns = "a,2", .drop = "b"}},
    {"in.arff", "@relation r\n@attribute 'a b' real\n@attribute y {0,1}\n@data\n1,'0'\n2,1\n", {.label_column = "y"}},
    {"in.arff",
     "@attribute a real\n@attribute 'b c' {0,1}\n@attribute y {'u v',w}\n@data\n{0 1, 2 w}\n{1 1}\n",
     {.label_column = "y", .scaling = BIASCOPE_SCALE_MAX}},
    {"in.csv",
     "a,y\n1,\"u \"\"v\"\"\"\n2,w\n3,x\n",
     {.label_column = "y", .positive = "w", .negative = "u \"v\"", .missing = BIASCOPE_MISSING_MEAN}},
    {"in.svm", "1 qid:1 0:1 7:2\n-1 qid:2 3:1 4000000000:2\n", {.intercept = true, .scaling = BIASCOPE_SCALE_ROWS}},
    {"in.svm", "1 1:1 3:2\n-1 2:1\n", {.columns = "0,2", .held_out = 0.5, .held_out_part = true}},
};

static void every_step_of_reading_fails_cleanly(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
    write_file(TEXTS[i].name, TEXTS[i].content);
    reading what = {TEXTS[i].name, TEXTS[i].options};
    assert_true(fault_sweep(read_once, &what, NULL) >= 6);
    unlink(path_of(TEXTS[i].name));
  }
}

static void labels_of_their_own_and_classifiers_fail_cleanly(void **state) {
  (void)state;
  write_file("y.txt", "y\nno\nyes\n");
  write_file("in.csv", "b,a\n1,2\n3,4\n");
  static const double shift[] = {1, 2, 0}, mean[] = {1, 2, 0}, scale[] = {2, 2, 1}, weights[] = {1, 1, 1};
  static const char *const names[] = {"a", "b", "(intercept)"}, *const classes[] = {"no", "maybe", "yes"};
  const biascope_model like = {.features = 3,
                               .outputs = 1,
                               .classes = 3,
                               .weights = weights,
                               .feature_name = names,
                               .class_name = classes,
                               .positive = 2,
                               .shift = shift,
                               .scale = scale,
                               .mean = mean,
                               .intercept = true};
  char labels[256];
  snprintf(labels, sizeof labels, "%s", path_of("y.txt"));
  reading what = {"in.csv", {.labels = labels, .like = &like}};
  assert_true(fault_sweep(read_once, &what, NULL) >= 12);
  unlink(path_of("in.csv"));
  unlink(path_of("y.txt"));
}

static void write_bytes(const char *name, const char *header, const void *body, size_t size) {
  const size_t length = strlen(header);
  FILE *stream = fopen(path_of(name), "wb");
  assert_non_null(stream);
  fprintf(stream, "\x93NUMPY\x01%c%c%c%s", 0, (int)length, 0, header);
  fwrite(body, 1, size, stream);
  fault.live++; /* fopen is not wrapped, fclose is */
  assert_int_equal(fclose(stream), 0);
}

static void labels_that_are_texts_fail_cleanly(void **state) {
  (void)state;
  static const double values[] = {1, 2};
  write_bytes("x.npy", "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1)}", values, sizeof values);
  write_bytes("y.npy", "{'descr': '|S3', 'fortran_order': False, 'shape': (2,)}", "no\0yes", 6);
  char labels[256];
  snprintf(labels, sizeof labels, "%s", path_of("y.npy"));
  reading what = {"x.npy", {.labels = labels}};
  assert_true(fault_sweep(read_once, &what, NULL) >= 12);
  unlink(path_of("x.npy"));
  unlink(path_of("y.npy"));
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

static biascope_status generate_classes_once(void *context, biascope_error *error) {
  const biascope_generator kind = *(const biascope_generator *)context;
  const biascope_generate_options options = {.samples = 60, .features = 4, .classes = 3, .margin = 0.1};
  biascope_dataset *data;
  const biascope_status status = biascope_dataset_generate(kind, &options, &data, error);
  biascope_dataset_free(data);
  return status;
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
  biascope_generator kinds[] = {BIASCOPE_TEACHER, BIASCOPE_MIXTURE};
  for (size_t i = 0; i < 2; i++) assert_true(fault_sweep(generate_classes_once, &kinds[i], NULL) >= 9);
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

/* Two classes or three, of the four samples of a dense array or a sparse one. */
typedef struct {
  size_t classes;
  bool sparse;
} labelling;

static biascope_status set_classes_once(void *context, biascope_error *error) {
  static const double values[] = {1.0, 2.0, 3.0, 4.0};
  static const size_t row_start[] = {0, 1, 2, 3, 4};
  static const uint32_t columns[] = {0, 0, 0, 0}, labels[] = {0, 1, 2, 0};
  static const uint32_t two_labels[] = {0, 1, 1, 0};
  static const char *const names[] = {"no", "yes", "maybe"};
  const labelling *of = context;
  biascope_dataset *data;
  biascope_status status = of->sparse ? biascope_dataset_from_csr(4, 1, row_start, columns, values, &data, error)
                                      : biascope_dataset_from_dense(4, 1, values, &data, error);
  if (status != BIASCOPE_OK) return status;
  status = biascope_dataset_set_classes(data, of->classes, of->classes == 2 ? two_labels : labels,
                                        of->classes == 2 ? names : NULL, error);
  const bool done = status == BIASCOPE_OK, folded = done && of->classes == 2;
  assert_int_equal(biascope_dataset_classes(data), done ? of->classes : 0);
  assert_int_equal(biascope_dataset_outputs(data), done && of->classes > 2 ? of->classes : 1);
  if (done) assert_string_equal(biascope_dataset_class_name(data, 1), of->classes == 2 ? "yes" : "1");
  for (size_t i = 0; i < 4; i++) {
    double value;
    biascope_dataset_row(data, i, &value);
    assert_true(value == (folded && two_labels[i] == 0 ? -values[i] : values[i]));
  }
  biascope_dataset_free(data);
  return status;
}

static void setting_classes_fails_cleanly(void **state) {
  (void)state;
  for (int sparse = 0; sparse < 2; sparse++) {
    for (size_t classes = 2; classes <= 3; classes++) {
      labelling of = {classes, sparse};
      assert_true(fault_sweep(set_classes_once, &of, NULL) >= 2 + 3 + classes);
    }
  }
}

static void wrong_classes_are_refused(void **state) {
  (void)state;
  static const struct {
    size_t classes;
    uint32_t labels[2];
  } wrong[] = {{1, {0, 0}}, {2, {0, 2}}, {2, {1, 1}}, {3, {0, 1}}};
  static const double values[] = {1.0, 2.0};
  static const uint32_t right[] = {0, 1};
  biascope_dataset *data;
  biascope_error error;
  assert_int_equal(biascope_dataset_from_dense(2, 1, values, &data, NULL), BIASCOPE_OK);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    assert_int_equal(biascope_dataset_set_classes(data, wrong[i].classes, wrong[i].labels, NULL, &error),
                     BIASCOPE_USAGE);
    assert_int_equal(biascope_dataset_classes(data), 0);
  }
  assert_int_equal(biascope_dataset_set_classes(data, 2, right, NULL, &error), BIASCOPE_OK);
  assert_int_equal(biascope_dataset_set_classes(data, 2, right, NULL, &error), BIASCOPE_USAGE);
  biascope_dataset_free(data);
}

static biascope_status describe_once(void *context, biascope_error *error) {
  biascope_dataset_facts facts;
  return biascope_dataset_describe(context, &facts, error);
}

static biascope_status classify_once(void *context, biascope_error *error) {
  static const double weights[] = {1, 1, 1, 1, 1};
  const biascope_model model = biascope_dataset_model(context, 1, weights);
  biascope_application application;
  biascope_status status = biascope_model_apply(&model, context, &application, error);
  biascope_application_free(&application);
  if (status == BIASCOPE_OK) status = biascope_model_write(&model, path_of("w.json"), error);
  return status;
}

static void classifying_fails_cleanly(void **state) {
  (void)state;
  biascope_dataset *data = example(true);
  assert_true(fault_sweep(classify_once, data, NULL) >= 8);
  unlink(path_of("w.json"));
  biascope_dataset_free(data);
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
      cmocka_unit_test(every_step_of_reading_fails_cleanly),
      cmocka_unit_test(labels_of_their_own_and_classifiers_fail_cleanly),
      cmocka_unit_test(labels_that_are_texts_fail_cleanly),
      cmocka_unit_test(classifying_fails_cleanly),
      cmocka_unit_test(setting_classes_fails_cleanly),
      cmocka_unit_test(wrong_classes_are_refused),
      cmocka_unit_test(short_and_interrupted_reads_are_continued),
      cmocka_unit_test(writing_fails_cleanly_and_leaves_the_old_file),
      cmocka_unit_test(generating_fails_cleanly),
      cmocka_unit_test(taking_arrays_fails_cleanly),
      cmocka_unit_test(describing_fails_cleanly),
  };
  return cmocka_run_group_tests(tests, create_folder, remove_folder);
}
