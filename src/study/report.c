#include "study/store.h"

#include "base/error.h"
#include "base/file.h"
#include "study/report_assets.h"
#include "study/report_data.h"
#include <string.h>
#include <time.h>

typedef struct {
  biascope_store *store;
  const char *path;
  FILE *stream;
  char title[512];
} report;

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

static biascope_status write_data(report *r, biascope_error *error) {
  return bs_report_write_data(r->store, r->title, r->stream, error);
}

/* The {{fields}} of the template: a text, or the output of a function. */
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

biascope_status biascope_report_write(biascope_store *store, const char *store_path, const char *path,
                                      biascope_error *error) {
  biascope_output file;
  report r = {.store = store, .path = store_path};
  biascope_status status = read_title(&r, error);
  if (status == BIASCOPE_OK) status = biascope_output_open(&file, path, error);
  if (status != BIASCOPE_OK) return status;
  r.stream = file.stream;
  status = write_page(&r, error);
  if (status == BIASCOPE_OK) return biascope_output_commit(&file, error);
  biascope_output_abandon(&file);
  return status;
}
