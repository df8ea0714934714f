/* What reading and writing guarantee: values survive bit for bit, numbers are correctly rounded, labels fold exactly.
 */
#include "base/rng.h"
#include "data/dataset.h"
#include <float.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka needs setjmp, stdarg and stddef first */
#include <cmocka.h>

#include "temporary_folder.h"

static const char *const ENDINGS[] = {".csv", ".svm", ".libsvm", ".npy"};
enum { ENDING_COUNT = sizeof ENDINGS / sizeof ENDINGS[0] };

static biascope_dataset *read_text(const char *name, const char *content, const char *label_column) {
  FILE *stream = fopen(path_of(name), "wb");
  assert_non_null(stream);
  fputs(content, stream);
  assert_int_equal(fclose(stream), 0);
  biascope_dataset *data;
  biascope_error error = {0};
  const biascope_read_options options = {.label_column = label_column};
  if (biascope_dataset_read(path_of(name), &options, &data, &error) != BIASCOPE_OK) fail_msg("%s", error.message);
  unlink(path_of(name));
  return data;
}

static void assert_same(const biascope_dataset *a, const biascope_dataset *b, bool signed_zeros) {
  assert_int_equal(biascope_dataset_samples(a), biascope_dataset_samples(b));
  assert_int_equal(biascope_dataset_features(a), biascope_dataset_features(b));
  for (size_t i = 0; i < biascope_dataset_samples(a); i++) {
    size_t next_a = 0, next_b = 0;
    for (size_t k = 0; k < biascope_dataset_features(a); k++) {
      const double x = bs_row_walk(a, i, k, &next_a), y = bs_row_walk(b, i, k, &next_b);
      if (signed_zeros) assert_memory_equal(&x, &y, sizeof x);
      assert_true(x == y);
    }
  }
}

static void assert_round_trip(const biascope_dataset *data) {
  for (int ending = 0; ending < ENDING_COUNT; ending++) {
    biascope_error error;
    biascope_dataset *back;
    char name[32];
    snprintf(name, sizeof name, "d%s", ENDINGS[ending]);
    const char *path = path_of(name);
    if (biascope_dataset_write(data, path, &error) != BIASCOPE_OK) fail_msg("%s", error.message);
    if (biascope_dataset_read(path, NULL, &back, &error) != BIASCOPE_OK) fail_msg("%s", error.message);
    const bool sparse = strstr(ENDINGS[ending], "svm") != NULL;
    assert_int_equal(biascope_dataset_is_sparse(back), sparse);
    assert_int_equal(biascope_dataset_nonzeros(back), biascope_dataset_nonzeros(data));
    assert_same(data, back, !sparse);
    biascope_dataset_free(back);
    unlink(path);
  }
}

/* Any finite bit pattern: all exponents alike, denormals among them. */
static double any_double(uint64_t seed, uint64_t counter) {
  uint64_t bits = bs_random_u64(seed, BS_STREAM_DATA, counter);
  if ((bits >> 52 & 0x7ff) == 0x7ff) bits ^= UINT64_C(1) << 62;
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static void every_value_survives_every_format(void **state) {
  (void)state;
  static const size_t SHAPES[][2] = {{1, 1}, {1, 7}, {7, 1}, {5, 4}, {20, 30}};
  for (size_t shape = 0; shape < sizeof SHAPES / sizeof SHAPES[0]; shape++) {
    const size_t samples = SHAPES[shape][0], features = SHAPES[shape][1];
    for (uint64_t seed = 0; seed < 20; seed++) {
      double values[600];
      for (size_t i = 0; i < samples * features; i++) values[i] = any_double(seed, i);
      biascope_dataset *data;
      assert_int_equal(biascope_dataset_from_dense(samples, features, values, &data, NULL), BIASCOPE_OK);
      assert_round_trip(data);
      biascope_dataset_free(data);
    }
  }
}

static void extreme_and_degenerate_data_survives(void **state) {
  (void)state;
  static const double CASES[][6] = {
      {DBL_MAX, -DBL_MAX, DBL_MIN, DBL_TRUE_MIN, -0.0, 0.0}, /* the last feature of the last row is zero */
      {0.0, 0.0, 0.0, 0.0, 0.0, 0.0},
      {1.0, 0.0, 0.0, 1.0, 0.0, 0.0}, /* zero columns at the end, repeated rows */
      {0.0, 0.0, 0.0, 0.0, 0.0, 0.1}, /* a zero row */
  };
  for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
    biascope_dataset *data;
    assert_int_equal(biascope_dataset_from_dense(2, 3, CASES[i], &data, NULL), BIASCOPE_OK);
    assert_round_trip(data);
    biascope_dataset_free(data);
  }
}

static void sparse_data_survives(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 20; seed++) {
    size_t row_start[31] = {0};
    uint32_t column[30 * 40];
    double value[30 * 40];
    size_t stored = 0;
    for (size_t i = 0; i < 30; i++) {
      for (uint32_t k = 0; k < 40; k++) {
        if (bs_random_uniform(seed, BS_STREAM_NOISE, i * 40 + k) > 0.1) continue;
        column[stored] = k;
        value[stored++] = any_double(seed, i * 40 + k);
      }
      row_start[i + 1] = stored;
    }
    biascope_dataset *data;
    assert_int_equal(biascope_dataset_from_csr(30, 40, row_start, column, value, &data, NULL), BIASCOPE_OK);
    assert_true(biascope_dataset_is_sparse(data));
    assert_round_trip(data);
    biascope_dataset_free(data);
  }
}

static void numbers_are_correctly_rounded(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double value;
  } CASES[] = {
      {"9007199254740993", 0x1p53},
      {"9007199254740993.0000000000000000000000000000000000000000000000000000001", 0x1.0000000000001p53},
      {"1e23", 0x1.52d02c7e14af6p+76},
      {"2.2250738585072011e-308", 0x0.fffffffffffffp-1022},
      {"1.7976931348623157e308", DBL_MAX},
      {"1.7976931348623158e308", DBL_MAX},
      {"4.9406564584124654e-324", 0x1p-1074},
      {"2.4703282292062328e-324", 0x1p-1074},
      {"2.4703282292062327e-324", 0.0},
      {"1e-999", 0.0},
      {"0e999999999999999999999", 0.0},
      {"0000000000000000000000000000000000000000001", 1.0},
      {"+.5E+1", 5.0},
      {"7.", 7.0},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
    char content[128];
    snprintf(content, sizeof content, "%s,1\n", CASES[i].text);
    biascope_dataset *data = read_text("d.csv", content, NULL);
    if (data->dense[0] != CASES[i].value) fail_msg("%s read as %a", CASES[i].text, data->dense[0]);
    biascope_dataset_free(data);
  }
}

static void a_million_digits_are_one_number(void **state) {
  (void)state;
  enum { DIGITS = 1000000 };
  char *content = malloc(DIGITS + 16);
  assert_non_null(content);
  memset(content, '0', DIGITS);
  strcpy(content + DIGITS, "2.5,1\n");
  biascope_dataset *data = read_text("d.csv", content, NULL);
  assert_true(data->dense[0] == 2.5);
  biascope_dataset_free(data);
  free(content);
}

static void a_decimal_comma_locale_changes_nothing(void **state) {
  (void)state;
  char command[512];
  snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8", folder);
  assert_int_equal(system(command), 0); /* Debian's package locales has its sources */
  setenv("LOCPATH", folder, 1);
  assert_non_null(setlocale(LC_ALL, "de_DE.UTF-8"));
  assert_string_equal(localeconv()->decimal_point, ",");
  biascope_dataset *data = read_text("d.csv", "1.5,2.25\n", NULL);
  assert_true(data->dense[0] == 1.5 && data->dense[1] == 2.25);
  assert_round_trip(data);
  biascope_dataset_free(data);
  assert_string_equal(localeconv()->decimal_point, ","); /* the program's locale is left as it was */
  setlocale(LC_ALL, "C");
  unsetenv("LOCPATH");
  snprintf(command, sizeof command, "rm -r %s/de_DE.UTF-8", folder);
  assert_int_equal(system(command), 0);
}

static void the_smaller_label_is_negative(void **state) {
  (void)state;
  static const struct {
    const char *name, *content, *label_column;
    double signs[3];
  } CASES[] = {
      {"d.csv", "2,1\n3,0\n5,1\n", "1", {1, -1, 1}},          {"d.csv", "2,-1\n3,1\n5,-1\n", "-1", {-1, 1, -1}},
      {"d.csv", "2,10\n3,9\n5,9\n", "1", {1, -1, -1}}, /* numbers, not texts: 9 < 10 */
      {"d.csv", "2,b\n3,a\n5,b\n", "1", {1, -1, 1}},          {"d.csv", "2,a\n3,ab\n5,a\n", "1", {-1, 1, -1}},
      {"d.csv", "2,1.0\n3,1\n5,+1e0\n", "1", {1, 1, 1}},      {"d.csv", "2,-1\n3,-1.0\n5,-1\n", "1", {-1, -1, -1}},
      {"d.svm", "4 1:2\n2 1:3\n4.0 1:5\n", NULL, {1, -1, 1}}, {"d.svm", "1 1:2\n1 1:3\n1 1:5\n", NULL, {1, 1, 1}},
  };
  static const double ROWS[] = {2, 3, 5};
  for (size_t c = 0; c < sizeof CASES / sizeof CASES[0]; c++) {
    biascope_dataset *data = read_text(CASES[c].name, CASES[c].content, CASES[c].label_column);
    assert_int_equal(biascope_dataset_samples(data), 3);
    assert_int_equal(biascope_dataset_features(data), 1);
    for (size_t i = 0; i < 3; i++) {
      size_t next = 0;
      assert_true(bs_row_walk(data, i, 0, &next) == CASES[c].signs[i] * ROWS[i]);
    }
    biascope_dataset_free(data);
  }
}

static void folding_makes_no_negative_zero(void **state) {
  (void)state;
  biascope_dataset *data = read_text("d.csv", "0,1,no\n-0,2,yes\n", "2");
  assert_false(signbit(data->dense[0]));
  assert_true(data->dense[1] == -1.0);
  biascope_dataset_free(data);
}

static void a_failed_read_hands_out_nothing(void **state) {
  (void)state;
  static const char *const MISSING[] = {"none.csv", "none.svm", "none.npy", "none"};
  for (size_t i = 0; i < sizeof MISSING / sizeof MISSING[0]; i++) {
    int placeholder;
    biascope_dataset *data = (biascope_dataset *)&placeholder;
    assert_int_equal(biascope_dataset_read(path_of(MISSING[i]), NULL, &data, NULL), BIASCOPE_BAD_INPUT);
    assert_null(data);
  }
}

static void refuse_dense(size_t samples, size_t features, const double *values, const char *fragment) {
  biascope_dataset *data;
  biascope_error error = {0};
  assert_int_equal(biascope_dataset_from_dense(samples, features, values, &data, &error), BIASCOPE_BAD_INPUT);
  assert_null(data);
  assert_int_equal(error.status, BIASCOPE_BAD_INPUT);
  if (!strstr(error.message, fragment)) fail_msg("'%s' lacks '%s'", error.message, fragment);
}

static void arrays_are_checked(void **state) {
  (void)state;
  const double nan_second[] = {1.0, NAN, 2.0, 3.0}, infinite_third[] = {1.0, 0.0, -INFINITY, 3.0};
  refuse_dense(2, 2, nan_second, "sample 0, feature 1");
  refuse_dense(2, 2, infinite_third, "sample 1, feature 0: -inf");
  refuse_dense(0, 2, nan_second, "0 samples");
  refuse_dense(2, 0, nan_second, "0 features");
  refuse_dense((size_t)1 << 33, 1, nan_second, "2^32");
}

static void refuse_csr(size_t features, const size_t *row_start, const uint32_t *column, const double *value,
                       const char *fragment) {
  biascope_dataset *data;
  biascope_error error = {0};
  assert_int_equal(biascope_dataset_from_csr(2, features, row_start, column, value, &data, &error), BIASCOPE_BAD_INPUT);
  assert_null(data);
  if (!strstr(error.message, fragment)) fail_msg("'%s' lacks '%s'", error.message, fragment);
}

static void sparse_arrays_are_checked(void **state) {
  (void)state;
  const double ones[] = {1.0, 1.0, 1.0}, bad[] = {1.0, NAN, 1.0};
  const uint32_t good[] = {0, 2, 1}, repeated[] = {2, 2, 1}, descending[] = {2, 0, 1};
  const size_t rows[] = {0, 2, 3}, late[] = {1, 2, 3}, folded[] = {0, 3, 2};
  refuse_csr(3, late, good, ones, "row_start begins with 1");
  refuse_csr(3, folded, good, ones, "sample 1: row_start descends");
  refuse_csr(3, rows, repeated, ones, "column 2 after 2");
  refuse_csr(3, rows, descending, ones, "column 0 after 2");
  refuse_csr(2, rows, good, ones, "column 2; expected less than 2");
  refuse_csr(3, rows, good, bad, "sample 0, feature 2: nan");
  refuse_csr(0, rows, good, ones, "0 features");
  biascope_dataset *data;
  assert_int_equal(biascope_dataset_from_csr(2, 3, rows, good, ones, &data, NULL), BIASCOPE_OK);
  assert_int_equal(biascope_dataset_nonzeros(data), 3);
  biascope_dataset_free(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_value_survives_every_format),
      cmocka_unit_test(extreme_and_degenerate_data_survives),
      cmocka_unit_test(sparse_data_survives),
      cmocka_unit_test(numbers_are_correctly_rounded),
      cmocka_unit_test(a_million_digits_are_one_number),
      cmocka_unit_test(a_decimal_comma_locale_changes_nothing),
      cmocka_unit_test(the_smaller_label_is_negative),
      cmocka_unit_test(folding_makes_no_negative_zero),
      cmocka_unit_test(a_failed_read_hands_out_nothing),
      cmocka_unit_test(arrays_are_checked),
      cmocka_unit_test(sparse_arrays_are_checked),
  };
  return cmocka_run_group_tests(tests, create_folder, remove_folder);
}
