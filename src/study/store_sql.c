/* Statements on an open store, and SQLite's errors in the user's terms. */
#include "study/store_internal.h"

#include "base/error.h"

typedef struct {
  char text[256];
} printable;

/* SQLite's words may quote bytes of a damaged file: those that are not printable ASCII become '?'. */
static printable printable_of(const char *words) {
  printable out = {""};
  for (size_t i = 0; i < sizeof out.text - 1 && words[i]; i++)
    out.text[i] = words[i] >= ' ' && words[i] <= '~' ? words[i] : '?';
  return out;
}

biascope_status bs_store_fail(const biascope_store *store, biascope_error *error) {
  const printable words = printable_of(sqlite3_errmsg(store->db));
  const char *path = store->path, *detail = words.text;
  switch (sqlite3_errcode(store->db)) {
  case SQLITE_NOTADB:
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: is not a store; expected a file made by 'biascope sweep'", path);
  case SQLITE_CORRUPT:
    return bs_fail(error, BIASCOPE_BAD_INPUT,
                   "%s: the store is damaged (%s); 'sqlite3 FILE .recover' saves what can be read", path, detail);
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: the store is locked by another program; try again when it has ended",
                   path);
  case SQLITE_READONLY:
  case SQLITE_PERM:
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: the store cannot be written: %s", path, detail);
  case SQLITE_CANTOPEN:
    return bs_fail(error, BIASCOPE_BAD_INPUT,
                   "%s: the store cannot be opened: the file, or its folder (for FILE-wal), is not accessible", path);
  case SQLITE_FULL:
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: no space left for the store", path);
  case SQLITE_NOMEM:
    return bs_fail_memory(error, "the store");
  default:
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: %s", path, detail);
  }
}

biascope_status bs_store_execute(biascope_store *store, const char *sql, biascope_error *error) {
  return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ? BIASCOPE_OK : bs_store_fail(store, error);
}

biascope_status bs_store_prepare(biascope_store *store, const char *sql, sqlite3_stmt **out, biascope_error *error) {
  if (sqlite3_prepare_v2(store->db, sql, -1, out, NULL) == SQLITE_OK) return BIASCOPE_OK;
  *out = NULL;
  return bs_store_fail(store, error);
}

biascope_status bs_store_next(biascope_store *store, sqlite3_stmt *rows, bool *found, biascope_error *error) {
  const int code = sqlite3_step(rows);
  *found = code == SQLITE_ROW;
  return *found || code == SQLITE_DONE ? BIASCOPE_OK : bs_store_fail(store, error);
}

biascope_status bs_store_prepare_filtered(biascope_store *store, const char *sql, const char *where, sqlite3_stmt **out,
                                          biascope_error *error) {
  if (!where) return bs_store_prepare(store, sql, out, error);
  const biascope_status status = bs_store_prepare(store, sql, out, NULL);
  if (status == BIASCOPE_OK) return status;
  if (sqlite3_errcode(store->db) != SQLITE_ERROR) return bs_store_fail(store, error);
  return bs_fail(error, BIASCOPE_USAGE,
                 "the filter '%s': %s; expected a condition on columns of runs, such as \"optimizer = 'adam' AND "
                 "batch_size < 5\"",
                 where, sqlite3_errmsg(store->db));
}

biascope_status bs_store_number(biascope_store *store, const char *sql, sqlite3_int64 *out, biascope_error *error) {
  sqlite3_stmt *statement;
  bool found = false;
  biascope_status status = bs_store_prepare(store, sql, &statement, error);
  if (status == BIASCOPE_OK) status = bs_store_next(store, statement, &found, error);
  *out = found ? sqlite3_column_int64(statement, 0) : 0;
  sqlite3_finalize(statement);
  return status;
}

const char *bs_store_text(sqlite3_stmt *rows, int column, const char *null) {
  const char *text = (const char *)sqlite3_column_text(rows, column);
  return text ? text : null;
}
