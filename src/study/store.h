/* The store of a study: one SQLite file in WAL mode, with a row for each finished run. docs/studies.md documents the
 * schema. A run is in it completely or not at all, and once. */
#ifndef BIASCOPE_STUDY_STORE_H
#define BIASCOPE_STUDY_STORE_H

#include "biascope_study.h"
#include "study/sink.h"
#include <sqlite3.h>

/* Records that this specification was run into the store; once for each text. */
biascope_status bs_store_add_study(biascope_store *store, const char *name, const char *path, const char *specification,
                                   biascope_error *error);
/* Adds the run to the transaction that bs_store_commit ends. */
biascope_status bs_store_add_run(biascope_store *store, const bs_run_record *record, biascope_error *error);
biascope_status bs_store_commit(biascope_store *store, biascope_error *error);
/* The store as the destination of a sweep. */
bs_sink bs_store_sink(biascope_store *store);

/* The identities of all runs, in ascending order. *out is freed with free(). */
biascope_status bs_store_finished(biascope_store *store, bs_fingerprint **out, size_t *count, biascope_error *error);

/* SELECT columns FROM runs [WHERE where], in an order that depends only on the runs. The caller finalises
 * *out. */
biascope_status bs_store_select(biascope_store *store, const char *columns, const char *where, sqlite3_stmt **out,
                                biascope_error *error);
/* Whether there is a next row. */
biascope_status bs_store_next(biascope_store *store, sqlite3_stmt *rows, bool *found, biascope_error *error);
/* A column of the current row; `null` if it is NULL. */
const char *bs_store_text(sqlite3_stmt *rows, int column, const char *null);
/* The first column of the first row; 0 if there is none. */
biascope_status bs_store_number(biascope_store *store, const char *sql, sqlite3_int64 *out, biascope_error *error);
/* Prepares a statement with the user's condition `where`, so that an error can name it; NULL: it has none. */
biascope_status bs_store_prepare_filtered(biascope_store *store, const char *sql, const char *where, sqlite3_stmt **out,
                                          biascope_error *error);
/* Prepares any other statement that reads. */
biascope_status bs_store_prepare(biascope_store *store, const char *sql, sqlite3_stmt **out, biascope_error *error);

#endif
