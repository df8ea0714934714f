/* What a report's page draws, as one JSON object: title, subtitle, columns and rows of the runs, how their data sets
 * came about, and traces by row. */
#ifndef BIASCOPE_STUDY_REPORT_DATA_H
#define BIASCOPE_STUDY_REPORT_DATA_H

#include "study/store.h"
#include <stdio.h>

/* No '<' stands in it, so that it may stand in a script of a page. */
biascope_status bs_report_write_data(biascope_store *store, const char *title, FILE *stream, biascope_error *error);

#endif
