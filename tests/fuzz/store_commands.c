#include "store_commands.h"

#include "base/file.h"
#include "cli/cli.h"
#include "memory_file.h"
#include "study/report_assets.h"
#include "study/store.h"

#include <jansson.h>
#include <string.h>

biascope_status __wrap_biascope_store_open(const char *path, biascope_store_mode mode, biascope_store **out,
                                           biascope_error *error);
void __wrap_biascope_store_close(biascope_store *store);
biascope_status __wrap_biascope_output_open(biascope_output *file, const char *path, biascope_error *error);
biascope_status __wrap_biascope_output_commit(biascope_output *file, biascope_error *error);
void __wrap_biascope_output_abandon(biascope_output *file);

/* The page without what is the same for every store. */
const char bs_asset_html[] = "{{title}}{{studies}}{{footer}}<script>{{data}}</script>";
const char bs_asset_css[] = "", bs_asset_js[] = "";
const char bs_asset_vega[] = "", bs_asset_vega_lite[] = "", bs_asset_vega_embed[] = "";

biascope_store *opened_store;

static struct {
  char *text;
  size_t length;
} page;

void check(bool holds) {
  if (!holds) abort();
}

biascope_status __wrap_biascope_store_open(const char *path, biascope_store_mode mode, biascope_store **out,
                                           biascope_error *error) {
  if (!opened_store || mode == BIASCOPE_STORE_WRITE) return __real_biascope_store_open(path, mode, out, error);
  *out = opened_store;
  return BIASCOPE_OK;
}

void __wrap_biascope_store_close(biascope_store *store) {
  if (store != opened_store) __real_biascope_store_close(store);
}

biascope_status __wrap_biascope_output_open(biascope_output *file, const char *path, biascope_error *error) {
  (void)path;
  (void)error;
  *file = (biascope_output){.stream = open_memstream(&page.text, &page.length)};
  check(file->stream != NULL);
  return BIASCOPE_OK;
}

biascope_status __wrap_biascope_output_commit(biascope_output *file, biascope_error *error) {
  (void)error;
  check(fclose(file->stream) == 0);
  return BIASCOPE_OK;
}

void __wrap_biascope_output_abandon(biascope_output *file) {
  fclose(file->stream);
}

const char *memory_database(char path[64]) {
  int descriptor = 0;
  check(sqlite3_initialize() == SQLITE_OK && sqlite3_vfs_register(sqlite3_vfs_find("memdb"), 1) == SQLITE_OK);
  return memory_file(&descriptor, NULL, 0, path);
}

/* SQLite judges the grammar, Jansson the encoding. */
static bool is_json(const char *text, size_t length) {
  static sqlite3 *judge;
  static sqlite3_stmt *valid;
  if (!judge) {
    check(sqlite3_open(":memory:", &judge) == SQLITE_OK);
    check(sqlite3_prepare_v2(judge, "SELECT json_valid(?)", -1, &valid, NULL) == SQLITE_OK);
  }
  sqlite3_bind_text(valid, 1, text, (int)length, SQLITE_STATIC);
  const bool grammar = sqlite3_step(valid) == SQLITE_ROW && sqlite3_column_int(valid, 0) == 1;
  sqlite3_reset(valid);
  json_t *encoded = json_stringn(text, length);
  json_decref(encoded);
  return grammar && encoded != NULL;
}

/* The listing on standard output is captured; where the command succeeds it must be JSON. */
static void list_runs(void) {
  char program[] = "biascope", runs[] = "runs", json[] = "--json", traces[] = "--traces", store[] = "runs.db";
  char *arguments[] = {program, runs, store, json, traces, NULL};
  char *text = NULL;
  size_t length = 0;
  FILE *terminal = stdout;
  stdout = open_memstream(&text, &length);
  check(stdout != NULL);
  const int code = cli_run(5, arguments);
  fclose(stdout);
  stdout = terminal;
  check(code != 0 || is_json(text, length));
  free(text);
}

/* The page's one script is its data, which must be JSON and must not end the script. */
static void write_report(biascope_store *store) {
  static const char OPEN[] = "<script>", CLOSE[] = "</script>";
  biascope_error error = {.message = ""};
  page.text = NULL;
  if (biascope_report_write(store, "runs.db", "report.html", &error) == BIASCOPE_OK) {
    const char *data = strstr(page.text, OPEN) + strlen(OPEN), *end = strstr(data, CLOSE);
    check(end + strlen(CLOSE) == page.text + page.length && is_json(data, (size_t)(end - data)));
  } else {
    check(strlen(error.message) > 0);
  }
  free(page.text);
}

void ask_store(void) {
  list_runs();
  write_report(opened_store);
}
