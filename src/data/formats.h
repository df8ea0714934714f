/* The file formats: one file for each, and one line in the table of format.c. A reader fills a table from a source
 * in one pass. A writer gets a stream in the C locale; the stream's error flag is checked when the file is
 * committed. */
#ifndef BIASCOPE_DATA_FORMATS_H
#define BIASCOPE_DATA_FORMATS_H

#include "data/input.h"
#include "data/table.h"
#include <stdio.h>

typedef struct bs_file_format bs_file_format;

typedef biascope_status bs_format_reader(bs_input *source, const bs_file_format *format,
                                         const biascope_read_options *options, bs_table *table, biascope_error *error);
bs_format_reader bs_csv_read, bs_arff_read, bs_libsvm_read, bs_npy_read, bs_npz_read;

/* An array of two dimensions, or one of one dimension: so many samples of one feature. Texts become the labels of these
 * samples. */
biascope_status bs_npy_read_any(bs_input *source, bs_table *table, bool *is_vector, biascope_error *error);

typedef void bs_format_writer(const biascope_dataset *data, FILE *stream);
bs_format_writer bs_csv_write, bs_libsvm_write, bs_npy_write;

struct bs_file_format {
  const char *name; /* as --format has it */
  const char *ending;
  bs_format_reader *read;
  bs_format_writer *write; /* NULL: this format is only read */
  char delimiter;          /* text: the usual one; 0: there is none */
  bool is_archive;         /* a zip file of several members */
};

#endif
