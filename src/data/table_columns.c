/* Which columns of a table are features: chosen by the user, needed by a classifier, or added. */
#include "data/table.h"

#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Lists of columns ----------------------------------------------------------------------- */

/* A column's name, or its index from 0, negative from the end. *several: the name of more than one. */
static bool find_column(bs_span item, char *const *names, size_t count, size_t *column, bool *several) {
  bool named = false;
  for (size_t k = 0; names && k < count; k++) {
    if (!names[k] || !bs_span_is(item, names[k])) continue;
    *several = *several || named;
    *column = k;
    named = true;
  }
  if (named) return true;
  const bool negative = item.begin < item.end && *item.begin == '-';
  size_t index = 0;
  const char *at = item.begin + negative;
  if (at == item.end) return false;
  for (; at < item.end && *at >= '0' && *at <= '9' && index <= count; at++) index = 10 * index + (size_t)(*at - '0');
  if (at < item.end || index > count || (negative ? index == 0 : index == count)) return false;
  *column = negative ? count - index : index;
  return true;
}

/* One item: a column, or a range a:b, which may lack either end. */
static bool choose_item(bs_span item, char *const *names, size_t count, bool *chosen, bool *several) {
  size_t first = 0, last = count - 1;
  if (find_column(item, names, count, &first, several)) {
    chosen[first] = true;
    return true;
  }
  const char *colon = memchr(item.begin, ':', bs_span_length(item));
  if (!colon || count == 0) return false;
  const bs_span from = {item.begin, colon}, to = {colon + 1, item.end};
  if (from.begin < from.end && !find_column(from, names, count, &first, several)) return false;
  if (to.begin < to.end && !find_column(to, names, count, &last, several)) return false;
  for (size_t k = first; k <= last; k++) chosen[k] = true;
  return first <= last;
}

biascope_status bs_choose_columns(const char *list, char *const *names, size_t count, const char *path, bool *chosen,
                                  biascope_error *error) {
  const char *end = list + strlen(list);
  for (const char *at = list; at; at = at < end ? at + 1 : NULL) {
    const char *comma = memchr(at, ',', (size_t)(end - at));
    const bs_span item = bs_trim((bs_span){at, comma ? comma : end});
    bool several = false;
    const bool found = choose_item(item, names, count, chosen, &several);
    if (found && several)
      return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: several columns are named %s; expected an index", path,
                     bs_quote(item).text);
    if (!found)
      return bs_fail(error, BIASCOPE_BAD_INPUT,
                     "%s: no column is %s; expected %sindices from 0 to %zu, or ranges of them (2:5)", path,
                     bs_quote(item).text, names ? "names of the header, " : "", count - 1);
    at = item.end < end && comma ? comma : end;
  }
  return BIASCOPE_OK;
}

/* ---- Selection ------------------------------------------------------------------------------ */

void bs_table_keep_columns(bs_table *table, const bool *keep) {
  const size_t features = table->features;
  size_t kept = 0, at = 0;
  for (size_t k = 0; k < features; k++) kept += keep[k];
  for (size_t i = 0; i < table->samples; i++)
    for (size_t k = 0; k < features; k++)
      if (keep[k]) table->dense[at++] = table->dense[i * features + k];
  at = 0;
  for (size_t k = 0; table->names && k < features; k++) {
    if (keep[k])
      table->names[at++] = table->names[k];
    else
      free(table->names[k]);
  }
  table->features = kept;
}

/* The same for sparse rows: the columns get new numbers. */
static biascope_status keep_sparse(bs_table *table, const bool *keep, biascope_error *error) {
  uint32_t *number = BS_NEW(uint32_t, table->features);
  if (!number) return bs_fail_memory(error, "the columns");
  size_t kept = 0, at = 0, name = 0;
  for (size_t k = 0; k < table->features; k++) number[k] = (uint32_t)(keep[k] ? kept++ : 0);
  for (size_t i = 0, next = 0; i < table->samples; i++) {
    const size_t end = table->row_start[i + 1];
    for (; next < end; next++) {
      if (!keep[table->column[next]]) continue;
      table->column[at] = number[table->column[next]];
      table->value[at++] = table->value[next];
    }
    table->row_start[i + 1] = at;
  }
  for (size_t k = 0; table->names && k < table->features; k++) {
    if (keep[k])
      table->names[name++] = table->names[k];
    else
      free(table->names[k]);
  }
  table->features = kept;
  free(number);
  return BIASCOPE_OK;
}

biascope_status bs_table_select(bs_table *table, const biascope_read_options *options, biascope_error *error) {
  if (table->selected || (!options->columns && !options->drop)) return BIASCOPE_OK;
  bool *keep = BS_NEW(bool, table->features), *drop = BS_NEW(bool, table->features);
  biascope_status status = keep && drop ? BIASCOPE_OK : bs_fail_memory(error, "the columns");
  if (status == BIASCOPE_OK && options->columns)
    status = bs_choose_columns(options->columns, table->names, table->features, table->path, keep, error);
  if (status == BIASCOPE_OK && options->drop)
    status = bs_choose_columns(options->drop, table->names, table->features, table->path, drop, error);
  size_t kept = 0;
  for (size_t k = 0; status == BIASCOPE_OK && k < table->features; k++) {
    keep[k] = (keep[k] || !options->columns) && !drop[k];
    kept += keep[k];
  }
  if (status == BIASCOPE_OK && kept == 0)
    status = bs_fail(error, BIASCOPE_BAD_INPUT, "%s: no feature is left; expected one at least", table->path);
  if (status == BIASCOPE_OK && table->dense)
    bs_table_keep_columns(table, keep);
  else if (status == BIASCOPE_OK)
    status = keep_sparse(table, keep, error);
  free(keep);
  free(drop);
  return status;
}

/* ---- The columns of a classifier ------------------------------------------------------------ */

/* Where its features are in the table; SIZE_MAX: a word that does not occur in the new data, 0 in every sample. */
static biascope_status find_places(const bs_table *table, const biascope_model *like, size_t wanted, size_t *place,
                                   biascope_error *error) {
  for (size_t k = 0; k < wanted; k++) {
    const char *name = like->feature_name[k], *equals = strchr(name, '=');
    bool same_column = false;
    place[k] = SIZE_MAX;
    for (size_t j = 0; j < table->features && place[k] == SIZE_MAX; j++) {
      if (strcmp(table->names[j], name) == 0) place[k] = j;
      same_column = same_column || (equals && strncmp(table->names[j], name, (size_t)(equals - name) + 1) == 0);
    }
    if (place[k] == SIZE_MAX && !same_column)
      return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: no column is named '%s', a feature of the classifier", table->path,
                     name);
  }
  return BIASCOPE_OK;
}

static biascope_status reorder(bs_table *table, const biascope_model *like, size_t wanted, const size_t *place,
                               biascope_error *error) {
  const size_t allocated = table->samples * (wanted + like->intercept);
  double *dense = bs_allocate_unset(allocated, sizeof(double));
  char **names = BS_NEW(char *, wanted);
  bool copied = dense && names;
  for (size_t k = 0; copied && k < wanted; k++) copied = (names[k] = bs_copy_text(like->feature_name[k])) != NULL;
  for (size_t i = 0; copied && i < table->samples; i++)
    for (size_t k = 0; k < wanted; k++)
      dense[i * wanted + k] = place[k] == SIZE_MAX ? 0.0 : table->dense[i * table->features + place[k]];
  if (!copied) {
    for (size_t k = 0; names && k < wanted; k++) free(names[k]);
    free(names);
    free(dense);
    return bs_fail_memory(error, "the classifier's columns");
  }
  for (size_t k = 0; k < table->features; k++) free(table->names[k]);
  free(table->names);
  free(table->dense);
  table->dense = dense;
  table->allocated = allocated;
  table->names = names;
  table->features = wanted;
  return BIASCOPE_OK;
}

biascope_status bs_table_match(bs_table *table, const biascope_model *like, biascope_error *error) {
  if (!like) return BIASCOPE_OK;
  const size_t wanted = like->features - like->intercept;
  if (table->dense && table->names && like->feature_name) {
    size_t *place = BS_NEW(size_t, wanted);
    biascope_status status = place ? BIASCOPE_OK : bs_fail_memory(error, "the classifier's columns");
    if (status == BIASCOPE_OK) status = find_places(table, like, wanted, place, error);
    if (status == BIASCOPE_OK) status = reorder(table, like, wanted, place, error);
    free(place);
    return status;
  }
  if (!table->dense && table->features < wanted) table->features = wanted; /* the last columns do not occur */
  if (table->features == wanted) return BIASCOPE_OK;
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: %zu features; expected %zu, as the classifier has", table->path,
                 table->features, wanted);
}

/* ---- The intercept -------------------------------------------------------------------------- */

/* In place, from the last row on, if there is space. */
static biascope_status add_dense_ones(bs_table *table, biascope_error *error) {
  const size_t features = table->features, count = table->samples * (features + 1);
  double *wider = count <= table->allocated ? table->dense : bs_allocate_unset(count, sizeof(double));
  if (!wider) return bs_fail_memory(error, "the intercept");
  for (size_t i = table->samples; i-- > 0;) {
    memmove(wider + i * (features + 1), table->dense + i * features, features * sizeof(double));
    wider[i * (features + 1) + features] = 1.0;
  }
  if (wider != table->dense) free(table->dense);
  table->dense = wider;
  return BIASCOPE_OK;
}

/* The same. */
static biascope_status add_sparse_ones(bs_table *table, biascope_error *error) {
  const size_t nonzeros = table->row_start[table->samples] + table->samples;
  const bool fits = nonzeros <= table->allocated;
  uint32_t *column = fits ? table->column : BS_NEW(uint32_t, nonzeros);
  double *value = fits ? table->value : BS_NEW(double, nonzeros);
  if (!column || !value) {
    free(column);
    free(value);
    return bs_fail_memory(error, "the intercept");
  }
  for (size_t i = table->samples; i-- > 0;) {
    const size_t start = table->row_start[i], end = table->row_start[i + 1], to = start + i;
    memmove(column + to, table->column + start, (end - start) * sizeof *column);
    memmove(value + to, table->value + start, (end - start) * sizeof *value);
    column[end + i] = (uint32_t)table->features;
    value[end + i] = 1.0;
    table->row_start[i + 1] = end + i + 1;
  }
  if (!fits) {
    free(table->column);
    free(table->value);
  }
  table->column = column;
  table->value = value;
  return BIASCOPE_OK;
}

biascope_status bs_table_add_intercept(bs_table *table, biascope_error *error) {
  biascope_status status = table->dense ? add_dense_ones(table, error) : add_sparse_ones(table, error);
  if (status != BIASCOPE_OK) return status;
  const size_t features = table->features;
  if (table->names) {
    char **names = realloc(table->names, (features + 1) * sizeof *names);
    if (!names) return bs_fail_memory(error, "the columns' names");
    table->names = names;
    names[features] = bs_copy_text("(intercept)");
    if (!names[features]) return bs_fail_memory(error, "a column's name");
  }
  table->features++;
  table->intercept = true;
  return BIASCOPE_OK;
}
