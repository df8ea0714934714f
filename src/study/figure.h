/* The paper's figures. The contents of a figure and the paper's claims are data (figure_definitions.c). Running
 * (figure_run.c), deciding claims (figure_claims.c) and drawing (figure_plot.c) do not depend on a figure's name. */
#ifndef BIASCOPE_STUDY_FIGURE_H
#define BIASCOPE_STUDY_FIGURE_H

#include "biascope_study.h"
#include "rule/option.h"

/* The measures of a direction w. */
typedef enum {
  BS_COSINE_L2,         /* with the l2-max-margin direction */
  BS_COSINE_LINF,       /* with the nearest linf-max-margin direction */
  BS_COSINE_PROXY,      /* with the AdamProxy fixed point */
  BS_COSINE_PREDICTED,  /* with the limit predicted for the same options */
  BS_FRACTION_LINF,     /* linf margin over the best linf margin */
  BS_COSINE_SPECTRAL,   /* several classes: with the spectral max-margin direction */
  BS_FRACTION_SPECTRAL, /* several classes: spectral margin over the best one */
  BS_FRACTION_L2,       /* l2 margin over the best one */
  BS_FRACTION_L1,       /* l1 margin over the best one */
  BS_FRACTION_NUCLEAR,  /* several classes: nuclear margin over the best one */
  BS_ACCURACY,          /* share of samples held out that are classified correctly */
  BS_MEASURES
} bs_figure_measure;

typedef enum { BS_AXIS_STEP, BS_AXIS_BATCH_SIZE, BS_AXIS_BETA1, BS_AXIS_BETA2, BS_AXIS_NOISE, BS_AXES } bs_figure_axis;
typedef enum {
  BS_FIGURE_GAUSSIAN,
  BS_FIGURE_RADEMACHER,
  BS_FIGURE_REAL,
  BS_FIGURE_CLASSES, /* three, told apart by a random matrix */
  BS_FIGURE_DIGITS,  /* ten, images of digits; a part of the samples is held out */
  BS_FIGURE_DATASETS
} bs_figure_data;

/* One curve. */
typedef struct {
  const char *label; /* for the legend; curves with the same label share a colour */
  int colour;        /* 1.. in the palette of gnuplot.h */
  int group;         /* drawn in the panels of this group; 0: in all */
  bs_figure_data data;
  biascope_options training;
  uint64_t steps;
} bs_series;

typedef struct {
  const char *title;
  bs_figure_measure measure;
  bs_figure_axis axis;
  int group;
} bs_panel;

typedef enum { BS_AT_LEAST, BS_AT_MOST, BS_NEAR } bs_claim_relation;

/* A statement about the last point of each of the series first .. first + count - 1. The worst of them decides. */
typedef struct {
  const char *text;
  bs_figure_measure measure;
  size_t first, count;
  bs_claim_relation relation;
  double target, tolerance; /* tolerance: for BS_NEAR only */
  double at;                /* only at this value of the axis; 0: at all values */
} bs_claim;

typedef struct {
  const char *name, *title;
  bs_figure_axis axis;
  const double *axis_values; /* one run of each series for each value; a negative number ends the list */
  const bs_series *series;
  size_t series_count;
  const bs_panel *panels;
  size_t panel_count, panel_columns;
  const bs_claim *claims;
  size_t claim_count;
  size_t per_decade; /* points of a trace in each decade of steps; 0: many */
} bs_figure;

extern const bs_figure BS_FIGURES[];
extern const size_t BS_FIGURE_COUNT;

/* One measurement: a row of the figure's CSV. */
typedef struct {
  size_t series;
  biascope_options training; /* the options of the series with the value of the axis */
  uint64_t step;
  bool predicted;              /* the limit, without training; false: a run */
  bool last;                   /* the end of the run */
  double measure[BS_MEASURES]; /* NaN if there is none */
} bs_figure_point;

typedef struct {
  bs_figure_point *points;
  size_t count;
} bs_figure_points;

typedef struct {
  const char *gaussian_path; /* the Gaussian data set; both have their labels folded in */
  const char *real_path;     /* the real data set */
  const char *digits_path;   /* images of digits, the label last */
  uint64_t seed;             /* of the sampling orders */
  size_t threads;
  biascope_monitor monitor;
} bs_figure_options;

biascope_status bs_figure_run(const bs_figure *figure, const bs_figure_options *options, bs_figure_points *out,
                              biascope_error *error);
void bs_figure_points_free(bs_figure_points *points);

/* The result for a claim: the worst value of its series, and whether that meets the target. */
biascope_verdict bs_figure_judge(const bs_figure *figure, const bs_claim *claim, const bs_figure_points *points);
/* The summary as a Markdown table: figure, claim, expected, measured, verdict. */
biascope_status bs_figure_write_summary(const biascope_verdict *verdicts, size_t count, const char *path,
                                        biascope_error *error);

/* Whether gnuplot can be run; checked before minutes are spent on the runs. */
biascope_status bs_figure_check_gnuplot(biascope_error *error);
/* Writes NAME.csv and NAME.gp into the directory and has gnuplot make NAME.svg and NAME.png from them. */
biascope_status bs_figure_draw(const bs_figure *figure, const bs_figure_points *points, const char *directory,
                               biascope_error *error);

/* A run's value on an axis of options; 0 on the axis of steps. */
double bs_figure_axis_value(bs_figure_axis axis, const biascope_options *training);

#endif
