/* The file formats: one file each, one line here, one line in the table of format.c. */
#ifndef BIASCOPE_DATA_FORMATS_H
#define BIASCOPE_DATA_FORMATS_H

#include "data/dataset.h"
#include <stdio.h>

biascope_status bs_read_csv(const char *path, const biascope_read_options *options, biascope_dataset **out,
                            biascope_error *error);
biascope_status bs_read_libsvm(const char *path, const biascope_read_options *options, biascope_dataset **out,
                               biascope_error *error);
biascope_status bs_read_npy(const char *path, const biascope_read_options *options, biascope_dataset **out,
                            biascope_error *error);

/* Write to an open stream; the caller checks the stream for errors. */
void bs_write_csv(const biascope_dataset *data, FILE *stream);
void bs_write_libsvm(const biascope_dataset *data, FILE *stream);
void bs_write_npy(const biascope_dataset *data, FILE *stream);

#endif
