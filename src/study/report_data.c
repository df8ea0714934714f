#include "study/report_data.h"

#include "base/error.h"

#include "study/column.h"
#include "study/json.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* About how much of the page the traces may take; for a larger store one trace in k is shown. */
static const double MOST_TRACE_BYTES = 2e6;
static const double TRACE_SHARE = 0.65; /* the share of a stored trace's bytes that the page repeats */

/* What a run depends on is written exactly, so that it can be repeated. */
enum {
  EXACT = BS_COLUMN_IDENTITY | BS_COLUMN_DATA | BS_COLUMN_OPTION,
  SHOWN = EXACT | BS_COLUMN_MEASURE | BS_COLUMN_LIMIT | BS_COLUMN_PREDICTION
};
/* The index of the run's data set in the page's list. */
#define DATA "spec -> '$.data'"
#define SOURCE "dense_rank() OVER (ORDER BY " DATA ") - 1 AS source"

static void write_value(FILE *stream, sqlite3_stmt *rows, int column, bool exact) {
  switch (sqlite3_column_type(rows, column)) {
  case SQLITE_NULL:
    fputs("null", stream);
    break;
  case SQLITE_INTEGER:
    fprintf(stream, "%lld", (long long)sqlite3_column_int64(rows, column));
    break;
  case SQLITE_FLOAT:
    if (exact)
      bs_json_number(stream, sqlite3_column_double(rows, column));
    else
      bs_json_rounded(stream, sqlite3_column_double(rows, column), 8);
    break;
  default:
    bs_json_string(stream, bs_store_text(rows, column, ""));
  }
}

/* The measures that the page draws, it also draws along the traces. */
static bool is_drawn(const bs_column *column) {
  for (size_t i = 0; i < biascope_measure_count(); i++)
    if (biascope_measure_at(i)->recorded && !strcmp(biascope_measure_at(i)->name, column->name)) return true;
  return false;
}

static const char *role_of(const bs_column *column) {
  if (column->kind & (BS_COLUMN_DATA | BS_COLUMN_OPTION)) return "option";
  return is_drawn(column) ? "measure" : "other";
}

/* What the page shows of a run, and its names: first what the run depends on, then measures. `option`: the flag of the
 * command line that sets it. */
static void write_columns(FILE *stream) {
  static const char *const LAYOUTS[] = {
      [BS_COLUMN_SCALED] = "scaled", [BS_COLUMN_EVENLY] = "evenly", [BS_COLUMN_NAMES] = "names"};
  bs_column column;
  fputs("\"columns\":[", stream);
  for (size_t i = 0; bs_column_at(i, &column); i++) {
    if (!(column.kind & SHOWN)) continue;
    fprintf(stream, "{\"name\":\"%s\",\"role\":\"%s\",\"layout\":\"%s\",\"title\":", column.name, role_of(&column),
            LAYOUTS[column.layout]);
    bs_json_string(stream, column.title);
    if (column.kind == BS_COLUMN_OPTION) fprintf(stream, ",\"option\":\"%s\"", column.path);
    if (column.is_flag) fputs(",\"is_flag\":true", stream);
    fputs("},\n", stream);
  }
  fputs("{\"name\":\"source\",\"role\":\"other\",\"layout\":\"names\",\"title\":\"source\"}],\n", stream);
}

static biascope_status select_rows(biascope_store *store, sqlite3_stmt **out, biascope_error *error) {
  char *list = bs_column_list(SHOWN), *columns = list ? sqlite3_mprintf("%s, " SOURCE, list) : NULL;
  free(list);
  if (!columns) return bs_fail_memory(error, "a query");
  const biascope_status status = bs_store_select(store, columns, NULL, out, error);
  sqlite3_free(columns);
  return status;
}

/* The number of columns that are written exactly. */
static int exact_columns(void) {
  bs_column column;
  int count = 0;
  for (size_t i = 0; bs_column_at(i, &column); i++) count += (column.kind & EXACT) != 0;
  return count;
}

static biascope_status write_rows(biascope_store *store, FILE *stream, biascope_error *error) {
  sqlite3_stmt *rows;
  biascope_status status = select_rows(store, &rows, error);
  if (status != BIASCOPE_OK) return status;
  const int columns = sqlite3_column_count(rows), exact = exact_columns();
  write_columns(stream);
  fputs("\"rows\":[", stream);
  bool found = true;
  for (size_t i = 0; status == BIASCOPE_OK && found; i++) {
    status = bs_store_next(store, rows, &found, error);
    if (status != BIASCOPE_OK || !found) break;
    for (int c = 0; c < columns; c++) {
      fputs(c ? "," : i ? ",\n[" : "[", stream);
      write_value(stream, rows, c, c < exact);
    }
    fputs("]", stream);
  }
  fputs("]", stream);
  sqlite3_finalize(rows);
  return status;
}

/* The origin of each data set, in the order of SOURCE. */
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

/* Out of memory, Jansson may report correct text as a syntax error; both are errors. */
static biascope_status write_trace(FILE *stream, const char *text, size_t row, bool *first, biascope_error *error) {
  json_error_t reason = {.text = ""};
  json_t *trace = json_loads(text, 0, &reason);
  if (!trace && json_error_code(&reason) <= json_error_out_of_memory) return bs_fail_memory(error, "a trace");
  if (!trace) return bs_fail(error, BIASCOPE_BAD_INPUT, "a trace in the store cannot be read: %s", reason.text);
  fprintf(stream, "%s\"%zu\":{", *first ? "" : ",\n", row);
  *first = false;
  write_trace_column(stream, trace, "step", "%.0f");
  for (size_t i = 0; i < biascope_measure_count(); i++) {
    if (!biascope_measure_at(i)->recorded) continue;
    fputs(",", stream);
    write_trace_column(stream, trace, biascope_measure_at(i)->name, "%.6g");
  }
  fputs("}", stream);
  json_decref(trace);
  return BIASCOPE_OK;
}

/* The last digits of the hash: a selection that does not depend on any order of the runs. */
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
