/* An array of NumPy's, as its header describes it; for the files npy*.c only. */
#ifndef BIASCOPE_DATA_NPY_H
#define BIASCOPE_DATA_NPY_H

#include "data/formats.h"

typedef struct {
  bool big_endian;
  char kind;    /* numbers: f, i, u or b; texts: U (UTF-32) or S (bytes) */
  size_t bytes; /* of an element */
  bool fortran; /* column after column */
  size_t dimensions, shape[2];
} bs_npy_array;

/* The type of texts that `descr` names, such as <U12; false if it is not one. */
bool bs_npy_parse_text_type(bs_span descr, bs_npy_array *array);
/* Reads an array of texts, one for each sample, as the table's labels. */
biascope_status bs_npy_read_texts(bs_input *source, const bs_npy_array *array, bs_table *table, biascope_error *error);

#endif
