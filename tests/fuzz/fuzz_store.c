/* A store of any bytes: `runs`, `report` and `merge` refuse it in words or go through. An input that is no SQLite file
 * is the columns of a row instead, one a line, in a store that is well formed. */
#include "cli/cli.h"
#include "memory_file.h"
#include "study/report.h"

#include <fcntl.h>
#include <jansson.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(bool holds) {
  if (!holds) abort();
}

static const char *path_of(const char *name) {
  static char folder[] = "/dev/shm/biascope-fuzz-XXXXXX", path[2][64];
  static bool made;
  static int turn;
  if (!made) check(mkdtemp(folder) != NULL);
  made = true;
  turn = !turn;
  snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
  return path[turn];
}

static void bind_words(sqlite3_stmt *statement, const uint8_t *bytes, size_t size) {
  const int count = sqlite3_bind_parameter_count(statement);
  for (int i = 1; i <= count; i++) {
    const uint8_t *end = size > 0 ? memchr(bytes, '\n', size) : NULL;
    const size_t length = end && i < count ? (size_t)(end - bytes) : size;
    if (i <= 3 || length > 0) sqlite3_bind_text(statement, i, (const char *)bytes, (int)length, SQLITE_TRANSIENT);
    const size_t used = length < size ? length + 1 : size;
    bytes += used;
    size -= used;
  }
}

/* The store with one run in it, of these columns; false where SQLite itself refuses them. */
static bool write_row(const char *path, const uint8_t *bytes, size_t size) {
  static sqlite3 *db;
  static sqlite3_stmt *insert;
  if (!db) {
    bs_store *store;
    check(bs_store_open(path, BS_STORE_WRITE, &store, NULL) == BIASCOPE_OK);
    bs_store_close(store);
    check(sqlite3_open(path, &db) == SQLITE_OK);
    check(sqlite3_exec(db, "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF", NULL, NULL, NULL) == SQLITE_OK);
    check(sqlite3_prepare_v2(db,
                             "INSERT INTO runs (hash, status, spec, result, certificate, trace, version, machine, "
                             "started, seconds) VALUES (?, ?, ?, ?, ?, ?, 'v', 'm', 's', 1.5)",
                             -1, &insert, NULL) == SQLITE_OK);
  }
  sqlite3_exec(db, "DELETE FROM runs", NULL, NULL, NULL);
  bind_words(insert, bytes, size);
  const bool added = sqlite3_step(insert) == SQLITE_DONE;
  sqlite3_reset(insert);
  sqlite3_clear_bindings(insert);
  return added;
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
static void list_runs(const char *path) {
  char program[] = "biascope", runs[] = "runs", json[] = "--json", traces[] = "--traces", store[64];
  snprintf(store, sizeof store, "%s", path);
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

static void merge(const char *path) {
  biascope_error error = {.message = ""};
  bs_store *whole;
  bs_merge_count count;
  unlink(path_of("whole.db"));
  check(bs_store_open(path_of("whole.db"), BS_STORE_WRITE, &whole, &error) == BIASCOPE_OK);
  if (bs_store_merge(whole, path, &count, &error) != BIASCOPE_OK) check(strlen(error.message) > 0);
  bs_store_close(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static int descriptor;
  char raw_path[64];
  biascope_error error = {.message = ""};
  const bool raw = size >= 16 && memcmp(bytes, "SQLite format 3", 16) == 0;
  const char *path = raw ? memory_file(&descriptor, bytes, size, raw_path) : NULL;
  char row_path[64];
  if (!raw) {
    snprintf(row_path, sizeof row_path, "%s", path_of("row.db"));
    if (!write_row(row_path, bytes, size)) return 0;
    path = row_path;
  }
  bs_store *store;
  const biascope_status status = bs_store_open(path, BS_STORE_READ, &store, &error);
  if (status != BIASCOPE_OK) {
    check(error.status == status && strlen(error.message) > 0);
    return 0;
  }
  if (bs_report_write(store, path, path_of("report.html"), &error) != BIASCOPE_OK) check(strlen(error.message) > 0);
  bs_store_close(store);
  list_runs(path);
  merge(path);
  return 0;
}
