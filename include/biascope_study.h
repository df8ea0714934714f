/* biascope's studies: many runs, the store that keeps them, and what is computed from it.
 *
 * A study is a specification (TOML): data sets and grids of options. A sweep trains its runs and writes them to a
 * store, one SQLite file. A report, a plot or a listing reads the store. docs/studies.md describes the specification
 * and the store's columns. The conventions are those of biascope.h: errors are values, and a function of the same type
 * ending in _free or _close frees what a function returns. Link with libbiascope_study and libbiascope.
 */
#ifndef BIASCOPE_STUDY_H
#define BIASCOPE_STUDY_H

#include "biascope.h"
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The store ------------------------------------------------------------------------------- */

/* The runs of a study. Each run is complete or absent, and occurs once. */
typedef struct biascope_store biascope_store;

typedef enum {
  BIASCOPE_STORE_READ, /* an existing store */
  BIASCOPE_STORE_WRITE /* created if there is none; only this process may use it until it is closed */
} biascope_store_mode;

BIASCOPE_API biascope_status biascope_store_open(const char *path, biascope_store_mode mode, biascope_store **out,
                                                 biascope_error *error);
/* Discards what was not committed. Does nothing for NULL. */
BIASCOPE_API void biascope_store_close(biascope_store *store);

typedef struct {
  size_t added, present;
  size_t replaced; /* of those present: the other store's result had the better certificate */
} biascope_merge_count;
/* Copies the runs and studies that the store at `path` has and this one lacks, all or none. Of two results of one run
 * that agree within their certificates the better certified one is kept; it is an error if they do not agree. */
BIASCOPE_API biascope_status biascope_store_merge(biascope_store *store, const char *path, biascope_merge_count *count,
                                                  biascope_error *error);
/* The same for all stores at `paths` and the one at `target`, which is created if there is none: after an error nothing
 * was merged or created. counts: one for each path. */
BIASCOPE_API biascope_status biascope_stores_merge(const char *target, size_t files, const char *const *paths,
                                                   biascope_merge_count *counts, biascope_error *error);

typedef enum {
  BIASCOPE_RUNS_TABLE,           /* for people: the most important columns */
  BIASCOPE_RUNS_CSV,             /* every column that is a single value, with a header (RFC 4180) */
  BIASCOPE_RUNS_JSON,            /* an array with one object for each run */
  BIASCOPE_RUNS_JSON_WITH_TRACES /* the same with the recorded steps */
} biascope_runs_format;
/* Writes the finished runs that meet `where`, an SQL condition on the store's columns (NULL: all), to the stream. */
BIASCOPE_API biascope_status biascope_store_print(biascope_store *store, biascope_runs_format format, const char *where,
                                                  FILE *stream, biascope_error *error);

/* Writes the store as one HTML file that needs no other, complete or absent. store_path: the path to show in it. */
BIASCOPE_API biascope_status biascope_report_write(biascope_store *store, const char *store_path, const char *path,
                                                   biascope_error *error);

/* One plot of a store's runs, drawn by gnuplot. */
typedef struct {
  const char *x;     /* a column of runs, or "step": along the traces */
  const char *y;     /* a numeric column of runs; with "step", a column of the traces */
  const char *by;    /* a column: a curve for each of its values; NULL: one curve */
  const char *z;     /* a numeric column: a heat map of its mean over x and y, and no `by`; NULL: curves */
  const char *where; /* an SQL condition; NULL: all runs */
  const char *title; /* NULL: none */
  const char *path;  /* ends in .svg, .pdf or .png */
} biascope_plot;
BIASCOPE_API biascope_status biascope_plot_draw(biascope_store *store, const biascope_plot *plot,
                                                biascope_error *error);

/* ---- Sweeps ------------------------------------------------------------------------------------ */

/* The processes that share a sweep: only this one or, if the library is built with MPI, those that mpirun started. Rank
 * 0 has the store and writes to it; every rank trains. Every rank calls start before its first use of studies and end
 * after its last. Without MPI both do nothing. */
typedef struct {
  size_t rank, count;
} biascope_ranks;
BIASCOPE_API biascope_ranks biascope_ranks_start(void);
BIASCOPE_API void biascope_ranks_end(void);

/* A specification and its runs. */
typedef struct biascope_study biascope_study;

/* Reads and checks the specification, reads every data file and generates every data set once. Errors name the file,
 * line and column. */
BIASCOPE_API biascope_status biascope_study_read(const char *path, biascope_study **out, biascope_error *error);
/* The same, with test data for every file of the study that has none of its own: another file (NULL: none), or a
 * fraction of it that is held out (0: none). BIASCOPE_USAGE: both, or no such file. */
BIASCOPE_API biascope_status biascope_study_read_tested(const char *path, const char *test, double test_fraction,
                                                        biascope_study **out, biascope_error *error);
BIASCOPE_API void biascope_study_free(biascope_study *study);
/* The number of runs, and of combinations of options: those that agree in all a run depends on are one run. */
BIASCOPE_API size_t biascope_study_runs(const biascope_study *study);
BIASCOPE_API size_t biascope_study_combinations(const biascope_study *study);
/* Keeps part `index` (from 0) of `count` parts of the runs, for several machines; index `count` means 0. */
BIASCOPE_API void biascope_study_keep_shard(biascope_study *study, size_t index, size_t count);
/* Drops the runs that the store already holds. */
BIASCOPE_API biascope_status biascope_study_drop_finished(biascope_study *study, biascope_store *store,
                                                          biascope_error *error);
/* Estimates the seconds that a sweep on `jobs` threads would take, from the time of the first steps of some runs. */
BIASCOPE_API biascope_status biascope_study_estimate(const biascope_study *study, size_t jobs, double *seconds,
                                                     biascope_error *error);

typedef struct {
  size_t runs, done, not_separable, diverged; /* of this sweep; done < runs: it was stopped */
  double seconds;                             /* that the sweep took */
  double store_seconds;                       /* of these, the time that the caller's thread spent in the store */
} biascope_sweep_result;

/* Trains the runs that the store does not have yet, on `jobs` threads (0: one), and records them and the
 * specification there. The records do not depend on the number of threads. BIASCOPE_CANCELLED: unfinished runs were
 * abandoned, finished ones are in the store, out is filled, and the same call continues from there. monitor: may be
 * NULL. */
BIASCOPE_API biascope_status biascope_study_sweep(biascope_study *study, const char *store_path, size_t jobs,
                                                  const biascope_monitor *monitor, biascope_sweep_result *out,
                                                  biascope_error *error);

/* ---- The paper's figures ------------------------------------------------------------------------ */

/* The names of the figures, in order; NULL for an index beyond the last. */
BIASCOPE_API const char *biascope_figure_name(size_t index);

/* A claim of the paper, and the result: the worst value of its curves. */
typedef struct {
  const char *figure, *claim; /* static */
  const char *relation;       /* of the value to the target: "at least", "at most" or "about" */
  double target, tolerance;   /* tolerance: for "about" only */
  double value;               /* NaN: not measured */
  bool held;
} biascope_verdict;

typedef struct {
  const char *directory;     /* for the SVG, PNG, CSV and gnuplot files and summary.md; created if it does not exist */
  const char *gaussian_path; /* the Gaussian data set and the real one; both have their labels folded in */
  const char *real_path;
  const char *digits_path;  /* images of digits, the label last */
  uint64_t seed;            /* of the sampling orders */
  size_t threads;           /* 0: one */
  biascope_monitor monitor; /* told about the runs of each figure in turn, with its name as the note */
} biascope_reproduce_options;

/* Draws one figure, or all if `name` is NULL, and decides for each claim whether it held. *out: `count` verdicts; free
 * them with biascope_verdicts_free. */
BIASCOPE_API biascope_status biascope_reproduce(const char *name, const biascope_reproduce_options *options,
                                                biascope_verdict **out, size_t *count, biascope_error *error);
BIASCOPE_API void biascope_verdicts_free(biascope_verdict *verdicts);

#ifdef __cplusplus
}
#endif
#endif
