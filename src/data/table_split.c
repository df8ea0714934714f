/* Part of a table's samples, chosen at random, held out for testing. */
#include "base/memory.h"
#include "base/rng.h"
#include "data/table.h"

#include <stdlib.h>
#include <string.h>

/* The first of a random permutation are held out. */
static biascope_status choose_rows(size_t samples, size_t held_out, uint64_t seed, bool *chosen,
                                   biascope_error *error) {
  uint32_t *order = BS_NEW(uint32_t, samples);
  if (!order) return bs_fail_memory(error, "the choice of test samples");
  bs_random_permutation(seed, BS_STREAM_HELD_OUT, 0, samples, order);
  for (size_t i = 0; i < held_out; i++) chosen[order[i]] = true;
  free(order);
  return BIASCOPE_OK;
}

void bs_table_keep_rows(bs_table *table, const bool *chosen, bool keep) {
  const size_t features = table->features;
  size_t kept = 0, at = 0;
  for (size_t i = 0, start = 0; i < table->samples; i++) {
    const size_t end = table->dense ? 0 : table->row_start[i + 1];
    if (chosen[i] == keep) {
      if (table->dense) memmove(table->dense + kept * features, table->dense + i * features, features * sizeof(double));
      for (size_t n = start; n < end; n++, at++) {
        table->column[at] = table->column[n];
        table->value[at] = table->value[n];
      }
      if (table->labels.class) table->labels.class[kept] = table->labels.class[i];
      kept++;
      if (!table->dense) table->row_start[kept] = at;
    }
    start = end;
  }
  table->samples = kept;
}

biascope_status bs_table_split(bs_table *table, const biascope_read_options *options, biascope_error *error) {
  if (options->held_out == 0.0) return BIASCOPE_OK;
  const size_t samples = table->samples, held_out = (size_t)(options->held_out * (double)samples + 0.5);
  if (held_out == 0 || held_out >= samples)
    return bs_fail(error, BIASCOPE_USAGE, "%s: a fraction %g of %zu samples leaves none to %s", table->path,
                   options->held_out, samples, held_out == 0 ? "test" : "train");
  bool *chosen = BS_NEW(bool, samples);
  biascope_status status = chosen ? choose_rows(samples, held_out, options->seed, chosen, error)
                                  : bs_fail_memory(error, "the choice of test samples");
  if (status == BIASCOPE_OK) bs_table_keep_rows(table, chosen, options->held_out_part);
  free(chosen);
  return status;
}
