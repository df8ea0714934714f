/* Synthetic data from the literature. Every kind but gaussian is linearly separable by construction; gaussian is almost
 * surely separable for N <= d. */
#include "data/generate.h"

#include "base/memory.h"
#include "base/rng.h"
#include "base/vector.h"
#include "data/labels.h"
#include <math.h>
#include <stdlib.h>

static void fill_normal(size_t count, uint64_t seed, double *values) {
  for (size_t i = 0; i < count; i++) values[i] = bs_random_normal(seed, BS_STREAM_DATA, i);
}

/* Row i is i + 1 times signs. The first sign is always positive, so that e_0 separates. */
static void fill_rademacher(const biascope_generate_options *options, double *values) {
  for (size_t i = 0; i < options->samples; i++) {
    for (size_t k = 0; k < options->features; k++, values++) {
      const bool positive = k == 0 || bs_random_u64(options->seed, BS_STREAM_DATA, i * options->features + k) >> 63;
      *values = positive ? (double)(i + 1) : -(double)(i + 1);
    }
  }
}

/* All entries are positive or delta >= 0, so that (1, ..., 1) separates. */
static void fill_shifted_diagonal(const biascope_generate_options *options, double *values) {
  for (size_t i = 0; i < options->samples; i++) {
    for (size_t k = 0; k < options->features; k++) *values++ = i == k ? (double)(i + 1) : options->delta;
  }
}

/* Folds a row of `count` entries to the positive side of the hyperplane with the normal's entries `normal`, and shifts
 * it along them until it has the margin of the unit normal. Shifting, unlike rejection, works for every margin. */
static void fold_to_teacher(size_t count, const double *normal, double margin, double *row) {
  double distance = 0.0, squared = 0.0;
  for (size_t k = 0; k < count; k++) {
    distance += row[k] * normal[k];
    squared += normal[k] * normal[k];
  }
  const double sign = distance < 0.0 ? -1.0 : 1.0;
  for (size_t k = 0; k < count; k++) row[k] = sign * row[k] + margin / squared * normal[k];
}

/* A random unit vector, or NULL if out of memory. */
static double *random_normal_vector(size_t features, uint64_t seed) {
  double *normal = BS_NEW(double, features);
  if (!normal) return NULL;
  for (size_t k = 0; k < features; k++) normal[k] = bs_random_normal(seed, BS_STREAM_LABELS, k);
  bs_scale(features, 1.0 / bs_norm2(features, normal), normal);
  return normal;
}

static biascope_status fill_teacher(const biascope_generate_options *options, double *values, biascope_error *error) {
  double *normal = random_normal_vector(options->features, options->seed);
  if (!normal) return bs_fail_memory(error, "the teacher");
  fill_normal(options->samples * options->features, options->seed, values);
  for (size_t i = 0; i < options->samples; i++)
    fold_to_teacher(options->features, normal, options->margin, values + i * options->features);
  free(normal);
  return BIASCOPE_OK;
}

static int compare_columns(const void *a, const void *b) {
  const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

/* A uniform subset of the features in ascending order (Floyd's algorithm: one draw for each element, for any ratio). */
static void draw_features(const biascope_generate_options *options, size_t row, bool *taken, uint32_t *columns) {
  const size_t count = options->nonzeros;
  for (size_t j = 0; j < count; j++) {
    const size_t newest = options->features - count + j;
    const size_t drawn = bs_random_below(options->seed, BS_STREAM_NOISE, row * count + j, newest + 1);
    columns[j] = (uint32_t)(taken[drawn] ? newest : drawn);
    taken[columns[j]] = true;
  }
  for (size_t j = 0; j < count; j++) taken[columns[j]] = false;
  qsort(columns, count, sizeof *columns, compare_columns);
}

typedef struct {
  double *normal;    /* the teacher */
  double *on_row;    /* its entries at the features of a row */
  bool *taken;       /* the features that a row has */
  size_t *row_start; /* the other members: CSR */
  uint32_t *column;
  double *value;
} sparse_teacher;

/* Normal entries at the drawn features, folded and shifted within them. */
static void fill_sparse_teacher(const biascope_generate_options *options, const sparse_teacher *teacher) {
  const size_t count = options->nonzeros;
  fill_normal(options->samples * count, options->seed, teacher->value);
  for (size_t i = 0; i < options->samples; i++) {
    uint32_t *columns = teacher->column + i * count;
    draw_features(options, i, teacher->taken, columns);
    for (size_t j = 0; j < count; j++) teacher->on_row[j] = teacher->normal[columns[j]];
    fold_to_teacher(count, teacher->on_row, options->margin, teacher->value + i * count);
    teacher->row_start[i + 1] = (i + 1) * count;
  }
}

static biascope_status generate_sparse_teacher(const biascope_generate_options *options, biascope_dataset **out,
                                               biascope_error *error) {
  size_t stored;
  if (__builtin_mul_overflow(options->samples, options->nonzeros, &stored)) return bs_fail_memory(error, "the dataset");
  const sparse_teacher teacher = {.normal = random_normal_vector(options->features, options->seed),
                                  .on_row = BS_NEW(double, options->nonzeros),
                                  .taken = BS_NEW(bool, options->features),
                                  .row_start = BS_NEW(size_t, options->samples + 1),
                                  .column = BS_NEW(uint32_t, stored),
                                  .value = BS_NEW(double, stored)};
  biascope_status status;
  if (!teacher.normal || !teacher.on_row || !teacher.taken || !teacher.row_start || !teacher.column || !teacher.value) {
    status = bs_fail_memory(error, "the dataset");
  } else {
    fill_sparse_teacher(options, &teacher);
    status = biascope_dataset_from_csr(options->samples, options->features, teacher.row_start, teacher.column,
                                       teacher.value, out, error);
  }
  free(teacher.normal);
  free(teacher.on_row);
  free(teacher.taken);
  free(teacher.row_start);
  free(teacher.column);
  free(teacher.value);
  return status;
}

static biascope_status check(biascope_generator kind, const biascope_generate_options *options, biascope_error *error) {
  if (options->samples == 0 || options->features == 0)
    return bs_fail(error, BIASCOPE_USAGE, "%zu samples and %zu features; expected at least one of each",
                   options->samples, options->features);
  if (options->samples > UINT32_MAX || options->features > UINT32_MAX)
    return bs_fail(error, BIASCOPE_USAGE, "%zu samples and %zu features; expected fewer than 2^32 of each",
                   options->samples, options->features);
  if (kind == BIASCOPE_SHIFTED_DIAGONAL && options->samples != options->features)
    return bs_fail(error, BIASCOPE_USAGE, "shifted-diagonal: %zu samples and %zu features; expected as many of each",
                   options->samples, options->features);
  if (!(options->margin >= 0.0 && isfinite(options->margin)))
    return bs_fail(error, BIASCOPE_USAGE, "margin %g; expected a finite number from 0", options->margin);
  if (!(options->delta >= 0.0 && isfinite(options->delta)))
    return bs_fail(error, BIASCOPE_USAGE, "delta %g; expected a finite number from 0", options->delta);
  if (!(options->distance >= 0.0 && isfinite(options->distance)))
    return bs_fail(error, BIASCOPE_USAGE, "distance %g; expected a finite number from 0", options->distance);
  if (options->classes == 1 || options->classes > BS_CLASSES_MOST)
    return bs_fail(error, BIASCOPE_USAGE, "%zu classes; expected 2 to %d", options->classes, BS_CLASSES_MOST);
  if (options->classes > 2 && kind != BIASCOPE_TEACHER && kind != BIASCOPE_MIXTURE)
    return bs_fail(error, BIASCOPE_USAGE, "%zu classes; only teacher and mixture have more than two", options->classes);
  if (options->classes > 2 && options->nonzeros > 0)
    return bs_fail(error, BIASCOPE_USAGE, "%zu nonzeros a row and %zu classes; expected one of them", options->nonzeros,
                   options->classes);
  if (options->nonzeros > 0 && kind != BIASCOPE_TEACHER)
    return bs_fail(error, BIASCOPE_USAGE, "%zu nonzeros a row; only the teacher's data can be sparse",
                   options->nonzeros);
  if (options->nonzeros > options->features)
    return bs_fail(error, BIASCOPE_USAGE, "%zu nonzeros a row; expected at most the %zu features", options->nonzeros,
                   options->features);
  return BIASCOPE_OK;
}

static biascope_status generate_dense(biascope_generator kind, const biascope_generate_options *options,
                                      biascope_dataset **out, biascope_error *error) {
  size_t count;
  double *values = NULL;
  if (!__builtin_mul_overflow(options->samples, options->features, &count)) values = BS_NEW(double, count);
  if (!values) return bs_fail_memory(error, "the dataset");
  biascope_status status = BIASCOPE_OK;
  switch (kind) {
  case BIASCOPE_GAUSSIAN:
    fill_normal(count, options->seed, values);
    break;
  case BIASCOPE_RADEMACHER:
    fill_rademacher(options, values);
    break;
  case BIASCOPE_SHIFTED_DIAGONAL:
    fill_shifted_diagonal(options, values);
    break;
  case BIASCOPE_TEACHER:
    status = fill_teacher(options, values, error);
    break;
  default:
    status = bs_fail(error, BIASCOPE_USAGE, "there is no generator number %d", (int)kind);
  }
  if (status == BIASCOPE_OK) status = bs_dataset_adopt_dense(options->samples, options->features, values, out, error);
  if (status != BIASCOPE_OK) free(values);
  return status;
}

biascope_status biascope_dataset_generate(biascope_generator kind, const biascope_generate_options *options,
                                          biascope_dataset **out, biascope_error *error) {
  *out = NULL;
  const biascope_status status = check(kind, options, error);
  if (status != BIASCOPE_OK) return status;
  if (options->nonzeros > 0) return generate_sparse_teacher(options, out, error);
  if (kind == BIASCOPE_MIXTURE || options->classes > 2) return bs_generate_classes(kind, options, out, error);
  return generate_dense(kind, options, out, error);
}

const char *biascope_generator_name(biascope_generator kind) {
  static const char *const NAMES[] = {[BIASCOPE_GAUSSIAN] = "gaussian",
                                      [BIASCOPE_RADEMACHER] = "rademacher",
                                      [BIASCOPE_SHIFTED_DIAGONAL] = "shifted-diagonal",
                                      [BIASCOPE_TEACHER] = "teacher",
                                      [BIASCOPE_MIXTURE] = "mixture"};
  return (size_t)kind < sizeof NAMES / sizeof *NAMES ? NAMES[kind] : NULL;
}
