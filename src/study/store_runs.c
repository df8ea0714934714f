/* Writes and reads the rows of a store. */
#include "study/store_internal.h"

#include "base/error.h"
#include "study/column.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

/* UTC, as SQLite's date functions read it. */
static void format_time(double seconds, char text[32]) {
  const time_t whole = (time_t)seconds;
  struct tm parts;
  strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&whole, &parts));
}

static void describe_machine(char *text, size_t size) {
  struct utsname name;
  if (uname(&name) == 0)
    snprintf(text, size, "%s (%s %s, %s)", name.nodename, name.sysname, name.release, name.machine);
}

static biascope_status begin(biascope_store *store, biascope_error *error) {
  if (store->in_transaction) return BIASCOPE_OK;
  const biascope_status status = bs_store_execute(store, "BEGIN IMMEDIATE", error);
  store->in_transaction = status == BIASCOPE_OK;
  return status;
}

biascope_status bs_store_commit(biascope_store *store, biascope_error *error) {
  if (!store->in_transaction) return BIASCOPE_OK;
  const biascope_status status = bs_store_execute(store, "COMMIT", error);
  if (status == BIASCOPE_OK) store->in_transaction = false;
  return status;
}

biascope_status bs_store_add_study(biascope_store *store, const char *name, const char *path, const char *specification,
                                   biascope_error *error) {
  char started[32];
  format_time((double)time(NULL), started);
  sqlite3_stmt *statement;
  biascope_status status = begin(store, error);
  if (status != BIASCOPE_OK) return status;
  status = bs_store_prepare(
      store, "INSERT OR IGNORE INTO studies (name, path, specification, version, started) VALUES (?, ?, ?, ?, ?)",
      &statement, error);
  if (status != BIASCOPE_OK) return status;
  const char *const texts[] = {name, path, specification, BIASCOPE_VERSION, started};
  for (int i = 0; i < 5; i++) sqlite3_bind_text(statement, i + 1, texts[i], -1, SQLITE_STATIC);
  bool found;
  status = bs_store_next(store, statement, &found, error);
  sqlite3_finalize(statement);
  return status == BIASCOPE_OK ? bs_store_commit(store, error) : status;
}

static const char *status_name(biascope_status status) {
  return status == BIASCOPE_OK ? "ok" : status == BIASCOPE_NOT_SEPARABLE ? "not separable" : "diverged";
}

biascope_status bs_store_add_run(biascope_store *store, const bs_run_record *record, biascope_error *error) {
  char started[32], machine[512] = "unknown";
  format_time(record->started, started);
  describe_machine(machine, sizeof machine);
  biascope_status status = begin(store, error);
  if (status == BIASCOPE_OK && !store->insert)
    status = bs_store_prepare(
        store,
        "INSERT INTO main.runs (hash, status, version, machine, started, spec, result, certificate, trace, seconds) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        &store->insert, error);
  if (status != BIASCOPE_OK) return status;
  const char *const texts[] = {
      record->id.text, status_name(record->status), BIASCOPE_VERSION, machine, started, record->spec,
      record->result,  record->certificate,         record->trace};
  for (int i = 0; i < 9; i++) sqlite3_bind_text(store->insert, i + 1, texts[i], -1, SQLITE_STATIC);
  sqlite3_bind_double(store->insert, 10, record->seconds);
  bool found;
  status = bs_store_next(store, store->insert, &found, error);
  sqlite3_reset(store->insert);
  return status;
}

static biascope_status sink_add(void *state, const bs_run_record *record, biascope_error *error) {
  return bs_store_add_run(state, record, error);
}

static biascope_status sink_commit(void *state, biascope_error *error) {
  return bs_store_commit(state, error);
}

bs_sink bs_store_sink(biascope_store *store) {
  return (bs_sink){.state = store, .add = sink_add, .commit = sink_commit};
}

biascope_status bs_store_finished(biascope_store *store, bs_fingerprint **out, size_t *count, biascope_error *error) {
  sqlite3_int64 rows;
  sqlite3_stmt *statement = NULL;
  *out = NULL;
  *count = 0;
  biascope_status status = bs_store_number(store, "SELECT count(*) FROM runs", &rows, error);
  if (status == BIASCOPE_OK) status = bs_store_prepare(store, "SELECT hash FROM runs ORDER BY hash", &statement, error);
  if (status != BIASCOPE_OK) return status;
  *out = calloc((size_t)rows + 1, sizeof **out);
  if (!*out) status = bs_fail_memory(error, "the finished runs");
  bool found = status == BIASCOPE_OK;
  while (status == BIASCOPE_OK && found && *count < (size_t)rows) {
    status = bs_store_next(store, statement, &found, error);
    if (status == BIASCOPE_OK && found)
      snprintf((*out)[(*count)++].text, sizeof(*out)->text, "%s", (const char *)sqlite3_column_text(statement, 0));
  }
  sqlite3_finalize(statement);
  if (status != BIASCOPE_OK) {
    free(*out);
    *out = NULL;
  }
  return status;
}

biascope_status bs_store_select(biascope_store *store, const char *columns, const char *where, sqlite3_stmt **out,
                                biascope_error *error) {
  *out = NULL;
  char *order = bs_column_list(BS_COLUMN_DATA | BS_COLUMN_OPTION);
  char *sql =
      order ? sqlite3_mprintf("SELECT %s FROM runs WHERE (%s\n) ORDER BY %s, hash", columns, where ? where : "1", order)
            : NULL;
  free(order);
  if (!sql) return bs_fail_memory(error, "a query");
  const biascope_status status = bs_store_prepare_filtered(store, sql, where, out, error);
  sqlite3_free(sql);
  return status;
}
