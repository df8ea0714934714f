/* Shared by the files of plots. */
#ifndef BIASCOPE_STUDY_PLOT_INTERNAL_H
#define BIASCOPE_STUDY_PLOT_INTERNAL_H

#include "study/column.h"
#include "study/store.h"
#include <stdio.h>

enum { BS_PLOT_MOST_TICS = 12 };

/* How a curve is drawn: those of one value of `by` in one colour, predicted runs dashed. */
typedef struct {
  size_t colour;
  bool predicted;
} bs_plotted_curve;

/* A plot in progress: what is asked for, the script so far, and what is known about its data. */
typedef struct {
  biascope_store *store;
  const biascope_plot *plot;
  bs_column x, y, z, by; /* z and by without a name: none */
  bool traces;
  FILE *script;
  bs_plotted_curve *curve; /* each curve's; freed by who made the drawing */
  size_t curves, points;
  bool has_limit, has_spread;
  double x_values[BS_PLOT_MOST_TICS]; /* the distinct ones, ascending, while they are few */
  size_t x_count;                     /* BS_PLOT_MOST_TICS + 1: many */
  size_t label_characters;            /* of their names */
  double least_x, greatest_x;
} bs_drawing;

/* The column of that name; the error, of the flag, lists them all. */
biascope_status bs_plot_find_column(const char *flag, const char *name, bs_column *out, biascope_error *error);
/* Writes the runs to the script: blocks $c1, $c2, ... with columns x, its name, y, least, greatest, predicted, and
 * variables n1, n2, ... with the curves' names. Notes what there is of each. */
biascope_status bs_plot_write_data(bs_drawing *d, biascope_error *error);
/* The whole script of a heat map; no points: nothing is written of it. */
biascope_status bs_plot_write_map(bs_drawing *d, const char *terminal, biascope_error *error);
/* The plot's title, if it has one. */
void bs_plot_write_title(const bs_drawing *d);

#endif
