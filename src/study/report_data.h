/* The data of a report's page as one JSON object: title, subtitle, columns and rows of the runs, the origin of their
 * data sets, and traces by row. */
#ifndef BIASCOPE_STUDY_REPORT_DATA_H
#define BIASCOPE_STUDY_REPORT_DATA_H

#include "study/store.h"
#include <stdio.h>

/* It contains no '<', so that it may be in a script of a page. */
biascope_status bs_report_write_data(biascope_store *store, const char *title, FILE *stream, biascope_error *error);

#endif
