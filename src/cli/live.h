/* How a sweep shows itself on stderr: a line that redraws itself on a terminal, a plain line now and then elsewhere. */
#ifndef BIASCOPE_CLI_LIVE_H
#define BIASCOPE_CLI_LIVE_H

#include "study/sweep.h"

typedef struct {
  bool terminal;
  size_t lines_drawn;
  double next_line; /* elsewhere: when the next plain line is due, in seconds of the sweep */
} cli_live;

cli_live cli_live_start(void);
/* To be a sweep's progress callback; state: a cli_live. */
void cli_live_show(void *state, const bs_sweep_progress *progress);
/* Clears what was redrawn. */
void cli_live_end(cli_live *live);

#endif
