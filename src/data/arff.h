/* Weka's ARFF; for the files arff*.c only. */
#ifndef BIASCOPE_DATA_ARFF_H
#define BIASCOPE_DATA_ARFF_H

#include "data/csv_reader.h"

typedef struct {
  size_t count, room;
  char **name;  /* NULL for one whose name has become a feature's */
  char **usual; /* the value where a sparse row names none; NULL if the attribute has none */
} bs_arff_attributes;

/* Reads rows {index value, ...}, with indices from 0, as a sparse table; the columns are divided already. */
biascope_status bs_arff_read_sparse(bs_csv_reader *csv, const bs_arff_attributes *attributes);

#endif
