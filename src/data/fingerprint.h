/* A name for the content of a data set: 128 bits (XXH3), as 32 hexadecimal digits. It is the same for the same numbers
 * from a file of any format or from a generator, dense or sparse. */
#ifndef BIASCOPE_DATA_FINGERPRINT_H
#define BIASCOPE_DATA_FINGERPRINT_H

#include "data/dataset.h"

typedef struct {
  char text[33];
} bs_fingerprint;

bs_fingerprint bs_dataset_fingerprint(const biascope_dataset *data);
bs_fingerprint bs_bytes_fingerprint(const char *bytes, size_t size);
bs_fingerprint bs_text_fingerprint(const char *text);

#endif
