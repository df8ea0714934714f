/* Runs gnuplot. */
#ifndef BIASCOPE_STUDY_GNUPLOT_H
#define BIASCOPE_STUDY_GNUPLOT_H

#include "base/error.h"
#include <stdio.h>

/* Runs `gnuplot argument` in the directory and waits. input, output: descriptors to read commands from and to draw to;
 * -1: none. Its messages go to stderr. */
biascope_status bs_gnuplot_run(const char *directory, const char *argument, int input, int output,
                               biascope_error *error);

/* The style of every plot: UTF-8, tics, a light grid, and as line types 1 .. BS_GNUPLOT_COLOURS the palette of Okabe
 * and Ito, which every kind of colour vision can distinguish. Line type 1 is black. */
enum { BS_GNUPLOT_COLOURS = 7 };
void bs_gnuplot_style(FILE *script);
/* The text as a gnuplot string: in single quotes, where only the quote is special; without line breaks. */
void bs_gnuplot_quoted(FILE *script, const char *text);
/* The same where gnuplot reads enhanced text, without the effect of its marks. (It measures titles as enhanced text
 * even where they are `noenhanced`, and warns of what it cannot read.) */
void bs_gnuplot_unmarked(FILE *script, const char *text);

#endif
