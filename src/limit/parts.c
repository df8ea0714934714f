#include "limit/parts.h"

#include "base/memory.h"
#include "limit/epoch_block.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void begin_part(bs_parts *parts, size_t *end) {
  parts->start[parts->count] = *end;
}

/* A part of one sample decides nothing. */
static void end_part(bs_parts *parts, size_t *end) {
  if (*end - parts->start[parts->count] < 2)
    *end = parts->start[parts->count];
  else
    parts->count++;
  parts->start[parts->count] = *end;
}

/* The samples that touch `column`, of the `count` listed or, where that is NULL, of all; returns how many. */
static size_t list_touching(const bs_epoch_map *map, const uint32_t *listed, size_t count, size_t column,
                            uint32_t *out) {
  size_t touching = 0;
  for (size_t n = 0; n < count; n++) {
    const size_t i = listed ? listed[n] : n;
    if (map->rows[i * map->features + column] == 0.0) continue;
    if (out) out[touching] = (uint32_t)i;
    touching++;
  }
  return touching;
}

/* Parts of the samples listed: one for all of them where `whole` or where a column is touched by all, and one for every
 * column that some touch. Without room: counts what they need. */
static void divide(const bs_epoch_map *map, const uint32_t *listed, size_t count, bool whole, bs_parts *parts,
                   size_t *end, size_t *needed) {
  bool together = whole;
  for (size_t k = 0; !whole && k < map->features; k++) {
    if (k > 0 && bs_columns_touched_alike(map, listed, count, k)) continue; /* the same part again */
    const size_t touching = list_touching(map, listed, count, k, NULL);
    if (touching == count) together = true;
    if (touching == count || touching < 2) continue;
    needed[0]++;
    needed[1] += touching;
    if (!parts->start) continue;
    begin_part(parts, end);
    *end += list_touching(map, listed, count, k, parts->sample + *end);
    end_part(parts, end);
  }
  if (!together) return;
  needed[0]++;
  needed[1] += count;
  if (!parts->start) return;
  begin_part(parts, end);
  for (size_t n = 0; n < count; n++) parts->sample[(*end)++] = listed ? listed[n] : (uint32_t)n;
  end_part(parts, end);
}

static void divide_all(const bs_epoch_map *map, const bs_epoch_rule *rule, bs_parts *parts, size_t *needed) {
  const bs_comparison comparison = bs_epoch_comparison(rule);
  const bool whole = comparison == BS_COMPARE_IN_DATA || comparison == BS_COMPARE_IN_BATCH;
  size_t end = 0;
  if (comparison == BS_COMPARE_IN_DATA || comparison == BS_COMPARE_IN_COLUMN) {
    divide(map, NULL, map->samples, whole, parts, &end, needed);
    return;
  }
  for (size_t s = 0; s < map->schedule_count; s++) {
    const bs_schedule *schedule = &map->schedules[s];
    for (size_t t = 0; t < schedule->steps; t++)
      divide(map, schedule->sample + schedule->start[t], schedule->start[t + 1] - schedule->start[t], whole, parts,
             &end, needed);
  }
}

biascope_status bs_parts_create(const bs_epoch_map *map, const bs_epoch_rule *rule, bs_parts *out,
                                biascope_error *error) {
  *out = (bs_parts){.samples = map->samples};
  size_t needed[2] = {0, 0};
  divide_all(map, rule, out, needed);
  out->start = BS_NEW(size_t, needed[0] + 1);
  out->sample = BS_NEW(uint32_t, needed[1]);
  out->top = BS_NEW(double, needed[0]);
  out->lead = BS_NEW(size_t, needed[0]);
  out->behind = BS_NEW(double, map->samples);
  out->ahead = BS_NEW(size_t, map->samples);
  if (out->start && out->sample && out->top && out->lead && out->behind && out->ahead) {
    divide_all(map, rule, out, needed);
    return BIASCOPE_OK;
  }
  bs_parts_free(out);
  return bs_fail_memory(error, "the parts of the epoch map");
}

void bs_parts_free(bs_parts *parts) {
  free(parts->start);
  free(parts->sample);
  free(parts->top);
  free(parts->lead);
  free(parts->behind);
  free(parts->ahead);
  memset(parts, 0, sizeof *parts);
}

void bs_parts_rank(bs_parts *parts, const double *log_weights) {
  for (size_t i = 0; i < parts->samples; i++) {
    parts->behind[i] = INFINITY;
    parts->ahead[i] = i;
  }
  for (size_t p = 0; p < parts->count; p++) {
    size_t lead = parts->sample[parts->start[p]];
    for (size_t n = parts->start[p]; n < parts->start[p + 1]; n++) {
      if (log_weights[parts->sample[n]] > log_weights[lead]) lead = parts->sample[n];
    }
    parts->lead[p] = lead;
    parts->top[p] = log_weights[lead];
    for (size_t n = parts->start[p]; n < parts->start[p + 1]; n++) {
      const size_t i = parts->sample[n];
      const double behind = parts->top[p] - log_weights[i];
      if (!(behind < parts->behind[i])) continue;
      parts->behind[i] = behind;
      parts->ahead[i] = lead;
    }
  }
}

size_t bs_parts_list_members(const bs_parts *parts, double reach, const double *log_weights, size_t *member,
                             double *trial) {
  size_t count = 0;
  for (size_t i = 0; i < parts->samples; i++) {
    const bool belongs = parts->behind[i] < reach;
    if (belongs) member[count++] = i;
    trial[i] = belongs ? log_weights[i] : log_weights[i] - BS_ASIDE;
  }
  return count;
}
