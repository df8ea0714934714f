/* A study as written: data sources and grids of options, with every value checked by itself. plan.h expands it. */
#ifndef BIASCOPE_STUDY_SPEC_H
#define BIASCOPE_STUDY_SPEC_H

#include "rule/option.h"
#include "study/axis.h"

/* The axes of a grid: the options of training by their number, and the steps. The last axis varies fastest. */
enum { BS_GRID_STEPS = BS_OPTIONS, BS_GRID_AXES };

/* What may vary in a data set. */
typedef enum {
  BS_SOURCE_SAMPLES,
  BS_SOURCE_FEATURES,
  BS_SOURCE_NONZEROS,
  BS_SOURCE_MARGIN,
  BS_SOURCE_DELTA,
  BS_SOURCE_SEED,
  BS_SOURCE_CLASSES,
  BS_SOURCE_DISTANCE,
  BS_SOURCE_TEST_FRACTION, /* of a file */
  BS_SOURCE_AXES
} bs_source_option;

typedef struct {
  const bs_toml *where;
  const char *name;
  char *path;                        /* a file, relative to the current folder; NULL: generated */
  const char *file;                  /* the same as written, relative to the specification's folder */
  char *labels, *test, *test_labels; /* files of labels and of test data, relative to the current folder; or NULL */
  biascope_read_options read;
  biascope_generator kind;
  bs_axis axes[BS_SOURCE_AXES]; /* without a seed axis, the seed of the run generates the data, or chooses the part
                                 * held out */
} bs_source;

typedef struct {
  const bs_toml *where;
  const bs_axis *axes[BS_GRID_AXES]; /* the grid's own axis, else the study's; NULL: the optimizer's default */
  bs_axis own[BS_GRID_AXES];
  bool *uses_source; /* one for each source */
} bs_grid;

/* What of a run is predicted. */
typedef enum {
  BS_PREDICT_NOTHING,
  BS_PREDICT_LIMIT, /* beside training */
  BS_PREDICT_RUN    /* in the place of training */
} bs_predict;

typedef struct {
  bs_toml_document *document;
  const char *path, *name;
  unsigned record_per_decade; /* "log:K" */
  bs_predict predict;
  bs_source *sources;
  size_t source_count;
  bs_axis shared[BS_GRID_AXES]; /* options written above the grids */
  bs_grid *grids;
  size_t grid_count;
} bs_spec;

/* Reads and checks the file. Errors are "path:line:column: what stands there; what was expected". */
biascope_status bs_spec_read(const char *path, bs_spec *out, biascope_error *error);
/* Gives the files that have no test data a file of them, relative to the current folder, or a fraction to hold out.
 * BIASCOPE_USAGE: both, or there is no such file. */
biascope_status bs_spec_add_test(bs_spec *spec, const char *test, double fraction, biascope_error *error);
void bs_spec_free(bs_spec *spec);

#endif
