/* Stores of schema 1 have other names for two measures: loss_log, and weight_norm_log, the log of the weight norm. */
#ifndef BIASCOPE_STUDY_STORE_UPGRADE_H
#define BIASCOPE_STUDY_STORE_UPGRADE_H

#include "study/store.h"

/* The SQL function that rewrites a result or a trace of schema 1 with the current names. */
#define BS_STORE_UPGRADED "biascope_upgraded"
biascope_status bs_store_add_upgrade(biascope_store *store, biascope_error *error);

#endif
