/* The tables of a store, and how their columns are computed. */
#ifndef BIASCOPE_STUDY_STORE_SCHEMA_H
#define BIASCOPE_STUDY_STORE_SCHEMA_H

#include "study/store.h"

enum { BS_STORE_SCHEMA = 2 };

biascope_status bs_store_create_tables(biascope_store *store, biascope_error *error);
/* Refuses tables that no version of this program makes. */
biascope_status bs_store_check_tables(biascope_store *store, biascope_error *error);
/* Converts a store of an earlier schema, or with fewer options, to this version. */
biascope_status bs_store_upgrade(biascope_store *store, biascope_error *error);
/* Makes the temporary view `runs`. It has every column of column.h, whichever columns the table of the store has. */
biascope_status bs_store_show_runs(biascope_store *store, biascope_error *error);

#endif
