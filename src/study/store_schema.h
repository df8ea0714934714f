/* The tables of a store, and what their columns are computed from. */
#ifndef BIASCOPE_STUDY_STORE_SCHEMA_H
#define BIASCOPE_STUDY_STORE_SCHEMA_H

#include "study/store.h"

enum { BS_STORE_SCHEMA = 2 };

biascope_status bs_store_create_tables(biascope_store *store, biascope_error *error);
/* Refuses tables that are not as some version of this program makes them. */
biascope_status bs_store_check_tables(biascope_store *store, biascope_error *error);
/* Brings a store of an earlier schema, or of fewer options, up to this version. */
biascope_status bs_store_upgrade(biascope_store *store, biascope_error *error);
/* Makes the temporary view `name` of the runs in `database` ("main", or one that is attached), with every column of
 * column.h, whichever columns the store's own table has. */
biascope_status bs_store_show_runs(biascope_store *store, const char *database, const char *name,
                                   biascope_error *error);

#endif
