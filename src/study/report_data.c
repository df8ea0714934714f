#include "study/report_data.h"

#include "base/error.h"

#include "study/json.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* What the traces may take of the page, about; of a larger store one in k is shown. */
static const double MOST_TRACE_BYTES = 2e6;
static const double TRACE_SHARE = 0.45; /* of a stored trace's bytes that the page repeats */

/* First what a run depends on, written exactly, so that it can be run again; then measures. */
#define OPTIONS                                                                                                        \
  "hash, status, data, samples, features, optimizer, loss, batch_order, batch_size, beta1, beta2, eps, weight_decay, " \
  "lr, lr_decay, steps, seed"
#define MEASURES                                                                                                       \
  "cosine_predicted, cosine_l2, cosine_linf, cosine_l1, ratio_l2, ratio_linf, ratio_l1, limit_cosine_l2, "             \
  "limit_cosine_linf, limit_cosine_l1, limit_ratio_l2, limit_ratio_linf, limit_ratio_l1, predicted_gap, "              \
  "predicted_rate, loss_log, weight_norm_log, seconds"
/* The run's data set in the page's list of them. */
#define DATA "spec -> '$.data'"
#define SOURCE "dense_rank() OVER (ORDER BY " DATA ") - 1 AS source"
enum { OPTION_COUNT = 17 };

/* The traces' columns that the page draws. */
static const char *const TRACE_COLUMNS[] = {"cosine_predicted", "cosine_l2",  "cosine_linf", "cosine_l1",
                                            "ratio_l2",         "ratio_linf", "ratio_l1"};

static void write_value(FILE *stream, sqlite3_stmt *rows, int column) {
  switch (sqlite3_column_type(rows, column)) {
  case SQLITE_NULL:
    fputs("null", stream);
    break;
  case SQLITE_INTEGER:
    fprintf(stream, "%lld", (long long)sqlite3_column_int64(rows, column));
    break;
  case SQLITE_FLOAT:
    if (column < OPTION_COUNT)
      bs_json_number(stream, sqlite3_column_double(rows, column));
    else
      bs_json_rounded(stream, sqlite3_column_double(rows, column), 8);
    break;
  default:
    bs_json_string(stream, bs_store_text(rows, column, ""));
  }
}

static biascope_status write_rows(biascope_store *store, FILE *stream, biascope_error *error) {
  sqlite3_stmt *rows;
  biascope_status status = bs_store_select(store, OPTIONS ", " MEASURES ", " SOURCE, NULL, &rows, error);
  if (status != BIASCOPE_OK) return status;
  const int columns = sqlite3_column_count(rows);
  for (int c = 0; c < columns; c++)
    fprintf(stream, "%s\"%s\"", c ? "," : "\"columns\":[", sqlite3_column_name(rows, c));
  fputs("],\n\"rows\":[", stream);
  bool found = true;
  for (size_t i = 0; status == BIASCOPE_OK && found; i++) {
    status = bs_store_next(store, rows, &found, error);
    if (status != BIASCOPE_OK || !found) break;
    for (int c = 0; c < columns; c++) {
      fputs(c ? "," : i ? ",\n[" : "[", stream);
      write_value(stream, rows, c);
    }
    fputs("]", stream);
  }
  fputs("]", stream);
  sqlite3_finalize(rows);
  return status;
}

/* How each data set came about, in the order of SOURCE. */
static biascope_status write_sources(biascope_store *store, FILE *stream, biascope_error *error) {
  sqlite3_stmt *rows;
  bool found = true;
  biascope_status status = bs_store_prepare(store, "SELECT DISTINCT " DATA " FROM runs ORDER BY 1", &rows, error);
  fputs(",\n\"sources\":[", stream);
  for (size_t i = 0; status == BIASCOPE_OK; i++) {
    status = bs_store_next(store, rows, &found, error);
    if (status != BIASCOPE_OK || !found) break;
    if (i) fputc(',', stream);
    bs_json_text(stream, bs_store_text(rows, 0, "null"));
  }
  fputs("]", stream);
  sqlite3_finalize(rows);
  return status;
}

static void write_trace_column(FILE *stream, const json_t *trace, const char *name, const char *format) {
  fprintf(stream, "\"%s\":[", name);
  size_t i;
  json_t *value;
  json_array_foreach(json_object_get(trace, name), i, value) {
    if (i) fputc(',', stream);
    if (json_is_number(value))
      fprintf(stream, format, json_number_value(value));
    else
      fputs("null", stream);
  }
  fputs("]", stream);
}

/* Out of memory, Jansson may call good text bad syntax: an error either way. */
static biascope_status write_trace(FILE *stream, const char *text, size_t row, bool *first, biascope_error *error) {
  json_error_t reason = {.text = ""};
  json_t *trace = json_loads(text, 0, &reason);
  if (!trace && json_error_code(&reason) <= json_error_out_of_memory) return bs_fail_memory(error, "a trace");
  if (!trace) return bs_fail(error, BIASCOPE_BAD_INPUT, "a trace in the store cannot be read: %s", reason.text);
  fprintf(stream, "%s\"%zu\":{", *first ? "" : ",\n", row);
  *first = false;
  write_trace_column(stream, trace, "step", "%.0f");
  for (size_t c = 0; c < sizeof TRACE_COLUMNS / sizeof *TRACE_COLUMNS; c++) {
    fputs(",", stream);
    write_trace_column(stream, trace, TRACE_COLUMNS[c], "%.6g");
  }
  fputs("}", stream);
  json_decref(trace);
  return BIASCOPE_OK;
}

/* The hash's last digits: a draw blind to any order of the runs. */
static unsigned long draw(const char *hash) {
  const size_t length = strlen(hash);
  return strtoul(hash + (length > 8 ? length - 8 : 0), NULL, 16);
}

static biascope_status write_traces(biascope_store *store, FILE *stream, biascope_error *error) {
  sqlite3_int64 bytes;
  sqlite3_stmt *rows = NULL;
  biascope_status status = bs_store_number(store, "SELECT coalesce(sum(length(trace)), 0) FROM runs", &bytes, error);
  const size_t stride = 1 + (size_t)((double)bytes * TRACE_SHARE / MOST_TRACE_BYTES);
  if (status == BIASCOPE_OK) status = bs_store_select(store, "trace, hash", NULL, &rows, error);
  bool found = status == BIASCOPE_OK, first = true;
  for (size_t i = 0; status == BIASCOPE_OK && found; i++) {
    status = bs_store_next(store, rows, &found, error);
    if (!found || sqlite3_column_type(rows, 0) != SQLITE_TEXT) continue;
    if (draw(bs_store_text(rows, 1, "")) % stride != 0) continue;
    status = write_trace(stream, bs_store_text(rows, 0, ""), i, &first, error);
  }
  sqlite3_finalize(rows);
  return status;
}

biascope_status bs_report_write_data(biascope_store *store, const char *title, FILE *stream, biascope_error *error) {
  sqlite3_stmt *facts;
  bool found;
  biascope_status status = bs_store_prepare(
      store, "SELECT count(*), group_concat(DISTINCT version), min(started), max(started) FROM runs", &facts, error);
  if (status == BIASCOPE_OK) status = bs_store_next(store, facts, &found, error);
  if (status == BIASCOPE_OK) {
    char subtitle[512] = "No finished run yet";
    if (sqlite3_column_int64(facts, 0) > 0)
      snprintf(subtitle, sizeof subtitle, "%lld runs, from %s to %s, by biascope %s",
               (long long)sqlite3_column_int64(facts, 0), bs_store_text(facts, 2, ""), bs_store_text(facts, 3, ""),
               bs_store_text(facts, 1, ""));
    fputs("{\"title\":", stream);
    bs_json_string(stream, title);
    fputs(",\"subtitle\":", stream);
    bs_json_string(stream, subtitle);
    fputs(",", stream);
  }
  sqlite3_finalize(facts);
  if (status == BIASCOPE_OK) status = write_rows(store, stream, error);
  if (status == BIASCOPE_OK) status = write_sources(store, stream, error);
  fputs(",\n\"traces\":{", stream);
  if (status == BIASCOPE_OK) status = write_traces(store, stream, error);
  fputs("}}", stream);
  return status;
}
