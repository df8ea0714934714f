#include "data/fingerprint.h"

#include <stdio.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

static bs_fingerprint in_digits(XXH128_hash_t hash) {
  bs_fingerprint out;
  snprintf(out.text, sizeof out.text, "%016llx%016llx", (unsigned long long)hash.high64,
           (unsigned long long)hash.low64);
  return out;
}

static void update_entry(XXH3_state_t *state, uint64_t column, double value) {
  uint64_t words[2] = {column, 0};
  memcpy(&words[1], &value, sizeof value);
  XXH3_128bits_update(state, words, sizeof words);
}

/* The shape, then for each row its nonzeros (columns and values) and a column number that cannot occur; for several
 * classes also the class of the row. */
bs_fingerprint bs_dataset_fingerprint(const biascope_dataset *data) {
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  XXH3_128bits_reset(&state);
  const uint64_t shape[2] = {data->samples, data->features};
  XXH3_128bits_update(&state, shape, sizeof shape);
  for (size_t i = 0; i < data->samples; i++) {
    const size_t first = data->dense ? i * data->features : data->row_start[i];
    const size_t end = data->dense ? first + data->features : data->row_start[i + 1];
    for (size_t at = first; at < end; at++) {
      const double value = data->dense ? data->dense[at] : data->value[at];
      if (value != 0.0) update_entry(&state, data->dense ? at - first : data->column[at], value);
    }
    update_entry(&state, UINT64_MAX, data->unfolded ? 1.0 + data->class[i] : 0.0);
  }
  return in_digits(XXH3_128bits_digest(&state));
}

bs_fingerprint bs_bytes_fingerprint(const char *bytes, size_t size) {
  return in_digits(XXH3_128bits(bytes, size));
}

bs_fingerprint bs_text_fingerprint(const char *text) {
  return bs_bytes_fingerprint(text, strlen(text));
}
