/* One plot of a store's runs, for papers: SVG, PDF or PNG through gnuplot. */
#ifndef BIASCOPE_STUDY_PLOT_H
#define BIASCOPE_STUDY_PLOT_H

#include "study/store.h"

typedef struct {
  const char *x;     /* a column of runs, or "step": along the traces */
  const char *y;     /* a numeric column of runs; with "step", a column of the traces */
  const char *by;    /* a column: a curve each of its values; NULL: one curve */
  const char *where; /* an SQL condition; NULL: all runs */
  const char *title; /* NULL: none */
  const char *path;  /* ends in .svg, .pdf or .png */
} bs_plot;

biascope_status bs_plot_draw(bs_store *store, const bs_plot *plot, biascope_error *error);

#endif
