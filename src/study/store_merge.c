/* Merges stores, such as those of several shards: all of them or none. */
#include "study/store_internal.h"

#include "base/error.h"
#include "study/agreement.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The columns of a run that are merged; in the statements ?1 is the first of them, the hash. */
enum { HASH, STATUS, VERSION, MACHINE, STARTED, SECONDS, SPECIFICATION, RESULT, CERTIFICATE, TRACE, RUN_COLUMNS };
enum { STUDY_COLUMNS = 5 };
#define RUN "hash, status, version, machine, started, seconds, spec, result, certificate, trace"
#define STUDY "name, path, specification, version, started"

static const char ADD_RUN[] =
    "INSERT OR IGNORE INTO main.runs (" RUN ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
static const char ADD_STUDY[] = "INSERT OR IGNORE INTO main.studies (" STUDY ") VALUES (?1, ?2, ?3, ?4, ?5)";
/* A better certified result comes with its provenance. */
static const char REPLACE[] = "UPDATE main.runs SET version = ?3, machine = ?4, started = ?5, seconds = ?6, "
                              "result = ?8, certificate = ?9, trace = ?10 WHERE hash = ?1";
/* The run as it is here, and whether it is another there. */
static const char FIND[] = "SELECT status, result, certificate, trace, status IS NOT ?2 OR result IS NOT ?8 OR "
                           "certificate IS NOT ?9 OR trace IS NOT ?10 FROM main.runs WHERE hash = ?1";

/* The runs of another store on their way into this one. */
typedef struct {
  biascope_store *store, *other;
  sqlite3_stmt *rows;                 /* of the other store */
  sqlite3_stmt *find, *add, *replace; /* in this one */
} transfer;

/* Executes a statement of this store with the columns of the current row; *found: it has a row as its result. */
static biascope_status execute_with(biascope_store *store, sqlite3_stmt *statement, sqlite3_stmt *rows, bool *found,
                                    biascope_error *error) {
  sqlite3_reset(statement);
  for (int c = 0; c < sqlite3_column_count(rows); c++)
    if (sqlite3_bind_value(statement, c + 1, sqlite3_column_value(rows, c)) != SQLITE_OK)
      return bs_store_fail(store, error);
  return bs_store_next(store, statement, found, error);
}

/* Whether the result there has the better certificate; an error if the two contradict each other. */
static biascope_status compare(const transfer *t, bool *better, biascope_error *error) {
  const bs_stored_run here = {.result = bs_store_text(t->find, 1, NULL),
                              .certificate = bs_store_text(t->find, 2, NULL),
                              .trace = bs_store_text(t->find, 3, NULL)};
  const bs_stored_run there = {.result = bs_store_text(t->rows, RESULT, NULL),
                               .certificate = bs_store_text(t->rows, CERTIFICATE, NULL),
                               .trace = bs_store_text(t->rows, TRACE, NULL)};
  const char *hash = bs_store_text(t->rows, HASH, ""), *path = t->other->path;
  const char *status_here = bs_store_text(t->find, 0, ""), *status_there = bs_store_text(t->rows, STATUS, "");
  if (strcmp(status_here, status_there) != 0)
    return bs_fail(error, BIASCOPE_BAD_INPUT,
                   "run %s has another result in %s (%s) than in %s (%s); nothing was merged", hash, path, status_there,
                   t->store->path, status_here);
  bs_agreement found;
  const biascope_status status = bs_runs_agree(&here, &there, &found, error);
  *better = found.second_better;
  if (status != BIASCOPE_OK || found.agree) return status;
  return bs_fail(error, BIASCOPE_BAD_INPUT,
                 "run %s has another result in %s (%s %.17g) than in %s (%.17g), where the certificates allow a "
                 "difference of %.1e; nothing was merged",
                 hash, path, found.where, found.second, t->store->path, found.first, found.allowed);
}

static biascope_status merge_run(transfer *t, biascope_merge_count *count, biascope_error *error) {
  bool present = false, better = false, none;
  biascope_status status = execute_with(t->store, t->find, t->rows, &present, error);
  if (status != BIASCOPE_OK) return status;
  if (!present) {
    status = execute_with(t->store, t->add, t->rows, &none, error);
    count->added += (size_t)sqlite3_changes64(t->store->db);
    return status;
  }
  count->present++;
  if (sqlite3_column_int(t->find, 4)) status = compare(t, &better, error);
  if (status != BIASCOPE_OK || !better) return status;
  count->replaced++;
  return execute_with(t->store, t->replace, t->rows, &none, error);
}

static biascope_status merge_runs(transfer *t, biascope_merge_count *count, biascope_error *error) {
  biascope_status status = bs_store_prepare(t->other, "SELECT " RUN " FROM runs ORDER BY id", &t->rows, error);
  if (status == BIASCOPE_OK) status = bs_store_prepare(t->store, FIND, &t->find, error);
  if (status == BIASCOPE_OK) status = bs_store_prepare(t->store, ADD_RUN, &t->add, error);
  if (status == BIASCOPE_OK) status = bs_store_prepare(t->store, REPLACE, &t->replace, error);
  for (bool found = true; status == BIASCOPE_OK;) {
    status = bs_store_next(t->other, t->rows, &found, error);
    if (status != BIASCOPE_OK || !found) break;
    status = merge_run(t, count, error);
  }
  sqlite3_finalize(t->rows);
  sqlite3_finalize(t->find);
  sqlite3_finalize(t->add);
  sqlite3_finalize(t->replace);
  return status;
}

static biascope_status merge_studies(biascope_store *store, biascope_store *other, biascope_error *error) {
  sqlite3_stmt *rows = NULL, *add = NULL;
  biascope_status status = bs_store_prepare(other, "SELECT " STUDY " FROM main.studies ORDER BY id", &rows, error);
  if (status == BIASCOPE_OK) status = bs_store_prepare(store, ADD_STUDY, &add, error);
  for (bool found = true, none; status == BIASCOPE_OK;) {
    status = bs_store_next(other, rows, &found, error);
    if (status != BIASCOPE_OK || !found) break;
    status = execute_with(store, add, rows, &none, error);
  }
  sqlite3_finalize(rows);
  sqlite3_finalize(add);
  return status;
}

/* Within a transaction of the store. */
static biascope_status merge_file(biascope_store *store, const char *path, biascope_merge_count *count,
                                  biascope_error *error) {
  transfer t = {.store = store};
  biascope_status status = biascope_store_open(path, BIASCOPE_STORE_READ, &t.other, error);
  if (status == BIASCOPE_OK) status = merge_runs(&t, count, error);
  if (status == BIASCOPE_OK) status = merge_studies(store, t.other, error);
  biascope_store_close(t.other);
  return status;
}

static biascope_status merge_files(biascope_store *store, size_t files, const char *const *paths,
                                   biascope_merge_count *counts, biascope_error *error) {
  for (size_t i = 0; i < files; i++) counts[i] = (biascope_merge_count){0};
  biascope_status status = bs_store_execute(store, "BEGIN IMMEDIATE", error);
  if (status != BIASCOPE_OK) return status;
  for (size_t i = 0; i < files && status == BIASCOPE_OK; i++) status = merge_file(store, paths[i], &counts[i], error);
  if (status == BIASCOPE_OK) status = bs_store_execute(store, "COMMIT", error);
  if (status != BIASCOPE_OK) sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
  return status;
}

static biascope_status refuse_itself(const char *target, const char *path, biascope_error *error) {
  if (!biascope_same_file(target, path)) return BIASCOPE_OK;
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: a store cannot be merged into itself", path);
}

static biascope_status check_file(const char *target, const char *path, biascope_error *error) {
  biascope_store *store = NULL;
  biascope_status status = refuse_itself(target, path, error);
  if (status == BIASCOPE_OK) status = biascope_store_open(path, BIASCOPE_STORE_READ, &store, error);
  biascope_store_close(store);
  return status;
}

biascope_status biascope_store_merge(biascope_store *store, const char *path, biascope_merge_count *count,
                                     biascope_error *error) {
  const biascope_status status = refuse_itself(store->path, path, error);
  return status == BIASCOPE_OK ? merge_files(store, 1, &path, count, error) : status;
}

biascope_status biascope_stores_merge(const char *target, size_t files, const char *const *paths,
                                      biascope_merge_count *counts, biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  for (size_t i = 0; i < files && status == BIASCOPE_OK; i++) status = check_file(target, paths[i], error);
  if (status != BIASCOPE_OK) return status;
  const bool created = access(target, F_OK) != 0;
  biascope_store *store;
  status = biascope_store_open(target, BIASCOPE_STORE_WRITE, &store, error);
  if (status == BIASCOPE_OK) status = merge_files(store, files, paths, counts, error);
  biascope_store_close(store);
  if (status != BIASCOPE_OK && created) unlink(target); /* its log ended with the last connection */
  return status;
}
