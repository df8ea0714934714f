/* The file formats, one file each and one line in the table of format.c. A reader gets the file's whole content, which
 * it may change; a writer gets a stream in the C locale, whose error flag is looked at when the file is committed. */
#ifndef BIASCOPE_DATA_FORMATS_H
#define BIASCOPE_DATA_FORMATS_H

#include "data/dataset.h"
#include "data/text.h"
#include <stdio.h>

typedef biascope_status bs_format_reader(bs_text *text, const biascope_read_options *options, biascope_dataset **out,
                                         biascope_error *error);
bs_format_reader bs_csv_read, bs_libsvm_read, bs_npy_read;

typedef void bs_format_writer(const biascope_dataset *data, FILE *stream);
bs_format_writer bs_csv_write, bs_libsvm_write, bs_npy_write;

#endif
