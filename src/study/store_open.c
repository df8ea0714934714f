/* Opens a store: checks what kind of file it is, who uses it, and says why it cannot be used. */
#include "study/store_internal.h"

#include "base/error.h"
#include "base/memory.h"
#include "study/json.h"
#include "study/store_schema.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { APPLICATION_ID = 0x62696173 /* "bias" */, OPEN_MILLISECONDS = 2000, WRITE_MILLISECONDS = 60000 };

/* "file:" and the path, percent-encoded, and the query. Freed with free(). */
static char *uri_of(const char *path, const char *query) {
  char *uri = NULL;
  size_t size;
  FILE *stream = open_memstream(&uri, &size);
  if (!stream) return NULL;
  fputs(path[0] == '/' ? "file://" : "file:", stream);
  for (const char *c = path; *c; c++)
    fprintf(stream, *c == '/' || isalnum((unsigned char)*c) ? "%c" : "%%%02X", (unsigned char)*c);
  fputs(query, stream);
  if (fclose(stream) == 0) return uri;
  free(uri);
  return NULL;
}

static biascope_status open_database(biascope_store *store, int flags, const char *query, biascope_error *error) {
  char *uri = uri_of(store->path, query);
  if (!uri) return bs_fail_memory(error, "a file name");
  const int code = sqlite3_open_v2(uri, &store->db, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
  free(uri);
  if (!store->db) return bs_fail_memory(error, "the store");
  if (code != SQLITE_OK) return bs_store_fail(store, error);
  sqlite3_busy_timeout(store->db, OPEN_MILLISECONDS);
  return BIASCOPE_OK;
}

/* A process claims the store by a lock on the file, which ends with the process. SQLite's own locks are of another
 * kind. */
static biascope_status claim(biascope_store *store, biascope_error *error) {
  store->claim = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (store->claim < 0)
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: the store cannot be written: %s", store->path, strerror(errno));
  if (flock(store->claim, LOCK_EX | LOCK_NB) == 0) return BIASCOPE_OK;
  return bs_fail(
      error, BIASCOPE_BAD_INPUT,
      "%s: another sweep or merge is writing to the store; wait for it, or give each its own store and merge them",
      store->path);
}

static biascope_status create_schema(biascope_store *store, biascope_error *error) {
  char version[80];
  snprintf(version, sizeof version, "PRAGMA application_id = %d; PRAGMA user_version = %d;", APPLICATION_ID,
           BS_STORE_SCHEMA);
  biascope_status status = bs_store_execute(store, "BEGIN IMMEDIATE", error);
  if (status == BIASCOPE_OK) status = bs_store_create_tables(store, error);
  if (status == BIASCOPE_OK) status = bs_store_execute(store, version, error);
  return status == BIASCOPE_OK ? bs_store_execute(store, "COMMIT", error) : status;
}

/* SQLite 3.40.1's JSON functions crash on texts such as {{"a":""}:1}, which are not JSON but which it accepts. So every
 * text of a store is checked here before these functions see it. */
static biascope_status check_texts(biascope_store *store, biascope_error *error) {
  static const char *const COLUMNS[] = {"hash", "spec", "result", "certificate", "trace"};
  sqlite3_stmt *rows;
  bool found = true;
  biascope_status status =
      bs_store_prepare(store, "SELECT hash, spec, result, certificate, trace FROM main.runs", &rows, error);
  while (status == BIASCOPE_OK && found) {
    status = bs_store_next(store, rows, &found, error);
    for (int c = 1; c < 5 && status == BIASCOPE_OK && found; c++) {
      if (sqlite3_column_type(rows, c) == SQLITE_NULL) continue;
      const char *text = bs_store_text(rows, c, NULL);
      if (!text)
        status = bs_fail_memory(error, "a run");
      else if (strlen(text) != (size_t)sqlite3_column_bytes(rows, c) || !bs_json_is_valid(text))
        status = bs_fail(error, BIASCOPE_BAD_INPUT, "%s: the store is damaged: run %s has a %s that is no JSON",
                         store->path, bs_store_text(rows, 0, ""), COLUMNS[c]);
    }
  }
  sqlite3_finalize(rows);
  return status;
}

/* The program and the version that the file belongs to. *empty: it belongs to none yet. */
static biascope_status identify(biascope_store *store, bool *empty, biascope_error *error) {
  sqlite3_int64 application, version, tables;
  biascope_status status = bs_store_number(store, "PRAGMA application_id", &application, error);
  if (status == BIASCOPE_OK) status = bs_store_number(store, "PRAGMA user_version", &version, error);
  if (status == BIASCOPE_OK) status = bs_store_number(store, "SELECT count(*) FROM sqlite_master", &tables, error);
  if (status != BIASCOPE_OK) return status;
  *empty = application == 0 && tables == 0;
  if (*empty) return BIASCOPE_OK;
  if (application != APPLICATION_ID)
    return bs_fail(error, BIASCOPE_BAD_INPUT,
                   "%s: is a database of another program; expected a store made by 'biascope sweep'", store->path);
  if (version > BS_STORE_SCHEMA)
    return bs_fail(error, BIASCOPE_BAD_INPUT,
                   "%s: the store was written by a newer biascope (schema %lld; this one, %s, reads up to %d)",
                   store->path, (long long)version, BIASCOPE_VERSION, BS_STORE_SCHEMA);
  return bs_store_check_tables(store, error);
}

static biascope_status open_write(biascope_store *store, biascope_error *error) {
  bool empty = false;
  biascope_status status = claim(store, error);
  if (status == BIASCOPE_OK) status = open_database(store, SQLITE_OPEN_READWRITE, "", error);
  if (status == BIASCOPE_OK) status = identify(store, &empty, error);
  if (status == BIASCOPE_OK)
    status = bs_store_execute(store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", error);
  if (status == BIASCOPE_OK) status = empty ? create_schema(store, error) : bs_store_upgrade(store, error);
  if (status == BIASCOPE_OK) status = bs_store_show_runs(store, error);
  if (status == BIASCOPE_OK)
    sqlite3_busy_timeout(store->db, WRITE_MILLISECONDS); /* a long sweep waits until a reader's lock ends */
  return status;
}

static bool has_log(const char *path) {
  char log[4096];
  return snprintf(log, sizeof log, "%s-wal", path) < (int)sizeof log && access(log, F_OK) == 0;
}

/* A store in a folder that cannot be written can be read if there is no log beside it. */
static biascope_status open_read(biascope_store *store, biascope_error *error) {
  struct stat info;
  if (stat(store->path, &info) != 0)
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: the store cannot be read: %s", store->path, strerror(errno));
  if (!S_ISREG(info.st_mode))
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: is not a file; expected a store", store->path);
  bool empty = false;
  /* For reading and writing if the file permits it, so that SQLite removes its log when the last reader closes. */
  biascope_status status = open_database(store, SQLITE_OPEN_READWRITE, "", error);
  if (status == BIASCOPE_OK) status = bs_store_execute(store, "PRAGMA query_only = ON", error);
  if (status == BIASCOPE_OK) status = identify(store, &empty, error);
  const int code = sqlite3_errcode(store->db);
  if (status != BIASCOPE_OK && (code == SQLITE_CANTOPEN || code == SQLITE_READONLY) && !has_log(store->path)) {
    sqlite3_close(store->db);
    status = open_database(store, SQLITE_OPEN_READONLY, "?immutable=1", error);
    if (status == BIASCOPE_OK) status = identify(store, &empty, error);
  }
  if (status == BIASCOPE_OK && empty)
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: is empty; expected a store made by 'biascope sweep'", store->path);
  if (status == BIASCOPE_OK) status = check_texts(store, error);
  if (status == BIASCOPE_OK) status = bs_store_execute(store, "PRAGMA query_only = OFF", error);
  if (status == BIASCOPE_OK) status = bs_store_show_runs(store, error);
  return status == BIASCOPE_OK ? bs_store_execute(store, "PRAGMA query_only = ON", error) : status;
}

biascope_status biascope_store_open(const char *path, biascope_store_mode mode, biascope_store **out,
                                    biascope_error *error) {
  *out = NULL;
  biascope_store *store = BS_NEW(biascope_store, 1);
  if (!store) return bs_fail_memory(error, "the store");
  store->claim = -1;
  store->path = strdup(path);
  if (!store->path) {
    free(store);
    return bs_fail_memory(error, "the store");
  }
  const biascope_status status = mode == BIASCOPE_STORE_WRITE ? open_write(store, error) : open_read(store, error);
  if (status != BIASCOPE_OK) {
    biascope_store_close(store);
    return status;
  }
  *out = store;
  return BIASCOPE_OK;
}

void biascope_store_close(biascope_store *store) {
  if (!store) return;
  sqlite3_finalize(store->insert);
  sqlite3_close(store->db);
  if (store->claim >= 0) close(store->claim); /* last: closing any descriptor of the file drops SQLite's locks */
  free(store->path);
  free(store);
}
