#include "study/store_schema.h"

#include "base/error.h"
#include "study/column.h"
#include "study/store_internal.h"
#include "study/store_upgrade.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char STUDIES[] = "CREATE TABLE studies (\n"
                              "  id INTEGER PRIMARY KEY,\n"
                              "  name TEXT NOT NULL,\n"
                              "  path TEXT NOT NULL,\n"
                              "  specification TEXT NOT NULL UNIQUE,\n"
                              "  version TEXT NOT NULL,\n"
                              "  started TEXT NOT NULL\n"
                              ")";
/* The stored columns of a run. Columns computed from them follow, so that any SQLite client can filter by them. */
static const char RUNS[] = "CREATE TABLE runs (\n"
                           "  id INTEGER PRIMARY KEY,\n"
                           "  hash TEXT NOT NULL UNIQUE,\n"
                           "  status TEXT NOT NULL,\n"
                           "  version TEXT NOT NULL,\n"
                           "  machine TEXT NOT NULL,\n"
                           "  started TEXT NOT NULL,\n"
                           "  seconds REAL NOT NULL,\n"
                           "  spec TEXT NOT NULL,\n"
                           "  result TEXT,\n"
                           "  certificate TEXT,\n"
                           "  trace TEXT";

/* ---- Texts ---------------------------------------------------------------------------------------- */

static void write_computed(FILE *stream, const bs_column *column) {
  char expression[160];
  bs_column_expression(column, expression, sizeof expression);
  fprintf(stream, "%s GENERATED ALWAYS AS (%s) VIRTUAL", column->name, expression);
}

/* The text that `write` writes, freed with free(); NULL: out of memory. */
static char *text_of(void (*write)(FILE *stream, const void *what), const void *what) {
  char *text = NULL;
  size_t size;
  FILE *stream = open_memstream(&text, &size);
  if (!stream) return NULL;
  write(stream, what);
  if (fclose(stream) == 0) return text;
  free(text);
  return NULL;
}

static void write_runs(FILE *stream, const void *unused) {
  (void)unused;
  fputs(RUNS, stream);
  bs_column column;
  for (size_t i = 0; bs_column_at(i, &column); i++) {
    if (!column.json) continue;
    fputs(",\n  ", stream);
    write_computed(stream, &column);
  }
  fputs("\n)", stream);
}

/* earlier: a bool, whether names are those of schema 1. */
static void write_view(FILE *stream, const void *earlier) {
  const char *upgraded = *(const bool *)earlier ? BS_STORE_UPGRADED : "";
  fputs("CREATE TEMP VIEW runs AS SELECT *", stream);
  bs_column column;
  for (size_t i = 0; bs_column_at(i, &column); i++) {
    char expression[160];
    bs_column_expression(&column, expression, sizeof expression);
    if (column.json) fprintf(stream, ", %s AS %s", expression, column.name);
  }
  fprintf(stream,
          " FROM (SELECT id, hash, status, version, machine, started, seconds, spec, %s(result) AS result, "
          "certificate, %s(trace) AS trace FROM main.runs)",
          upgraded, upgraded);
}

static biascope_status execute(biascope_store *store, char *sql, biascope_error *error) {
  const biascope_status status =
      sql ? bs_store_execute(store, sql, error) : bs_fail_memory(error, "the store's tables");
  free(sql);
  return status;
}

/* ---- Making --------------------------------------------------------------------------------------- */

biascope_status bs_store_create_tables(biascope_store *store, biascope_error *error) {
  const biascope_status status = bs_store_execute(store, STUDIES, error);
  return status == BIASCOPE_OK ? execute(store, text_of(write_runs, NULL), error) : status;
}

biascope_status bs_store_show_runs(biascope_store *store, biascope_error *error) {
  sqlite3_int64 version;
  biascope_status status = bs_store_number(store, "PRAGMA user_version", &version, error);
  if (status == BIASCOPE_OK) status = bs_store_add_upgrade(store, error);
  if (status != BIASCOPE_OK) return status;
  return execute(store, text_of(write_view, &(bool){version < 2}), error);
}

/* ---- Checking ------------------------------------------------------------------------------------- */

static bool skip(const char **at, const char *word) {
  const size_t length = strlen(word);
  if (strncmp(*at, word, length) != 0) return false;
  *at += length;
  return true;
}

static bool skip_any_of(const char **at, const char *characters) {
  const size_t length = strspn(*at, characters);
  *at += length;
  return length > 0;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyz0123456789_"

static bool skip_extract(const char **at) {
  return skip(at, "json_extract(") && (skip(at, "spec") || skip(at, "result") || skip(at, "certificate")) &&
         skip(at, ", '$.") && skip_any_of(at, LETTERS ".") && skip(at, "')");
}

static bool skip_expression(const char **at) {
  if (!skip(at, "coalesce(")) return skip_extract(at);
  return skip_extract(at) && skip(at, ", ") && (skip(at, "0") || skip_extract(at)) && skip(at, ")");
}

/* A table of runs as some version makes it: the stored columns, then others that are computed only by json_extract. */
static bool is_table_of_runs(const char *sql) {
  if (!skip(&sql, RUNS)) return false;
  skip_any_of(&sql, "\n");
  while (skip(&sql, ",")) {
    if (!skip_any_of(&sql, " \n") || !skip_any_of(&sql, LETTERS) || !skip(&sql, " GENERATED ALWAYS AS (") ||
        !skip_expression(&sql) || !skip(&sql, ") VIRTUAL"))
      return false;
    skip_any_of(&sql, "\n"); /* it stays here when SQLite adds a column after it */
  }
  return strcmp(sql, ")") == 0;
}

static biascope_status check_runs(biascope_store *store, bool *as_made, biascope_error *error) {
  sqlite3_stmt *row;
  bool found;
  biascope_status status =
      bs_store_prepare(store, "SELECT sql FROM main.sqlite_master WHERE type = 'table' AND name = 'runs'", &row, error);
  if (status == BIASCOPE_OK) status = bs_store_next(store, row, &found, error);
  if (status == BIASCOPE_OK) *as_made = found && is_table_of_runs(bs_store_text(row, 0, ""));
  sqlite3_finalize(row);
  return status;
}

/* The tables define what is computed when a row is read or written, and so do triggers and indexes. In a file from
 * elsewhere this may be anything. */
biascope_status bs_store_check_tables(biascope_store *store, biascope_error *error) {
  sqlite3_int64 others_as_made = 0;
  bool runs_as_made = false;
  char *sql = sqlite3_mprintf("SELECT count(*) FILTER (WHERE sql = %Q) = 1 AND count(*) FILTER (WHERE sql NOT LIKE "
                              "'CREATE TABLE %%' AND sql NOT LIKE 'CREATE VIEW %%') = 0 FROM main.sqlite_master",
                              STUDIES);
  biascope_status status = sql ? bs_store_number(store, sql, &others_as_made, error) : bs_fail_memory(error, "a query");
  sqlite3_free(sql);
  if (status == BIASCOPE_OK) status = check_runs(store, &runs_as_made, error);
  if (status != BIASCOPE_OK || (others_as_made && runs_as_made)) return status;
  return bs_fail(
      error, BIASCOPE_BAD_INPUT,
      "%s: its tables are not those of a store; expected them as 'biascope sweep' makes them, with no trigger or "
      "index beside them",
      store->path);
}

/* ---- Upgrading ------------------------------------------------------------------------------------ */

static biascope_status rewrite_runs(biascope_store *store, biascope_error *error) {
  char sql[80];
  snprintf(sql, sizeof sql, "PRAGMA user_version = %d", BS_STORE_SCHEMA);
  biascope_status status =
      bs_store_execute(store,
                       "CREATE TEMP TABLE earlier_runs AS SELECT id, hash, status, version, machine, started, "
                       "seconds, spec, " BS_STORE_UPGRADED "(result) AS result, certificate, " BS_STORE_UPGRADED
                       "(trace) AS trace FROM main.runs ORDER BY id; DROP TABLE main.runs",
                       error);
  if (status == BIASCOPE_OK) status = execute(store, text_of(write_runs, NULL), error);
  if (status == BIASCOPE_OK)
    status = bs_store_execute(store,
                              "INSERT INTO main.runs (id, hash, status, version, machine, started, seconds, spec, "
                              "result, certificate, trace) SELECT * FROM earlier_runs; DROP TABLE earlier_runs",
                              error);
  return status == BIASCOPE_OK ? bs_store_execute(store, sql, error) : status;
}

static void write_added_column(FILE *stream, const void *column) {
  fputs("ALTER TABLE runs ADD COLUMN ", stream);
  write_computed(stream, column);
}

/* The columns of options that this version has and the version that made the store did not have. */
static biascope_status add_columns(biascope_store *store, biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  bs_column column;
  for (size_t i = 0; status == BIASCOPE_OK && bs_column_at(i, &column); i++) {
    char sql[160];
    sqlite3_int64 present;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM pragma_table_xinfo('runs') WHERE name = '%s'", column.name);
    status = bs_store_number(store, sql, &present, error);
    if (status == BIASCOPE_OK && !present) status = execute(store, text_of(write_added_column, &column), error);
  }
  return status;
}

biascope_status bs_store_upgrade(biascope_store *store, biascope_error *error) {
  sqlite3_int64 version;
  biascope_status status = bs_store_number(store, "PRAGMA user_version", &version, error);
  if (status == BIASCOPE_OK) status = bs_store_add_upgrade(store, error);
  if (status == BIASCOPE_OK) status = bs_store_execute(store, "BEGIN IMMEDIATE", error);
  if (status != BIASCOPE_OK) return status;
  status = version < BS_STORE_SCHEMA ? rewrite_runs(store, error) : add_columns(store, error);
  if (status == BIASCOPE_OK) status = bs_store_execute(store, "COMMIT", error);
  if (status != BIASCOPE_OK) sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
  return status;
}
