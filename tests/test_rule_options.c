/* The options of training by name: what they take, what they refuse, and the page that lists them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs setjmp, stdarg and stddef first */
#include <cmocka.h>

#include "rule/optimizer.h"
#include <stdio.h>

static biascope_options *create(const char *optimizer) {
  biascope_options *options;
  biascope_error error;
  if (biascope_options_create(optimizer, &options, &error) != BIASCOPE_OK) fail_msg("%s", error.message);
  return options;
}

static void set(biascope_options *options, const char *name, const char *value) {
  biascope_error error;
  if (biascope_options_set(options, name, value, &error) != BIASCOPE_OK) fail_msg("%s", error.message);
}

static void assert_value(const biascope_options *options, const char *name, const char *expected) {
  char value[64];
  assert_int_equal(biascope_options_get(options, name, value, sizeof value, NULL), BIASCOPE_OK);
  assert_string_equal(value, expected);
}

/* What get gives, set takes, for every option of every optimizer. */
static void every_value_reads_back(void **state) {
  (void)state;
  for (int o = 0; bs_optimizer_rule_of((biascope_optimizer)o); o++) {
    biascope_options *options = create(bs_optimizer_rule_of((biascope_optimizer)o)->name);
    const biascope_options before = *options;
    for (size_t i = 0; i < biascope_option_count(); i++) {
      biascope_option option;
      char value[64];
      biascope_option_describe(i, &option);
      assert_int_equal(biascope_options_get(options, option.name, value, sizeof value, NULL), BIASCOPE_OK);
      set(options, option.name, value);
      assert_true(
          bs_option_equal((bs_option)i, bs_option_get(options, (bs_option)i), bs_option_get(&before, (bs_option)i)));
      assert_true(strlen(option.help) > 0 && strlen(option.expected) > 0);
      assert_true(option.type == BIASCOPE_OPTION_FLAG ? !option.placeholder : strlen(option.placeholder) > 0);
    }
    biascope_options_free(options);
  }
}

static void values_are_read_as_people_write_them(void **state) {
  (void)state;
  static const char *const GOOD[][3] = {
      {"batch_size", "full", "full"},
      {"batch_size", "1e3", "1000"},
      {"seed", "9223372036854775807", "9223372036854775807"},
      {"lr", "1e-3", "0.001"},
      {"lr", "0x1p-2", "0.25"},
      {"order", "shuffle", "shuffle"},
      {"beta1", "0", "0"},
      {"beta2", "0.1", "0.1"},
      {"loss", "squared-hinge", "squared-hinge"},
      {"threads", "4", "4"},
      {"optimizer", "adamw", "adamw"},
      {"clip", "0.5", "0.5"},
  };
  static const char *const BAD[][3] = {
      {"batch_size", "0", "a whole number from 1 to 4294967295, or full"},
      {"batch_size", "2.5", "a whole number"},
      {"batch_size", "", "a whole number"},
      {"batch_size", "-1", "a whole number"},
      {"batch_size", "4294967296", "a whole number"},
      {"seed", "9223372036854775808", "a whole number"},
      {"seed", "99999999999999999999999", "a whole number"},
      {"beta1", "1", "0 <= beta1 < 1"},
      {"beta1", "nan", "0 <= beta1 < 1"},
      {"beta1", "0.5x", "0 <= beta1 < 1"},
      {"lr", "0", "1e-300 <= lr <= 1e300"},
      {"lr", "inf", "1e-300 <= lr <= 1e300"},
      {"order", "random", "one of cyclic, shuffle, replacement"},
      {"optimizer", "sgd", "one of gd, ngd"},
      {"learning_rate", "1", "expected one of optimizer, loss"},
  };
  biascope_options *options = create(NULL);
  for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
    set(options, GOOD[i][0], GOOD[i][1]);
    assert_value(options, GOOD[i][0], GOOD[i][2]);
  }
  const biascope_options before = *options;
  for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
    biascope_error error;
    if (biascope_options_set(options, BAD[i][0], BAD[i][1], &error) != BIASCOPE_USAGE ||
        !strstr(error.message, BAD[i][2]))
      fail_msg("%s = %s: '%s'", BAD[i][0], BAD[i][1], error.message);
  }
  assert_memory_equal(&before, options, sizeof before);
  biascope_options_free(options);
  biascope_error error;
  assert_int_equal(biascope_options_create("sgd", &options, &error), BIASCOPE_USAGE);
  assert_null(options);
}

static void an_option_keeps_its_value_where_the_optimizer_changes(void **state) {
  (void)state;
  biascope_options *options = create("adam");
  set(options, "beta1", "0.8");
  set(options, "optimizer", "rmsprop");
  assert_value(options, "beta2", "0.99");
  assert_int_equal(biascope_options_check(options, 0, NULL), BIASCOPE_USAGE); /* it reads no beta1 */
  set(options, "optimizer", "signum");
  assert_value(options, "beta1", "0.8");
  assert_value(options, "beta2", "0");
  assert_int_equal(biascope_options_check(options, 0, NULL), BIASCOPE_OK);
  biascope_options_free(options);
}

/* Refused by name, of the option and of the optimizer, except where it says what holds anyway. */
static void what_a_run_does_not_read_is_refused(void **state) {
  (void)state;
  static const char *const CASES[][4] = {
      {"adam", "weight_decay", "0.9", "adamw"}, {"gd", "beta2", "0.3", "rmsprop"},
      {"signgd", "beta1", "0.9", "signum"},     {"gd", "eps", "1", "adagrad"},
      {"adamproxy", "eps", "1", "adam"},        {"adam", "noise_shape", "samples", "noise is above 0"},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    biascope_options *options = create(CASES[i][0]);
    set(options, CASES[i][1], CASES[i][2]);
    biascope_error error;
    assert_int_equal(biascope_options_check(options, 0, &error), BIASCOPE_USAGE);
    for (int word = 0; word < 4; word++)
      if (!strstr(error.message, CASES[i][word])) fail_msg("'%s' lacks %s", error.message, CASES[i][word]);
    assert_false(biascope_options_reads(options, CASES[i][1]));
    biascope_options_free(options);
  }
  biascope_options *options = create("gd");
  set(options, "beta2", "0");
  set(options, "seed", "7");
  assert_int_equal(biascope_options_check(options, 3, NULL), BIASCOPE_OK);
  set(options, "noise", "1");
  set(options, "noise_shape", "isotropic");
  assert_int_equal(biascope_options_check(options, 3, NULL), BIASCOPE_OK);
  biascope_options_free(options);
}

static void a_value_that_does_not_fit_is_not_cut(void **state) {
  (void)state;
  biascope_options *options = create(NULL);
  char value[4] = "old";
  assert_int_equal(biascope_options_get(options, "optimizer", value, sizeof value, NULL), BIASCOPE_USAGE);
  assert_string_equal(value, "old");
  assert_int_equal(biascope_options_get(options, "lr", value, sizeof value, NULL), BIASCOPE_OK);
  assert_int_equal(biascope_options_get(options, "eta", value, sizeof value, NULL), BIASCOPE_USAGE);
  assert_false(biascope_options_reads(options, "eta"));
  biascope_options_free(options);
}

/* ---- docs/options.md ---------------------------------------------------------------------------------- */

/* What another option must be for this one to be read. */
static void write_need(FILE *page, const bs_option_row *row) {
  const bs_option_row *needs = bs_option_row_of(row->needs);
  const char *separator = "";
  fprintf(page, ", where `%s` is ", needs->name);
  if (!row->needs_choice) fputs("above 0", page);
  for (size_t i = 0; row->needs_choice >> i; i++) {
    if (!(row->needs_choice >> i & 1)) continue;
    fprintf(page, "%s%s", separator, needs->choice(i));
    separator = " or ";
  }
}

static void write_default(FILE *page, bs_option option) {
  const bs_option_row *row = bs_option_row_of(option);
  char value[BS_OPTION_TEXT];
  if (row->common) {
    bs_option_format(option, row->otherwise, value);
    fprintf(page, "%s | all", value);
    if (row->needs) write_need(page, row);
    fputs(" |\n", page);
    return;
  }
  const char *separator = "";
  fputs("the optimizer's | ", page);
  for (int o = 0; bs_optimizer_rule_of((biascope_optimizer)o); o++) {
    const bs_rule_option *own = bs_rule_option_of(bs_optimizer_rule_of((biascope_optimizer)o), option);
    if (!own) continue;
    bs_option_format(option, bs_option_of_number(option, own->otherwise), value);
    fprintf(page, "%s%s (%s)", separator, bs_optimizer_rule_of((biascope_optimizer)o)->name, value);
    separator = ", ";
  }
  fputs(" |\n", page);
}

static void write_table(FILE *page) {
  fputs("| name | what | values | default | read by |\n| --- | --- | --- | --- | --- |\n", page);
  for (size_t i = 0; i < biascope_option_count(); i++) {
    biascope_option option;
    biascope_option_describe(i, &option);
    fprintf(page, "| `%s` | %s | %s | ", option.name, option.help, option.expected);
    write_default(page, (bs_option)i);
  }
}

/* The page has the table that follows from the library's own. BIASCOPE_WRITE_TABLE=FILE writes it to the file. */
static void the_page_lists_the_table(void **state) {
  (void)state;
  char *table = NULL, path[4096];
  size_t size;
  FILE *stream = open_memstream(&table, &size);
  write_table(stream);
  assert_int_equal(fclose(stream), 0);
  if (getenv("BIASCOPE_WRITE_TABLE")) {
    FILE *out = fopen(getenv("BIASCOPE_WRITE_TABLE"), "w");
    assert_non_null(out);
    fputs(table, out);
    fclose(out);
  }
  snprintf(path, sizeof path, "%s/../../docs/options.md", getenv("BIASCOPE_TEST_DATA"));
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  static char page[1 << 16];
  page[fread(page, 1, sizeof page - 1, file)] = '\0';
  fclose(file);
  if (!strstr(page, table))
    fail_msg("docs/options.md is out of date; run this test with BIASCOPE_WRITE_TABLE=FILE to get the new table");
  free(table);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_value_reads_back),
      cmocka_unit_test(values_are_read_as_people_write_them),
      cmocka_unit_test(an_option_keeps_its_value_where_the_optimizer_changes),
      cmocka_unit_test(what_a_run_does_not_read_is_refused),
      cmocka_unit_test(a_value_that_does_not_fit_is_not_cut),
      cmocka_unit_test(the_page_lists_the_table),
  };
  return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
