/* The runs of a store as a table, as CSV or as JSON. */
#include "base/error.h"
#include "study/column.h"
#include "study/json.h"
#include "study/store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define JSON_COLUMNS "hash, status, version, machine, started, seconds, spec, result, certificate"

/* RFC 4180: in quotes if it contains a comma, a quote or a line break. */
static void print_field(FILE *stream, sqlite3_stmt *rows, int column) {
  const char *text = bs_store_text(rows, column, "");
  if (sqlite3_column_type(rows, column) == SQLITE_FLOAT) {
    bs_json_number(stream, sqlite3_column_double(rows, column));
    return;
  }
  if (!strpbrk(text, ",\"\r\n")) {
    fputs(text, stream);
    return;
  }
  fputc('"', stream);
  for (; *text; text++) {
    if (*text == '"') fputc('"', stream);
    fputc(*text, stream);
  }
  fputc('"', stream);
}

static void print_csv_heading(FILE *stream, sqlite3_stmt *rows) {
  for (int c = 0; c < sqlite3_column_count(rows); c++)
    fprintf(stream, "%s%s", c ? "," : "", sqlite3_column_name(rows, c));
  fputc('\n', stream);
}

static void print_csv_row(FILE *stream, sqlite3_stmt *rows, size_t index) {
  (void)index;
  for (int c = 0; c < sqlite3_column_count(rows); c++) {
    if (c) fputc(',', stream);
    print_field(stream, rows, c);
  }
  fputc('\n', stream);
}

static void print_json_row(FILE *stream, sqlite3_stmt *rows, size_t index) {
  static const char *const PARTS[] = {"spec", "result", "certificate", "trace"};
  fputs(index ? ",\n{\"hash\":" : "{\"hash\":", stream);
  bs_json_string(stream, bs_store_text(rows, 0, ""));
  fputs(",\"status\":", stream);
  bs_json_string(stream, bs_store_text(rows, 1, ""));
  for (int p = 0; 6 + p < sqlite3_column_count(rows); p++) {
    fprintf(stream, ",\"%s\":", PARTS[p]);
    bs_json_text(stream, bs_store_text(rows, 6 + p, "null"));
  }
  fputs(",\"provenance\":{\"version\":", stream);
  bs_json_string(stream, bs_store_text(rows, 2, ""));
  fputs(",\"machine\":", stream);
  bs_json_string(stream, bs_store_text(rows, 3, ""));
  fputs(",\"started\":", stream);
  bs_json_string(stream, bs_store_text(rows, 4, ""));
  fputs(",\"seconds\":", stream);
  bs_json_number(stream, sqlite3_column_double(rows, 5));
  fputs("}}", stream);
}

static const int WIDTHS[] = {8, 18, 10, 6, 12, 7, 7, 8, 8, 10, 10, 10, 10};

static void print_table_heading(FILE *stream, sqlite3_stmt *rows) {
  for (int c = 0; c < sqlite3_column_count(rows); c++)
    fprintf(stream, "%-*s ", WIDTHS[c], sqlite3_column_name(rows, c));
  fputc('\n', stream);
}

static void print_table_row(FILE *stream, sqlite3_stmt *rows, size_t index) {
  (void)index;
  for (int c = 0; c < sqlite3_column_count(rows); c++) {
    const bool real = sqlite3_column_type(rows, c) == SQLITE_FLOAT;
    if (real)
      fprintf(stream, "%-*.6g ", WIDTHS[c], sqlite3_column_double(rows, c));
    else
      fprintf(stream, "%-*.*s ", WIDTHS[c], c == 0 ? 8 : 40, bs_store_text(rows, c, "-"));
  }
  fputc('\n', stream);
}

static void print_json_heading(FILE *stream, sqlite3_stmt *rows) {
  (void)rows;
  fputc('[', stream);
}

/* How the runs are printed. */
typedef struct {
  const char *columns; /* NULL: every one that is a single value */
  void (*print_heading)(FILE *stream, sqlite3_stmt *rows);
  void (*print_row)(FILE *stream, sqlite3_stmt *rows, size_t index);
  const char *end;
} runs_format;

static const runs_format FORMATS[] = {
    [BIASCOPE_RUNS_TABLE] = {"hash, data, optimizer, batch_size AS batch, batch_order, beta1, beta2, lr, lr_decay, "
                             "cosine_l2, cosine_linf, cosine_l1, cosine_predicted",
                             print_table_heading, print_table_row, ""},
    [BIASCOPE_RUNS_CSV] = {NULL, print_csv_heading, print_csv_row, ""},
    [BIASCOPE_RUNS_JSON] = {JSON_COLUMNS, print_json_heading, print_json_row, "]\n"},
    [BIASCOPE_RUNS_JSON_WITH_TRACES] = {JSON_COLUMNS ", trace", print_json_heading, print_json_row, "]\n"},
};

biascope_status biascope_store_print(biascope_store *store, biascope_runs_format format_number, const char *where,
                                     FILE *stream, biascope_error *error) {
  const runs_format *format = &FORMATS[format_number];
  sqlite3_stmt *rows;
  char *all = bs_column_list(~0U);
  if (!all) return bs_fail_memory(error, "a list of columns");
  biascope_status status = bs_store_select(store, format->columns ? format->columns : all, where, &rows, error);
  free(all);
  if (status != BIASCOPE_OK) return status;
  format->print_heading(stream, rows);
  bool found = true;
  for (size_t i = 0; status == BIASCOPE_OK && found; i++) {
    status = bs_store_next(store, rows, &found, error);
    if (status == BIASCOPE_OK && found) format->print_row(stream, rows, i);
  }
  if (status == BIASCOPE_OK) fputs(format->end, stream);
  sqlite3_finalize(rows);
  return status;
}
