/* Merges the stores of several shards. */
#include "study/store_internal.h"

#include "base/error.h"
#include "base/memory.h"
#include "study/agreement.h"
#include "study/store_schema.h"
#include <stdlib.h>
#include <string.h>

#define STORED "hash, status, version, machine, started, seconds, spec, result, certificate, trace"

static biascope_status attach(biascope_store *store, const char *path, biascope_error *error) {
  char *uri = bs_store_uri(path, "?mode=ro");
  char *sql = uri ? sqlite3_mprintf("ATTACH %Q AS other", uri) : NULL;
  const biascope_status status = sql ? bs_store_execute(store, sql, error) : bs_fail_memory(error, "a file name");
  sqlite3_free(sql);
  free(uri);
  return status;
}

static bs_stored_run stored_run(sqlite3_stmt *rows, int column) {
  return (bs_stored_run){.result = bs_store_text(rows, column, NULL),
                         .certificate = bs_store_text(rows, column + 1, NULL),
                         .trace = bs_store_text(rows, column + 2, NULL)};
}

/* The current row: hash, status here and there, the three texts here, the three there. */
static biascope_status compare_row(const biascope_store *store, const char *path, sqlite3_stmt *rows, bool *better,
                                   biascope_error *error) {
  const bs_stored_run here = stored_run(rows, 3), there = stored_run(rows, 6);
  const char *hash = bs_store_text(rows, 0, ""), *status_here = bs_store_text(rows, 1, "");
  const char *status_there = bs_store_text(rows, 2, "");
  if (strcmp(status_here, status_there) != 0)
    return bs_fail(error, BIASCOPE_BAD_INPUT,
                   "run %s has another result in %s (%s) than in %s (%s); nothing was merged", hash, path, status_there,
                   store->path, status_here);
  bs_agreement found;
  const biascope_status status = bs_runs_agree(&here, &there, &found, error);
  *better = found.second_better;
  if (status != BIASCOPE_OK || found.agree) return status;
  return bs_fail(error, BIASCOPE_BAD_INPUT,
                 "run %s has another result in %s (%s %.17g) than in %s (%.17g), where the certificates allow a "
                 "difference of %.1e; nothing was merged",
                 hash, path, found.where, found.second, store->path, found.first, found.allowed);
}

/* Compares the runs that both stores have. better: the ids here of those with the better certificate there; freed with
 * free(). */
static biascope_status compare(biascope_store *store, const char *path, sqlite3_int64 **better, size_t *count,
                               biascope_error *error) {
#define BOTH_DIFFER                                                                                                    \
  " FROM main.runs AS a JOIN other_runs AS b USING (hash) WHERE a.status IS NOT b.status OR a.result IS NOT b.result " \
  "OR a.trace IS NOT b.trace OR a.certificate IS NOT b.certificate"
  sqlite3_stmt *rows = NULL;
  sqlite3_int64 most = 0;
  bool found = true;
  *count = 0;
  biascope_status status = bs_store_number(store, "SELECT count(*)" BOTH_DIFFER, &most, error);
  *better = status == BIASCOPE_OK ? BS_NEW(sqlite3_int64, (size_t)most) : NULL;
  if (status == BIASCOPE_OK && !*better) status = bs_fail_memory(error, "the runs of both stores");
  if (status == BIASCOPE_OK)
    status = bs_store_prepare(store,
                              "SELECT hash, a.status, b.status, a.result, a.certificate, a.trace, b.result, "
                              "b.certificate, b.trace, a.id" BOTH_DIFFER,
                              &rows, error);
  while (status == BIASCOPE_OK) {
    bool is_better = false;
    status = bs_store_next(store, rows, &found, error);
    if (status != BIASCOPE_OK || !found) break;
    status = compare_row(store, path, rows, &is_better, error);
    if (status == BIASCOPE_OK && is_better) (*better)[(*count)++] = sqlite3_column_int64(rows, 9);
  }
  sqlite3_finalize(rows);
  return status;
}

/* Copies the better certified results, with their provenance. */
static biascope_status replace(biascope_store *store, const sqlite3_int64 *ids, size_t count, biascope_error *error) {
  sqlite3_stmt *update;
  bool found;
  biascope_status status = bs_store_prepare(
      store,
      "UPDATE main.runs SET (version, machine, started, seconds, result, certificate, trace) = (SELECT version, "
      "machine, started, seconds, result, certificate, trace FROM other_runs AS b WHERE b.hash = runs.hash) "
      "WHERE id = ?",
      &update, error);
  for (size_t i = 0; i < count && status == BIASCOPE_OK; i++) {
    sqlite3_bind_int64(update, 1, ids[i]);
    status = bs_store_next(store, update, &found, error);
    sqlite3_reset(update);
  }
  sqlite3_finalize(update);
  return status;
}

static biascope_status reconcile(biascope_store *store, const char *path, biascope_merge_count *count,
                                 biascope_error *error) {
  sqlite3_int64 *better;
  biascope_status status = compare(store, path, &better, &count->replaced, error);
  if (status == BIASCOPE_OK) status = replace(store, better, count->replaced, error);
  free(better);
  return status;
}

static biascope_status copy(biascope_store *store, const char *path, biascope_merge_count *count,
                            biascope_error *error) {
  sqlite3_int64 total = 0;
  biascope_status status = reconcile(store, path, count, error);
  if (status == BIASCOPE_OK) status = bs_store_number(store, "SELECT count(*) FROM other_runs", &total, error);
  if (status == BIASCOPE_OK)
    status = bs_store_execute(store,
                              "INSERT OR IGNORE INTO main.studies (name, path, specification, version, started) "
                              "SELECT name, path, specification, version, started FROM other.studies ORDER BY id",
                              error);
  if (status == BIASCOPE_OK)
    status = bs_store_execute(
        store, "INSERT OR IGNORE INTO main.runs (" STORED ") SELECT " STORED " FROM other_runs ORDER BY id", error);
  if (status != BIASCOPE_OK) return status;
  count->added = (size_t)sqlite3_changes64(store->db);
  count->present = (size_t)total - count->added;
  return BIASCOPE_OK;
}

biascope_status biascope_store_merge(biascope_store *store, const char *path, biascope_merge_count *count,
                                     biascope_error *error) {
  *count = (biascope_merge_count){0};
  if (biascope_same_file(store->path, path))
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: a store cannot be merged into itself", path);
  biascope_store *other; /* opened and read by itself first, so that an error names the right store */
  biascope_status status = biascope_store_open(path, BIASCOPE_STORE_READ, &other, error);
  biascope_store_close(other);
  if (status == BIASCOPE_OK) status = attach(store, path, error);
  if (status != BIASCOPE_OK) return status;
  status = bs_store_show_runs(store, "other", "other_runs", error);
  if (status == BIASCOPE_OK) status = bs_store_execute(store, "BEGIN IMMEDIATE", error);
  if (status == BIASCOPE_OK) status = copy(store, path, count, error);
  if (status == BIASCOPE_OK)
    status = bs_store_execute(store, "COMMIT", error);
  else
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
  sqlite3_exec(store->db, "DROP VIEW IF EXISTS other_runs", NULL, NULL, NULL);
  sqlite3_exec(store->db, "DETACH other", NULL, NULL, NULL);
  return status;
}
