/* NumPy's .npz: an array of samples x features, with the labels in a one-dimensional array beside it if there is one;
 * or the arrays of a scipy.sparse matrix in CSR or CSC form. */
#include "base/memory.h"
#include "base/number.h"
#include "data/formats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DATA, INDICES, INDPTR, SHAPE, SPARSE_ARRAYS };
static const char *const SPARSE_NAMES[] = {"data.npy", "indices.npy", "indptr.npy", "shape.npy"};

typedef struct {
  bs_input *source;
  bs_table *table;
  biascope_error *error;
  bs_table sparse[SPARSE_ARRAYS]; /* each read as so many samples of one feature */
  bs_table labels;
  char *names[2]; /* of the members that are the samples and the labels, without .npy; NULL before they are found */
  char format[8]; /* of a sparse matrix: csr, csc ...; empty if there is none */
} npz_reader;

static biascope_status fail(const npz_reader *npz, const char *what) {
  return bs_fail(npz->error, BIASCOPE_BAD_INPUT, "%s: %s", npz->table->path, what);
}

/* format.npy contains the name of the form as text. */
static biascope_status read_form(npz_reader *npz) {
  char bytes[512];
  size_t count;
  const biascope_status status = bs_input_read(npz->source, bytes, sizeof bytes, &count, npz->error);
  if (status != BIASCOPE_OK) return status;
  size_t used = 0;
  const size_t first = count < 16 ? count : count - 16; /* three letters, of one or of four bytes each */
  for (size_t i = first; i < count && used + 1 < sizeof npz->format; i++)
    if (bytes[i] >= 'a' && bytes[i] <= 'z') npz->format[used++] = bytes[i];
  const char *form = strstr(npz->format, "cs");
  if (!form || (strncmp(form, "csr", 3) != 0 && strncmp(form, "csc", 3) != 0))
    return fail(npz, "the matrix is neither in CSR nor in CSC form; expected one of them (.tocsr())");
  memmove(npz->format, form, 3);
  npz->format[3] = '\0';
  return BIASCOPE_OK;
}

/* Whether the name says that the array has that part: of several arrays, one that is called so is taken. */
static bool is_called(const char *name, bool labels) {
  static const char *const SAMPLES[] = {"X", "x", "data", NULL}, *const LABELS[] = {"y", "target", "labels", "label",
                                                                                    NULL};
  const char *const *known = labels ? LABELS : SAMPLES;
  while (*known && strcmp(*known, name) != 0) known++;
  return *known != NULL;
}

/* Keeps the array as the samples or the labels, unless one that is called so has been found. */
static biascope_status keep_array(npz_reader *npz, bool labels, char *name, bs_table *array) {
  char **known = &npz->names[labels];
  bs_table *to = labels ? &npz->labels : npz->table;
  const char *path = npz->table->path;
  const bool found = *known != NULL, better = !found || (is_called(name, labels) && !is_called(*known, labels));
  if (!better && is_called(name, labels) == is_called(*known, labels))
    return bs_fail(npz->error, BIASCOPE_BAD_INPUT,
                   "%s: two arrays may be the %s, '%s' and '%s'; expected one of %s, or one called %s", path,
                   labels ? "labels" : "samples", *known, name, labels ? "one dimension" : "two dimensions",
                   labels ? "y" : "X");
  if (!better) return BIASCOPE_OK;
  free(*known);
  *known = bs_copy_text(name);
  if (!*known) return bs_fail_memory(npz->error, "an array's name");
  bs_table_free(to);
  *to = *array;
  to->path = path;
  *array = (bs_table){0};
  return BIASCOPE_OK;
}

static biascope_status read_array(npz_reader *npz, const char *member) {
  bool is_vector = false;
  bs_table array = {.path = npz->table->path};
  char *name = bs_copy_text(member);
  biascope_status status = name ? bs_npy_read_any(npz->source, &array, &is_vector, npz->error)
                                : bs_fail_memory(npz->error, "an array's name");
  char *ending = name ? strstr(name, ".npy") : NULL;
  if (ending) *ending = '\0';
  if (status == BIASCOPE_OK) status = keep_array(npz, is_vector, name, &array);
  bs_table_free(&array);
  free(name);
  return status;
}

static biascope_status read_member(npz_reader *npz, const char *name) {
  bool is_vector;
  if (strcmp(name, "format.npy") == 0) return read_form(npz);
  for (int i = 0; i < SPARSE_ARRAYS; i++) {
    if (strcmp(name, SPARSE_NAMES[i]) != 0 || npz->sparse[i].dense) continue;
    npz->sparse[i].path = npz->table->path;
    return bs_npy_read_any(npz->source, &npz->sparse[i], &is_vector, npz->error);
  }
  return read_array(npz, name);
}

/* ---- Sparse matrices ------------------------------------------------------------------------ */

/* Whether an array holds whole numbers from 0 to `most`. */
static bool are_indices(const bs_table *array, double most) {
  for (size_t i = 0; i < array->samples; i++) {
    const double value = array->dense[i];
    if (!(value >= 0.0 && value <= most && value == floor(value))) return false;
  }
  return true;
}

static bool is_consistent(const npz_reader *npz, size_t major, size_t minor) {
  const bs_table *data = &npz->sparse[DATA], *indices = &npz->sparse[INDICES], *starts = &npz->sparse[INDPTR];
  if (data->samples != indices->samples || starts->samples != major + 1) return false;
  if (!are_indices(indices, (double)minor - 1.0) || !are_indices(starts, (double)data->samples)) return false;
  for (size_t i = 0; i < major; i++)
    if (starts->dense[i] > starts->dense[i + 1]) return false;
  return starts->dense[0] == 0.0 && starts->dense[major] == (double)data->samples;
}

typedef struct {
  uint32_t column;
  double value;
} entry;

static int compare_entries(const void *a, const void *b) {
  const entry *first = a, *second = b;
  return (first->column > second->column) - (first->column < second->column);
}

/* Sorts the columns within rows, adds up entries of the same place, and drops zeros. */
static void tidy_rows(bs_table *table, entry *scratch) {
  size_t to = 0, start = 0;
  for (size_t i = 0; i < table->samples; i++) {
    const size_t end = table->row_start[i + 1], count = end - start, first = to;
    for (size_t k = 0; k < count; k++) scratch[k] = (entry){table->column[start + k], table->value[start + k]};
    qsort(scratch, count, sizeof *scratch, compare_entries);
    for (size_t k = 0; k < count; k++) {
      const bool again = to > first && table->column[to - 1] == scratch[k].column;
      if (again) {
        table->value[to - 1] += scratch[k].value;
      } else if (scratch[k].value != 0.0) {
        table->column[to] = scratch[k].column;
        table->value[to++] = scratch[k].value;
      }
    }
    start = end;
    table->row_start[i + 1] = to;
  }
}

/* Entry n of the file belongs to row i (CSR) or column i (CSC). */
static void scatter(const npz_reader *npz, bool by_rows, size_t major, size_t *next) {
  const double *starts = npz->sparse[INDPTR].dense, *indices = npz->sparse[INDICES].dense;
  bs_table *table = npz->table;
  for (size_t i = 0; i < major; i++) {
    for (size_t n = (size_t)starts[i]; n < (size_t)starts[i + 1]; n++) {
      const size_t minor = (size_t)indices[n], row = by_rows ? i : minor, place = next[row]++;
      table->column[place] = (uint32_t)(by_rows ? minor : i);
      table->value[place] = npz->sparse[DATA].dense[n];
    }
  }
}

static biascope_status build_rows(npz_reader *npz, bool by_rows, size_t major) {
  bs_table *table = npz->table;
  const size_t stored = npz->sparse[DATA].samples;
  table->row_start = BS_NEW(size_t, table->samples + 1);
  table->column = BS_NEW(uint32_t, stored);
  table->value = BS_NEW(double, stored);
  size_t *next = BS_NEW(size_t, table->samples);
  entry *scratch = BS_NEW(entry, stored);
  const bool allocated = table->row_start && table->column && table->value && next && scratch;
  if (allocated) {
    const double *starts = npz->sparse[INDPTR].dense, *indices = npz->sparse[INDICES].dense;
    for (size_t i = 0; by_rows && i < major; i++) table->row_start[i + 1] = (size_t)(starts[i + 1] - starts[i]);
    for (size_t n = 0; !by_rows && n < stored; n++) table->row_start[(size_t)indices[n] + 1]++;
    for (size_t i = 0; i < table->samples; i++) {
      next[i] = table->row_start[i];
      table->row_start[i + 1] += table->row_start[i];
    }
    scatter(npz, by_rows, major, next);
    tidy_rows(table, scratch);
  }
  free(next);
  free(scratch);
  return allocated ? BIASCOPE_OK : bs_fail_memory(npz->error, "the dataset");
}

static biascope_status assemble(npz_reader *npz) {
  const bs_table *shape = &npz->sparse[SHAPE];
  for (int i = 0; i < SPARSE_ARRAYS; i++)
    if (!npz->sparse[i].dense || npz->sparse[i].features != 1)
      return fail(npz, "expected the arrays data, indices, indptr and shape of a sparse matrix");
  const double most = 4294967294.0;
  if (shape->samples != 2 || !are_indices(shape, most) || shape->dense[0] < 1.0 || shape->dense[1] < 1.0)
    return fail(npz, "the shape is not two whole numbers from 1 to 2^32 - 2");
  const bool by_rows = strcmp(npz->format, "csr") == 0;
  const size_t rows = (size_t)shape->dense[0], columns = (size_t)shape->dense[1];
  if (npz->sparse[DATA].missing > 0) return fail(npz, "a stored value is nan; expected finite numbers");
  if (!is_consistent(npz, by_rows ? rows : columns, by_rows ? columns : rows))
    return fail(npz, "indices and indptr do not fit the shape");
  /* A row of zeros takes no bytes in CSC form, and a column of zeros none in CSR form. */
  const size_t declared = by_rows ? columns : rows, always = (size_t)1 << 24;
  if (declared > always && declared > npz->sparse[DATA].samples * sizeof(double))
    return fail(npz, "the shape is too large for so few entries; expected at most 2^24 rows and columns");
  npz->table->samples = rows;
  npz->table->features = columns;
  return build_rows(npz, by_rows, by_rows ? rows : columns);
}

/* ---- The file ------------------------------------------------------------------------------- */

static biascope_status take_labels(npz_reader *npz) {
  bs_table *table = npz->table;
  if (npz->labels.samples != table->samples)
    return bs_fail(npz->error, BIASCOPE_BAD_INPUT, "%s: %zu labels; expected %zu, one for each sample", table->path,
                   npz->labels.samples, table->samples);
  table->labelled = true;
  if (npz->labels.labelled) { /* texts */
    table->labels = npz->labels.labels;
    npz->labels.labels = (bs_labels){0};
    return BIASCOPE_OK;
  }
  for (size_t i = 0; i < npz->labels.samples; i++) {
    const bs_number_text text = bs_number_shortest(npz->labels.dense[i]);
    const char *fault;
    if (bs_labels_add(&table->labels, (bs_span){text.text, text.text + strlen(text.text)}, '.', &fault)) continue;
    if (!fault) return bs_fail_memory(npz->error, "the labels");
    return bs_fail(npz->error, BIASCOPE_BAD_INPUT, "%s: the label %s of sample %zu %s", table->path, text.text, i,
                   fault);
  }
  return BIASCOPE_OK;
}

static biascope_status read_members(npz_reader *npz) {
  for (;;) {
    const char *name;
    biascope_status status = bs_input_next_member(npz->source, &name, npz->error);
    if (status != BIASCOPE_OK || !name) return status;
    status = read_member(npz, name);
    if (status != BIASCOPE_OK) return status;
  }
}

biascope_status bs_npz_read(bs_input *source, const bs_file_format *format, const biascope_read_options *options,
                            bs_table *table, biascope_error *error) {
  (void)format;
  npz_reader npz = {.source = source, .table = table, .error = error};
  biascope_status status = read_members(&npz);
  if (status == BIASCOPE_OK && npz.format[0]) status = assemble(&npz);
  if (status == BIASCOPE_OK && !npz.format[0] && !table->dense && npz.sparse[DATA].features > 1) {
    table->dense = npz.sparse[DATA].dense; /* an array whose name happens to be data */
    table->samples = npz.sparse[DATA].samples;
    table->features = npz.sparse[DATA].features;
    table->missing = npz.sparse[DATA].missing;
    table->missing_first = npz.sparse[DATA].missing_first;
    npz.sparse[DATA].dense = NULL;
  }
  if (status == BIASCOPE_OK && !table->dense && !table->value)
    status = fail(&npz, "no array of two dimensions; expected samples x features, or a scipy.sparse matrix");
  const bool has_labels = npz.labels.dense || npz.labels.labelled;
  if (status == BIASCOPE_OK && has_labels && !options->label_column && !options->labels) status = take_labels(&npz);
  for (int i = 0; i < SPARSE_ARRAYS; i++) bs_table_free(&npz.sparse[i]);
  bs_table_free(&npz.labels);
  free(npz.names[0]);
  free(npz.names[1]);
  return status;
}
