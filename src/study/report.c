#include "study/report.h"

#include "base/error.h"
#include "base/file.h"
#include "study/json.h"
#include "study/report_assets.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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
#define SOURCE "dense_rank() OVER (ORDER BY json_extract(spec, '$.data')) - 1 AS source"
enum { OPTION_COUNT = 17 };

/* The traces' columns that the page draws. */
static const char *const TRACE_COLUMNS[] = {"cosine_predicted", "cosine_l2",  "cosine_linf", "cosine_l1",
                                            "ratio_l2",         "ratio_linf", "ratio_l1"};

/* ---- Texts ---------------------------------------------------------------------------------------- */

static void write_html(FILE *stream, const char *text) {
  for (; *text; text++) {
    switch (*text) {
    case '<':
      fputs("&lt;", stream);
      break;
    case '>':
      fputs("&gt;", stream);
      break;
    case '&':
      fputs("&amp;", stream);
      break;
    case '"':
      fputs("&quot;", stream);
      break;
    default:
      fputc(*text, stream);
    }
  }
}

/* JSON as it is stored; a '<', which stands in strings only, must not end the page's script. */
static void write_json_text(FILE *stream, const char *text) {
  for (; *text; text++) {
    if (*text == '<')
      fputs("\\u003c", stream);
    else
      fputc(*text, stream);
  }
}

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
      fprintf(stream, "%.8g", sqlite3_column_double(rows, column));
    break;
  default:
    bs_json_string(stream, bs_store_text(rows, column, ""));
  }
}

/* ---- The page's data ------------------------------------------------------------------------------ */

typedef struct {
  bs_store *store;
  const char *path;
  FILE *stream;
  char title[512];
} report;

static biascope_status write_rows(report *r, biascope_error *error) {
  sqlite3_stmt *rows;
  biascope_status status = bs_store_select(r->store, OPTIONS ", " MEASURES ", " SOURCE, NULL, &rows, error);
  if (status != BIASCOPE_OK) return status;
  const int columns = sqlite3_column_count(rows);
  for (int c = 0; c < columns; c++)
    fprintf(r->stream, "%s\"%s\"", c ? "," : "\"columns\":[", sqlite3_column_name(rows, c));
  fputs("],\n\"rows\":[", r->stream);
  bool found = true;
  for (size_t i = 0; status == BIASCOPE_OK && found; i++) {
    status = bs_store_next(r->store, rows, &found, error);
    if (status != BIASCOPE_OK || !found) break;
    for (int c = 0; c < columns; c++) {
      fputs(c ? "," : i ? ",\n[" : "[", r->stream);
      write_value(r->stream, rows, c);
    }
    fputs("]", r->stream);
  }
  fputs("]", r->stream);
  sqlite3_finalize(rows);
  return status;
}

/* How each data set came about, in the order of SOURCE. */
static biascope_status write_sources(report *r, biascope_error *error) {
  sqlite3_stmt *rows;
  bool found = true;
  biascope_status status =
      bs_store_prepare(r->store, "SELECT DISTINCT json_extract(spec, '$.data') FROM runs ORDER BY 1", &rows, error);
  fputs(",\n\"sources\":[", r->stream);
  for (size_t i = 0; status == BIASCOPE_OK; i++) {
    status = bs_store_next(r->store, rows, &found, error);
    if (status != BIASCOPE_OK || !found) break;
    if (i) fputc(',', r->stream);
    write_json_text(r->stream, bs_store_text(rows, 0, "null"));
  }
  fputs("]", r->stream);
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

static void write_trace(report *r, const char *text, size_t row, bool first) {
  json_t *trace = json_loads(text, 0, NULL);
  if (!trace) return;
  fprintf(r->stream, "%s\"%zu\":{", first ? "" : ",\n", row);
  write_trace_column(r->stream, trace, "step", "%.0f");
  for (size_t c = 0; c < sizeof TRACE_COLUMNS / sizeof *TRACE_COLUMNS; c++) {
    fputs(",", r->stream);
    write_trace_column(r->stream, trace, TRACE_COLUMNS[c], "%.6g");
  }
  fputs("}", r->stream);
  json_decref(trace);
}

/* The hash's last digits: a draw blind to any order of the runs. */
static unsigned long draw(const char *hash) {
  const size_t length = strlen(hash);
  return strtoul(hash + (length > 8 ? length - 8 : 0), NULL, 16);
}

static biascope_status write_traces(report *r, biascope_error *error) {
  sqlite3_int64 bytes;
  sqlite3_stmt *rows = NULL;
  biascope_status status = bs_store_number(r->store, "SELECT coalesce(sum(length(trace)), 0) FROM runs", &bytes, error);
  const size_t stride = 1 + (size_t)((double)bytes * TRACE_SHARE / MOST_TRACE_BYTES);
  if (status == BIASCOPE_OK) status = bs_store_select(r->store, "trace, hash", NULL, &rows, error);
  bool found = status == BIASCOPE_OK, first = true;
  for (size_t i = 0; found; i++) {
    status = bs_store_next(r->store, rows, &found, error);
    if (!found || sqlite3_column_type(rows, 0) != SQLITE_TEXT) continue;
    if (draw(bs_store_text(rows, 1, "")) % stride != 0) continue;
    write_trace(r, bs_store_text(rows, 0, ""), i, first);
    first = false;
  }
  sqlite3_finalize(rows);
  return status;
}

static biascope_status write_data(report *r, biascope_error *error) {
  sqlite3_stmt *facts;
  bool found;
  biascope_status status = bs_store_prepare(
      r->store, "SELECT count(*), group_concat(DISTINCT version), min(started), max(started) FROM runs", &facts, error);
  if (status == BIASCOPE_OK) status = bs_store_next(r->store, facts, &found, error);
  if (status == BIASCOPE_OK) {
    char subtitle[512] = "No finished run yet";
    if (sqlite3_column_int64(facts, 0) > 0)
      snprintf(subtitle, sizeof subtitle, "%s runs, from %s to %s, by biascope %s", bs_store_text(facts, 0, ""),
               bs_store_text(facts, 2, ""), bs_store_text(facts, 3, ""), bs_store_text(facts, 1, ""));
    fputs("{\"title\":", r->stream);
    bs_json_string(r->stream, r->title);
    fputs(",\"subtitle\":", r->stream);
    bs_json_string(r->stream, subtitle);
    fputs(",", r->stream);
  }
  sqlite3_finalize(facts);
  if (status == BIASCOPE_OK) status = write_rows(r, error);
  if (status == BIASCOPE_OK) status = write_sources(r, error);
  fputs(",\n\"traces\":{", r->stream);
  if (status == BIASCOPE_OK) status = write_traces(r, error);
  fputs("}}", r->stream);
  return status;
}

/* ---- The page ------------------------------------------------------------------------------------- */

static biascope_status read_title(report *r, biascope_error *error) {
  sqlite3_stmt *studies;
  bool found;
  biascope_status status =
      bs_store_prepare(r->store, "SELECT group_concat(DISTINCT name) FROM studies", &studies, error);
  if (status == BIASCOPE_OK) status = bs_store_next(r->store, studies, &found, error);
  if (status == BIASCOPE_OK) snprintf(r->title, sizeof r->title, "%s", bs_store_text(studies, 0, ""));
  sqlite3_finalize(studies);
  return status;
}

static biascope_status write_studies(report *r, biascope_error *error) {
  sqlite3_stmt *studies;
  bool found = true;
  biascope_status status =
      bs_store_prepare(r->store, "SELECT name, path, specification, started FROM studies ORDER BY id", &studies, error);
  while (status == BIASCOPE_OK && found) {
    status = bs_store_next(r->store, studies, &found, error);
    if (status != BIASCOPE_OK || !found) break;
    fputs("<h3>", r->stream);
    write_html(r->stream, bs_store_text(studies, 0, ""));
    fputs("</h3><p>First run ", r->stream);
    write_html(r->stream, bs_store_text(studies, 3, ""));
    fputs(". Save it as a file beside its data; this runs what is missing of it, and then writes this "
          "page:</p><pre>biascope sweep ",
          r->stream);
    write_html(r->stream, bs_store_text(studies, 1, ""));
    fputs(" --store ", r->stream);
    write_html(r->stream, r->path);
    fputs("\nbiascope report ", r->stream);
    write_html(r->stream, r->path);
    fputs(" --out report.html</pre><pre>", r->stream);
    write_html(r->stream, bs_store_text(studies, 2, ""));
    fputs("</pre>\n", r->stream);
  }
  sqlite3_finalize(studies);
  return status;
}

static biascope_status write_footer(report *r, biascope_error *error) {
  (void)error;
  char date[32];
  const time_t now = time(NULL);
  struct tm parts;
  strftime(date, sizeof date, "%Y-%m-%d", gmtime_r(&now, &parts));
  fprintf(r->stream, "Written by biascope %s on %s.", BIASCOPE_VERSION, date);
  return BIASCOPE_OK;
}

static biascope_status write_title(report *r, biascope_error *error) {
  (void)error;
  write_html(r->stream, r->title);
  return BIASCOPE_OK;
}

/* The template's {{fields}}: a text, or what a function writes. */
static const struct {
  const char *name, *text;
  biascope_status (*write)(report *r, biascope_error *error);
} FIELDS[] = {
    {"title", NULL, write_title},
    {"style", bs_asset_css, NULL},
    {"studies", NULL, write_studies},
    {"footer", NULL, write_footer},
    {"data", NULL, write_data},
    {"vega", bs_asset_vega, NULL},
    {"vega-lite", bs_asset_vega_lite, NULL},
    {"vega-embed", bs_asset_vega_embed, NULL},
    {"script", bs_asset_js, NULL},
};

static biascope_status write_field(report *r, const char *name, size_t length, biascope_error *error) {
  for (size_t f = 0; f < sizeof FIELDS / sizeof *FIELDS; f++) {
    if (strlen(FIELDS[f].name) != length || strncmp(FIELDS[f].name, name, length) != 0) continue;
    if (FIELDS[f].write) return FIELDS[f].write(r, error);
    fputs(FIELDS[f].text, r->stream);
  }
  return BIASCOPE_OK;
}

static biascope_status write_page(report *r, biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  const char *at = bs_asset_html;
  for (const char *open; status == BIASCOPE_OK && (open = strstr(at, "{{"));) {
    const char *close = strstr(open, "}}");
    fwrite(at, 1, (size_t)(open - at), r->stream);
    status = write_field(r, open + 2, (size_t)(close - open - 2), error);
    at = close + 2;
  }
  fputs(at, r->stream);
  return status;
}

biascope_status bs_report_write(bs_store *store, const char *store_path, const char *path, biascope_error *error) {
  bs_output_file file;
  report r = {.store = store, .path = store_path};
  biascope_status status = read_title(&r, error);
  if (status == BIASCOPE_OK) status = bs_output_open(&file, path, error);
  if (status != BIASCOPE_OK) return status;
  r.stream = file.stream;
  status = write_page(&r, error);
  if (status == BIASCOPE_OK) return bs_output_commit(&file, error);
  bs_output_abandon(&file);
  return status;
}
