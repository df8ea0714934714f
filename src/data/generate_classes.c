#include "data/generate.h"

#include "base/memory.h"
#include "base/rng.h"
#include "base/vector.h"
#include <math.h>
#include <stdlib.h>

/* Draws of a sample that is too near to another class, before the last of them is scaled up to the margin. */
enum { DRAWS = 64 };

typedef struct {
  size_t classes, features;
  double *unit;    /* classes x features: random unit vectors */
  double *values;  /* samples x features */
  uint32_t *class; /* samples */
} generation;

static void draw_units(generation *g, uint64_t seed) {
  for (size_t j = 0; j < g->classes; j++) {
    double *row = g->unit + j * g->features;
    for (size_t k = 0; k < g->features; k++) row[k] = bs_random_normal(seed, BS_STREAM_LABELS, j * g->features + k);
    bs_scale(g->features, 1.0 / bs_norm2(g->features, row), row);
  }
}

static void draw_row(const generation *g, uint64_t seed, uint64_t number, double *row) {
  for (size_t k = 0; k < g->features; k++) row[k] = bs_random_normal(seed, BS_STREAM_DATA, number * g->features + k);
}

static void fill_mixture(generation *g, const biascope_generate_options *options) {
  for (size_t i = 0; i < options->samples; i++) {
    double *row = g->values + i * g->features;
    g->class[i] = (uint32_t)(i % g->classes);
    draw_row(g, options->seed, i, row);
    bs_axpy(g->features, options->distance, g->unit + g->class[i] * g -> features, row);
  }
}

/* The class of the largest product, and how far it is ahead of the next one. */
static double find_class(const generation *g, const double *row, uint32_t *class) {
  double best = -INFINITY, next = -INFINITY;
  for (size_t j = 0; j < g->classes; j++) {
    const double product = bs_dot(g->features, g->unit + j * g->features, row);
    if (product > best) {
      next = best;
      best = product;
      *class = (uint32_t)j;
    } else {
      next = fmax(next, product);
    }
  }
  return best - next;
}

static void fill_teacher(generation *g, const biascope_generate_options *options) {
  for (size_t i = 0; i < options->samples; i++) {
    double *row = g->values + i * g->features, ahead = 0.0;
    for (size_t draw = 0; draw < DRAWS && !(ahead > options->margin); draw++) {
      draw_row(g, options->seed, i * DRAWS + draw, row);
      ahead = find_class(g, row, &g->class[i]);
    }
    if (ahead > 0.0 && ahead < options->margin) bs_scale(g->features, options->margin / ahead, row);
  }
}

/* Two classes are folded: a row of class 0 becomes -x. */
static biascope_status conclude(generation *g, size_t samples, biascope_dataset **out, biascope_error *error) {
  for (size_t i = 0; i < samples && g->classes == 2; i++)
    if (g->class[i] == 0) bs_scale(g->features, -1.0, g->values + i * g->features);
  biascope_status status = bs_dataset_adopt_dense(samples, g->features, g->values, out, error);
  if (status != BIASCOPE_OK) return status;
  g->values = NULL;
  if (g->classes == 2) return BIASCOPE_OK;
  status = biascope_dataset_set_classes(*out, g->classes, g->class, NULL, error);
  if (status == BIASCOPE_OK) return BIASCOPE_OK;
  biascope_dataset_free(*out);
  *out = NULL;
  return status;
}

biascope_status bs_generate_classes(biascope_generator kind, const biascope_generate_options *options,
                                    biascope_dataset **out, biascope_error *error) {
  generation g = {.classes = options->classes > 0 ? options->classes : 2, .features = options->features};
  size_t cells;
  biascope_status status;
  *out = NULL;
  if (!__builtin_mul_overflow(options->samples, options->features, &cells)) g.values = BS_NEW(double, cells);
  g.unit = BS_NEW(double, g.classes *g.features);
  g.class = BS_NEW(uint32_t, options->samples);
  if (g.values && g.unit && g.class) {
    draw_units(&g, options->seed);
    (kind == BIASCOPE_MIXTURE ? fill_mixture : fill_teacher)(&g, options);
    status = conclude(&g, options->samples, out, error);
  } else {
    status = bs_fail_memory(error, "the dataset");
  }
  free(g.values);
  free(g.unit);
  free(g.class);
  return status;
}
