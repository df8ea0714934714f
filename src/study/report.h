/* A store as one HTML file that needs nothing else: text, plots, table, specification. */
#ifndef BIASCOPE_STUDY_REPORT_H
#define BIASCOPE_STUDY_REPORT_H

#include "study/store.h"

biascope_status bs_report_write(bs_store *store, const char *store_path, const char *path, biascope_error *error);

#endif
