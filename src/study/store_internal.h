/* Shared by the files of the store. */
#ifndef BIASCOPE_STUDY_STORE_INTERNAL_H
#define BIASCOPE_STUDY_STORE_INTERNAL_H

#include "study/store.h"

struct biascope_store {
  sqlite3 *db;
  char *path;
  int claim;            /* the descriptor that holds the lock; -1: none */
  sqlite3_stmt *insert; /* of a run; NULL until first used */
  bool in_transaction;
};

/* The error for SQLite's last failure, in the user's terms. */
biascope_status bs_store_fail(const biascope_store *store, biascope_error *error);
biascope_status bs_store_execute(biascope_store *store, const char *sql, biascope_error *error);

#endif
