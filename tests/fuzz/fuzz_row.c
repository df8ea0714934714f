/* A row of any columns, one a line, in a store that is well formed. The store stays open in a transaction that never
 * ends, and its statements stay compiled: the time goes to what depends on the row. */
#include "store_commands.h"

#include "study/json.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int __real_sqlite3_prepare_v2(sqlite3 *db, const char *sql, int length, sqlite3_stmt **out, const char **rest);
int __wrap_sqlite3_prepare_v2(sqlite3 *db, const char *sql, int length, sqlite3_stmt **out, const char **rest);
int __wrap_sqlite3_finalize(sqlite3_stmt *statement);

int __wrap_sqlite3_prepare_v2(sqlite3 *db, const char *sql, int length, sqlite3_stmt **out, const char **rest) {
  *out = NULL;
  while ((*out = sqlite3_next_stmt(db, *out)))
    if (strcmp(sqlite3_sql(*out), sql) == 0) return SQLITE_OK;
  return __real_sqlite3_prepare_v2(db, sql, length, out, rest);
}

int __wrap_sqlite3_finalize(sqlite3_stmt *statement) {
  return sqlite3_reset(statement);
}

static void open_store(void) {
  char path[64];
  check(biascope_store_open(memory_database(path), BIASCOPE_STORE_WRITE, &opened_store, NULL) == BIASCOPE_OK);
  check(bs_store_add_study(opened_store, "<&\">", "study.toml", "[study]", NULL) == BIASCOPE_OK);
  check(bs_store_execute(opened_store, "BEGIN", NULL) == BIASCOPE_OK);
}

enum { TEXTS = 3 }; /* the line from which on they must be JSON: the specification's */

/* As a store's texts are judged when it is opened; one that is left out is NULL. */
static bool may_stand(int line, const uint8_t *bytes, size_t length) {
  if (line < TEXTS || (line > TEXTS && length == 0)) return true;
  char *text = strndup((const char *)bytes, length);
  check(text != NULL);
  const bool valid = strlen(text) == length && bs_json_is_valid(text);
  free(text);
  return valid;
}

/* False where opening the store would refuse the row. */
static bool bind_words(sqlite3_stmt *statement, const uint8_t *bytes, size_t size) {
  const int count = sqlite3_bind_parameter_count(statement);
  for (int i = 1; i <= count; i++) {
    const uint8_t *end = size > 0 ? memchr(bytes, '\n', size) : NULL;
    const size_t length = end && i < count ? (size_t)(end - bytes) : size;
    if (!may_stand(i, bytes, length)) return false;
    if (i <= TEXTS || length > 0)
      sqlite3_bind_text(statement, i, (const char *)bytes, (int)length, SQLITE_STATIC);
    else
      sqlite3_bind_null(statement, i);
    const size_t used = length < size ? length + 1 : size;
    bytes += used;
    size -= used;
  }
  return true;
}

/* Makes this the only run; false where the columns are refused. */
static bool write_row(biascope_store *store, const uint8_t *bytes, size_t size) {
  sqlite3_stmt *clear, *insert;
  check(bs_store_prepare(store, "DELETE FROM main.runs", &clear, NULL) == BIASCOPE_OK);
  check(sqlite3_step(clear) == SQLITE_DONE && sqlite3_reset(clear) == SQLITE_OK);
  check(bs_store_prepare(store,
                         "INSERT INTO main.runs (hash, status, spec, result, certificate, trace, version, machine, "
                         "started, seconds) VALUES (?, ?, ?, ?, ?, ?, 'v', 'm', 's', 1.5)",
                         &insert, NULL) == BIASCOPE_OK);
  const bool added = bind_words(insert, bytes, size) && sqlite3_step(insert) == SQLITE_DONE;
  sqlite3_reset(insert);
  return added;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  if (!opened_store) open_store();
  if (write_row(opened_store, bytes, size)) ask_store();
  return 0;
}
