/* Running gnuplot. */
#ifndef BIASCOPE_STUDY_GNUPLOT_H
#define BIASCOPE_STUDY_GNUPLOT_H

#include "base/error.h"

/* Runs `gnuplot argument` in the directory and waits. input, output: descriptors to read commands from and draw to;
 * -1: none. Its complaints go to stderr. */
biascope_status bs_gnuplot_run(const char *directory, const char *argument, int input, int output,
                               biascope_error *error);

/* Okabe and Ito's palette, told apart by every kind of colour vision, as gnuplot's line types 1, 2, ... */
extern const char *const BS_GNUPLOT_PALETTE[];
enum { BS_GNUPLOT_COLOURS = 7 };

#endif
