#include "cli/cli.h"
#include "study/json.h"
#include "study/store.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WHERE = 4100, CSV, TRACES };

typedef struct {
  cli_common common;
  const char *store_path, *where;
  bool csv, traces;
} runs_flags;

static error_t parse(int key, char *text, struct argp_state *state) {
  runs_flags *flags = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &flags->common;
    state->child_inputs[1] = &flags->store_path;
    return 0;
  case WHERE:
    flags->where = text;
    return 0;
  case CSV:
    flags->csv = true;
    return 0;
  case TRACES:
    flags->traces = true;
    return 0;
  case ARGP_KEY_END:
    if (flags->csv && flags->common.json) argp_error(state, "--csv and --json exclude each other");
    if (flags->traces && !flags->common.json) argp_error(state, "--traces goes with --json");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child CHILDREN[] = {{&cli_common_argp, 0, 0, 0}, {&cli_store_argp, 0, 0, 0}, {0}};
static const struct argp_option OPTIONS[] = {
    {"where", WHERE, "CONDITION", 0,
     "Only the runs that meet an SQL condition, such as \"optimizer = 'adam' AND batch_size < 5\"; docs/studies.md "
     "lists the columns",
     1},
    {"csv", CSV, 0, 0, "A table with a header, a row a run", 1},
    {"traces", TRACES, 0, 0, "With --json: the recorded steps too", 1},
    {0},
};
static const struct argp ARGP = {.parser = parse,
                                 .options = OPTIONS,
                                 .children = CHILDREN,
                                 .args_doc = "STORE",
                                 .doc = "List the finished runs of a store. --json prints an array, one object a run."};

/* Every column that is a single value. */
#define CSV_COLUMNS                                                                                                    \
  "hash, status, data, samples, features, optimizer, loss, batch_size, batch_order, beta1, beta2, eps, "               \
  "weight_decay, lr, lr_decay, seed, steps, loss_log, weight_norm_log, margin_l2, margin_linf, margin_l1, "            \
  "ratio_l2, ratio_linf, ratio_l1, cosine_l2, cosine_linf, cosine_l1, cosine_predicted, limit_cosine_l2, "             \
  "limit_cosine_linf, limit_cosine_l1, limit_ratio_l2, limit_ratio_linf, limit_ratio_l1, predicted_gap, "              \
  "predicted_rate, version, machine, started, seconds"
#define JSON_COLUMNS "hash, status, version, machine, started, seconds, spec, result, certificate"

/* RFC 4180: quoted where a comma, quote or line break makes it needed. */
static void print_field(sqlite3_stmt *rows, int column) {
  const char *text = bs_store_text(rows, column, "");
  if (sqlite3_column_type(rows, column) == SQLITE_FLOAT) {
    bs_json_number(stdout, sqlite3_column_double(rows, column));
    return;
  }
  if (!strpbrk(text, ",\"\r\n")) {
    fputs(text, stdout);
    return;
  }
  putchar('"');
  for (; *text; text++) {
    if (*text == '"') putchar('"');
    putchar(*text);
  }
  putchar('"');
}

static void print_csv_heading(sqlite3_stmt *rows) {
  for (int c = 0; c < sqlite3_column_count(rows); c++) printf("%s%s", c ? "," : "", sqlite3_column_name(rows, c));
  putchar('\n');
}

static void print_csv_row(sqlite3_stmt *rows, size_t index) {
  (void)index;
  for (int c = 0; c < sqlite3_column_count(rows); c++) {
    if (c) putchar(',');
    print_field(rows, c);
  }
  putchar('\n');
}

static void print_json_row(sqlite3_stmt *rows, size_t index) {
  static const char *const PARTS[] = {"spec", "result", "certificate", "trace"};
  fputs(index ? ",\n{\"hash\":" : "{\"hash\":", stdout);
  bs_json_string(stdout, bs_store_text(rows, 0, ""));
  fputs(",\"status\":", stdout);
  bs_json_string(stdout, bs_store_text(rows, 1, ""));
  for (int p = 0; 6 + p < sqlite3_column_count(rows); p++) {
    printf(",\"%s\":", PARTS[p]);
    bs_json_text(stdout, bs_store_text(rows, 6 + p, "null"));
  }
  fputs(",\"provenance\":{\"version\":", stdout);
  bs_json_string(stdout, bs_store_text(rows, 2, ""));
  fputs(",\"machine\":", stdout);
  bs_json_string(stdout, bs_store_text(rows, 3, ""));
  fputs(",\"started\":", stdout);
  bs_json_string(stdout, bs_store_text(rows, 4, ""));
  fputs(",\"seconds\":", stdout);
  bs_json_number(stdout, sqlite3_column_double(rows, 5));
  fputs("}}", stdout);
}

static const int WIDTHS[] = {8, 18, 10, 6, 12, 7, 7, 8, 8, 10, 10, 10, 10};

static void print_table_heading(sqlite3_stmt *rows) {
  for (int c = 0; c < sqlite3_column_count(rows); c++) printf("%-*s ", WIDTHS[c], sqlite3_column_name(rows, c));
  putchar('\n');
}

static void print_table_row(sqlite3_stmt *rows, size_t index) {
  (void)index;
  for (int c = 0; c < sqlite3_column_count(rows); c++) {
    const bool real = sqlite3_column_type(rows, c) == SQLITE_FLOAT;
    if (real)
      printf("%-*.6g ", WIDTHS[c], sqlite3_column_double(rows, c));
    else
      printf("%-*.*s ", WIDTHS[c], c == 0 ? 8 : 40, bs_store_text(rows, c, "-"));
  }
  putchar('\n');
}

static void print_json_heading(sqlite3_stmt *rows) {
  (void)rows;
  putchar('[');
}

/* How the runs are printed. */
typedef struct {
  const char *columns;
  void (*print_heading)(sqlite3_stmt *rows);
  void (*print_row)(sqlite3_stmt *rows, size_t index);
  const char *end;
} runs_format;

static const runs_format TABLE = {
    "hash, data, optimizer, batch_size AS batch, batch_order, beta1, beta2, lr, lr_decay, "
    "cosine_l2, cosine_linf, cosine_l1, cosine_predicted",
    print_table_heading, print_table_row, ""};
static const runs_format CSV_TABLE = {CSV_COLUMNS, print_csv_heading, print_csv_row, ""};
static const runs_format JSON = {JSON_COLUMNS, print_json_heading, print_json_row, "]\n"};
static const runs_format JSON_WITH_TRACES = {JSON_COLUMNS ", trace", print_json_heading, print_json_row, "]\n"};

static biascope_status list(const runs_format *format, bs_store *store, const char *where, biascope_error *error) {
  sqlite3_stmt *rows;
  biascope_status status = bs_store_select(store, format->columns, where, &rows, error);
  if (status != BIASCOPE_OK) return status;
  format->print_heading(rows);
  bool found = true;
  for (size_t i = 0; status == BIASCOPE_OK && found; i++) {
    status = bs_store_next(store, rows, &found, error);
    if (status == BIASCOPE_OK && found) format->print_row(rows, i);
  }
  if (status == BIASCOPE_OK) fputs(format->end, stdout);
  sqlite3_finalize(rows);
  return status;
}

static const runs_format *choose_format(const runs_flags *flags) {
  if (flags->csv) return &CSV_TABLE;
  if (!flags->common.json) return &TABLE;
  return flags->traces ? &JSON_WITH_TRACES : &JSON;
}

int cli_runs(int argc, char **argv) {
  runs_flags flags = {0};
  cli_parse(&ARGP, argc, argv, &flags);
  bs_store *store;
  biascope_error error;
  biascope_status status = bs_store_open(flags.store_path, BS_STORE_READ, &store, &error);
  if (status == BIASCOPE_OK) status = list(choose_format(&flags), store, flags.where, &error);
  bs_store_close(store);
  return cli_report(status, &error);
}
