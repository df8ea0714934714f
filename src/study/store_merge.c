/* Bringing the stores of several shards together. */
#include "study/store_internal.h"

#include "base/error.h"
#include <stdlib.h>
#include <sys/stat.h>

#define STORED "hash, status, version, machine, started, seconds, spec, result, certificate, trace"

static bool same_file(const char *a, const char *b) {
  struct stat left, right;
  return stat(a, &left) == 0 && stat(b, &right) == 0 && left.st_dev == right.st_dev && left.st_ino == right.st_ino;
}

static biascope_status attach(bs_store *store, const char *path, biascope_error *error) {
  char *uri = bs_store_uri(path, "?mode=ro");
  char *sql = uri ? sqlite3_mprintf("ATTACH %Q AS other", uri) : NULL;
  const biascope_status status = sql ? bs_store_execute(store, sql, error) : bs_fail_memory(error, "a file name");
  sqlite3_free(sql);
  free(uri);
  return status;
}

static biascope_status check_agreement(bs_store *store, const char *path, biascope_error *error) {
  sqlite3_stmt *rows;
  bool found = false;
  biascope_status status = bs_store_prepare(
      store,
      "SELECT hash FROM other.runs AS a JOIN main.runs AS b USING (hash) WHERE a.status IS NOT b.status OR "
      "a.result IS NOT b.result OR a.trace IS NOT b.trace",
      &rows, error);
  if (status == BIASCOPE_OK) status = bs_store_next(store, rows, &found, error);
  if (found)
    status = bs_fail(error, BIASCOPE_BAD_INPUT, "%s: run %s has another result here than in %s; nothing was merged",
                     path, (const char *)sqlite3_column_text(rows, 0), store->path);
  sqlite3_finalize(rows);
  return status;
}

static biascope_status copy(bs_store *store, const char *path, bs_merge_count *count, biascope_error *error) {
  sqlite3_int64 total = 0;
  biascope_status status = check_agreement(store, path, error);
  if (status == BIASCOPE_OK) status = bs_store_number(store, "SELECT count(*) FROM other.runs", &total, error);
  if (status == BIASCOPE_OK)
    status = bs_store_execute(store,
                              "INSERT OR IGNORE INTO main.studies (name, path, specification, version, started) "
                              "SELECT name, path, specification, version, started FROM other.studies ORDER BY id",
                              error);
  if (status == BIASCOPE_OK)
    status = bs_store_execute(
        store, "INSERT OR IGNORE INTO main.runs (" STORED ") SELECT " STORED " FROM other.runs ORDER BY id", error);
  if (status != BIASCOPE_OK) return status;
  count->added = (size_t)sqlite3_changes64(store->db);
  count->present = (size_t)total - count->added;
  return BIASCOPE_OK;
}

biascope_status bs_store_merge(bs_store *store, const char *path, bs_merge_count *count, biascope_error *error) {
  *count = (bs_merge_count){0};
  if (same_file(store->path, path))
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: a store cannot be merged into itself", path);
  bs_store *other; /* opened and read on its own first, so that what is wrong with it is said of it */
  biascope_status status = bs_store_open(path, BS_STORE_READ, &other, error);
  bs_store_close(other);
  if (status == BIASCOPE_OK) status = attach(store, path, error);
  if (status != BIASCOPE_OK) return status;
  status = bs_store_execute(store, "BEGIN IMMEDIATE", error);
  if (status == BIASCOPE_OK) status = copy(store, path, count, error);
  if (status == BIASCOPE_OK)
    status = bs_store_execute(store, "COMMIT", error);
  else
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
  sqlite3_exec(store->db, "DETACH other", NULL, NULL, NULL);
  return status;
}
