#include "limit/parts.h"

#include "base/memory.h"
#include "limit/epoch_block.h"
#include <stdlib.h>
#include <string.h>

static bool allocate(bs_parts *parts, size_t count, size_t entries) {
  parts->start = BS_NEW(size_t, count + 1);
  parts->sample = BS_NEW(uint32_t, entries);
  return parts->start && parts->sample;
}

static bool fill_batches(const bs_epoch_map *map, bs_parts *parts) {
  size_t steps = 0, entries = 0;
  for (size_t s = 0; s < map->schedule_count; s++) {
    steps += map->schedules[s].steps;
    entries += map->schedules[s].start[map->schedules[s].steps];
  }
  if (!allocate(parts, steps, entries)) return false;
  size_t end = 0;
  for (size_t s = 0; s < map->schedule_count; s++) {
    const bs_schedule *schedule = &map->schedules[s];
    memcpy(parts->sample + end, schedule->sample, schedule->start[schedule->steps] * sizeof *parts->sample);
    for (size_t t = 0; t < schedule->steps; t++) parts->start[parts->count++] = end + schedule->start[t];
    end += schedule->start[schedule->steps];
  }
  parts->start[parts->count] = end;
  return true;
}

static bool fill_columns(const bs_epoch_map *map, bs_parts *parts) {
  size_t entries = 0;
  for (size_t n = 0; n < map->partial_count * map->samples; n++)
    entries += map->rows[n % map->samples * map->features + map->partial[n / map->samples]] != 0.0;
  if (!allocate(parts, map->partial_count, entries)) return false;
  size_t end = 0;
  for (size_t p = 0; p < map->partial_count; p++) {
    parts->start[p] = end;
    for (size_t i = 0; i < map->samples; i++) {
      if (map->rows[i * map->features + map->partial[p]] != 0.0) parts->sample[end++] = (uint32_t)i;
    }
  }
  parts->count = map->partial_count;
  parts->start[parts->count] = end;
  return true;
}

biascope_status bs_parts_create(const bs_epoch_map *map, const bs_epoch_rule *rule, bs_parts *out,
                                biascope_error *error) {
  *out = (bs_parts){0};
  if (bs_epoch_memoryless(rule) ? fill_batches(map, out) : fill_columns(map, out)) return BIASCOPE_OK;
  bs_parts_free(out);
  return bs_fail_memory(error, "the parts of the epoch map");
}

void bs_parts_free(bs_parts *parts) {
  free(parts->start);
  free(parts->sample);
  memset(parts, 0, sizeof *parts);
}
