/* A name for a data set's content: 128 bits (XXH3), as 32 hexadecimal digits. Equal for equal numbers, whether they
 * came from a file of any format or a generator, dense or sparse. */
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
