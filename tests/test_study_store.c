/* What the pieces of a study guarantee: recorded steps, JSON text, fingerprints, and the store's transactions. */
#include "base/rng.h"
#include "data/fingerprint.h"
#include "study/json.h"
#include "study/store.h"
#include "temporary_folder.h"
#include "train/record.h"
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- Recorded steps ------------------------------------------------------------------------------- */

static void recorded_steps_ascend_to_the_last_and_are_even_on_a_log_scale(void **state) {
  (void)state;
  for (uint64_t trial = 0; trial < 2000; trial++) {
    const unsigned per_decade = 1 + (unsigned)bs_random_below(trial, BS_STREAM_NOISE, 0, 100);
    const uint64_t last = 1 + bs_random_u64(trial, BS_STREAM_NOISE, 1) % 1000000000000u;
    uint64_t step = 0;
    size_t count = 0;
    while (step < last) {
      const uint64_t next = biascope_record_next(step, last, per_decade);
      assert_true(next > step && next <= last);
      if (step > 1000000 && next < last) /* far out, where rounding to whole steps is no matter */
        assert_true(fabs(log10((double)next / (double)step) * per_decade - 1.0) < 1e-2);
      step = next;
      count++;
    }
    assert_true((double)count <= per_decade * log10((double)last) + 2);
  }
}

/* ---- JSON ----------------------------------------------------------------------------------------- */

static char *written(void (*write)(FILE *stream, const void *value), const void *value) {
  char *text;
  size_t size;
  FILE *stream = open_memstream(&text, &size);
  write(stream, value);
  fclose(stream);
  return text;
}

static void write_number(FILE *stream, const void *value) {
  bs_json_number(stream, *(const double *)value);
}
static void write_string(FILE *stream, const void *value) {
  bs_json_string(stream, value);
}

static void numbers_read_back_as_the_same_double(void **state) {
  (void)state;
  for (uint64_t trial = 0; trial < 20000; trial++) {
    const uint64_t bits = bs_random_u64(trial, BS_STREAM_NOISE, 0);
    double value;
    memcpy(&value, &bits, sizeof value);
    char *text = written(write_number, &value);
    if (isfinite(value))
      assert_true(strtod(text, NULL) == value && strlen(text) <= 24);
    else
      assert_string_equal(text, "null");
    free(text);
  }
  const double tenth = 0.1;
  char *text = written(write_number, &tenth);
  assert_string_equal(text, "0.1");
  free(text);
}

static void any_bytes_make_a_valid_string_without_markup(void **state) {
  (void)state;
  for (uint64_t trial = 0; trial < 20000; trial++) {
    char bytes[24] = "";
    const size_t length = bs_random_below(trial, BS_STREAM_NOISE, 0, sizeof bytes);
    for (size_t i = 0; i < length; i++) bytes[i] = (char)(1 + bs_random_below(trial, BS_STREAM_NOISE, i + 1, 255));
    char *text = written(write_string, bytes);
    assert_null(strpbrk(text, "<>&"));
    json_t *read = json_loads(text, JSON_DECODE_ANY, NULL); /* refuses what is not UTF-8 */
    assert_true(json_is_string(read));
    json_decref(read);
    free(text);
  }
  static const char *const KEPT[] = {"plain", "tab\tquote\"back\\slash", "</script>", "ℓ₂ μ 日本 🎲", ""};
  for (size_t i = 0; i < sizeof KEPT / sizeof *KEPT; i++) {
    char *text = written(write_string, KEPT[i]);
    json_t *read = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_string_equal(json_string_value(read), KEPT[i]);
    json_decref(read);
    free(text);
  }
}

static void json_is_told_apart_as_by_jansson(void **state) {
  (void)state;
  static const char BASE[] =
      "{\"a\": [1, -2.5e3, true, null], \"b\\n\": {\"\": \"\\u00e9 ℓ\"}, \"c\": [[], {}, false]}";
  static const char OTHER[] = "{}[]:,\"\\ntrue/f0129.-+E \t\n\x01\xe2\xff";
  size_t valid = 0;
  for (uint64_t trial = 0; trial < 20000; trial++) {
    char text[sizeof BASE];
    memcpy(text, BASE, sizeof BASE);
    for (uint64_t change = 0; change < trial % 4; change++)
      text[bs_random_below(trial, BS_STREAM_NOISE, 2 * change, sizeof BASE - 1)] =
          OTHER[bs_random_below(trial, BS_STREAM_NOISE, 2 * change + 1, sizeof OTHER - 1)];
    json_error_t reason;
    json_t *read = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, &reason);
    if (!read && json_error_code(&reason) == json_error_numeric_overflow) continue;
    assert_int_equal(bs_json_is_valid(text), read != NULL);
    valid += read != NULL;
    json_decref(read);
  }
  assert_in_range(valid, 4000, 16000);
}

static bool nested_array_is_valid(size_t depth) {
  char text[2 * BS_JSON_DEPTH + 3] = "";
  memset(text, '[', depth);
  memset(text + depth, ']', depth);
  return bs_json_is_valid(text);
}

static void json_is_a_whole_text_of_some_depth(void **state) {
  (void)state;
  static const char *const VALID[] = {"0", "-0.5E+07", "1e999", " \"\\ud800\" ", "[ ]", "{ }", "true"};
  static const char *const INVALID[] = {"",
                                        " ",
                                        "-",
                                        "01",
                                        "1.",
                                        ".5",
                                        "1e",
                                        "+1",
                                        "{\"a\":1,}",
                                        "[1,]",
                                        "[,1]",
                                        "{} {}",
                                        "tru",
                                        "nul",
                                        "{1:2}",
                                        "\"\\u12g4\"",
                                        "\"\\x\"",
                                        "\"",
                                        "\"\\",
                                        "[",
                                        "{\"a\"",
                                        "{\"a\":",
                                        "{{\"a\":\"b\"}:1}",
                                        "{{\"data\":{\"\":\"<\"},",
                                        "{[\"a\"]:1}",
                                        "'a'",
                                        "NaN"};
  for (size_t i = 0; i < sizeof VALID / sizeof *VALID; i++) assert_true(bs_json_is_valid(VALID[i]));
  for (size_t i = 0; i < sizeof INVALID / sizeof *INVALID; i++) assert_false(bs_json_is_valid(INVALID[i]));
  assert_true(nested_array_is_valid(BS_JSON_DEPTH));
  assert_false(nested_array_is_valid(BS_JSON_DEPTH + 1));
}

/* ---- Fingerprints --------------------------------------------------------------------------------- */

static biascope_dataset *small_data(double corner, bool sparse) {
  const double dense[6] = {1.0, 0.0, corner, 0.0, -2.5, 0.0};
  const size_t row_start[3] = {0, corner != 0.0 ? 2 : 1, corner != 0.0 ? 3 : 2};
  const uint32_t with[3] = {0, 2, 1}, without[2] = {0, 1};
  const double values_with[3] = {1.0, corner, -2.5}, values_without[2] = {1.0, -2.5};
  biascope_dataset *data;
  const biascope_status status =
      sparse ? biascope_dataset_from_csr(2, 3, row_start, corner != 0.0 ? with : without,
                                         corner != 0.0 ? values_with : values_without, &data, NULL)
             : biascope_dataset_from_dense(2, 3, dense, &data, NULL);
  assert_int_equal(status, BIASCOPE_OK);
  return data;
}

static void fingerprints_tell_numbers_apart_and_nothing_else(void **state) {
  (void)state;
  bs_fingerprint prints[2][3];
  static const double CORNERS[3] = {0.0, 1.0, 1.0 + 0x1p-52};
  for (int sparse = 0; sparse < 2; sparse++) {
    for (int c = 0; c < 3; c++) {
      biascope_dataset *data = small_data(CORNERS[c], sparse);
      prints[sparse][c] = bs_dataset_fingerprint(data);
      biascope_dataset_free(data);
    }
  }
  for (int c = 0; c < 3; c++) {
    assert_string_equal(prints[0][c].text, prints[1][c].text);
    assert_string_not_equal(prints[0][c].text, prints[0][(c + 1) % 3].text);
  }
}

/* ---- The store ------------------------------------------------------------------------------------ */

static bs_run_record record_of(char *id, char *text) {
  bs_run_record record = {.spec = text, .result = text, .certificate = text, .trace = text};
  snprintf(record.id.text, sizeof record.id.text, "%s", id);
  return record;
}

static size_t count_finished(const char *path) {
  biascope_store *store;
  bs_fingerprint *finished;
  size_t count;
  assert_int_equal(biascope_store_open(path, BIASCOPE_STORE_READ, &store, NULL), BIASCOPE_OK);
  assert_int_equal(bs_store_finished(store, &finished, &count, NULL), BIASCOPE_OK);
  for (size_t i = 1; i < count; i++) assert_true(strcmp(finished[i - 1].text, finished[i].text) < 0);
  free(finished);
  biascope_store_close(store);
  return count;
}

static void what_is_not_committed_is_not_there_and_no_run_is_there_twice(void **state) {
  (void)state;
  const char *path = path_of("runs.db");
  char first[] = "b1", second[] = "a2", text[] = "{}";
  const bs_run_record one = record_of(first, text), two = record_of(second, text);
  biascope_store *store, *rival;
  biascope_error error;
  assert_int_equal(biascope_store_open(path, BIASCOPE_STORE_WRITE, &store, NULL), BIASCOPE_OK);
  assert_int_equal(biascope_store_open(path, BIASCOPE_STORE_WRITE, &rival, &error), BIASCOPE_BAD_INPUT);
  assert_non_null(strstr(error.message, "another sweep"));
  assert_int_equal(bs_store_add_run(store, &one, NULL), BIASCOPE_OK);
  assert_int_equal(count_finished(path), 0);
  assert_int_equal(bs_store_commit(store, NULL), BIASCOPE_OK);
  assert_int_equal(count_finished(path), 1);
  assert_int_equal(bs_store_add_run(store, &two, NULL), BIASCOPE_OK);
  assert_int_not_equal(bs_store_add_run(store, &one, &error), BIASCOPE_OK);
  assert_non_null(strstr(error.message, "UNIQUE"));
  biascope_store_close(store); /* with a run that was not committed */
  assert_int_equal(count_finished(path), 1);
  unlink(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(recorded_steps_ascend_to_the_last_and_are_even_on_a_log_scale),
      cmocka_unit_test(numbers_read_back_as_the_same_double),
      cmocka_unit_test(any_bytes_make_a_valid_string_without_markup),
      cmocka_unit_test(json_is_told_apart_as_by_jansson),
      cmocka_unit_test(json_is_a_whole_text_of_some_depth),
      cmocka_unit_test(fingerprints_tell_numbers_apart_and_nothing_else),
      cmocka_unit_test(what_is_not_committed_is_not_there_and_no_run_is_there_twice),
  };
  return cmocka_run_group_tests(tests, create_folder, remove_folder);
}
