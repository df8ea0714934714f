/* The store of a study: one SQLite file in WAL mode, a row a finished run. The schema is documented in
 * docs/studies.md. A run is in it whole or not at all, and never twice. */
#ifndef BIASCOPE_STUDY_STORE_H
#define BIASCOPE_STUDY_STORE_H

#include "biascope_study.h"
#include "study/sink.h"
#include <sqlite3.h>

/* Notes that this specification was run into the store; once for each text. */
biascope_status bs_store_add_study(biascope_store *store, const char *name, const char *path, const char *specification,
                                   biascope_error *error);
/* Adds the run to the transaction that bs_store_commit ends. */
biascope_status bs_store_add_run(biascope_store *store, const bs_run_record *record, biascope_error *error);
biascope_status bs_store_commit(biascope_store *store, biascope_error *error);
/* The store as what a sweep writes to. */
bs_sink bs_store_sink(biascope_store *store);

/* The identities of all runs, ascending. *out is freed with free(). */
biascope_status bs_store_finished(biascope_store *store, bs_fingerprint **out, size_t *count, biascope_error *error);

/* SELECT columns FROM runs [WHERE where], in an order that depends on the runs alone. *out is finalised by the caller.
 */
biascope_status bs_store_select(biascope_store *store, const char *columns, const char *where, sqlite3_stmt **out,
                                biascope_error *error);
/* Whether there is a next row. */
biascope_status bs_store_next(biascope_store *store, sqlite3_stmt *rows, bool *found, biascope_error *error);
/* A column of the present row; `null` where it is NULL. */
const char *bs_store_text(sqlite3_stmt *rows, int column, const char *null);
/* The first column of the first row; 0 where there is none. */
biascope_status bs_store_number(biascope_store *store, const char *sql, sqlite3_int64 *out, biascope_error *error);
/* Prepares a statement that holds the user's condition `where`, so that an error can say so; NULL: it holds none. */
biascope_status bs_store_prepare_filtered(biascope_store *store, const char *sql, const char *where, sqlite3_stmt **out,
                                          biascope_error *error);
/* Prepares any statement; for reading what else there is. */
biascope_status bs_store_prepare(biascope_store *store, const char *sql, sqlite3_stmt **out, biascope_error *error);

#endif
