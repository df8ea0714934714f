/* The progress of a sweep on stderr: on a terminal a line that is redrawn, elsewhere a plain line from time to time. */
#ifndef BIASCOPE_CLI_LIVE_H
#define BIASCOPE_CLI_LIVE_H

#include "biascope.h"

typedef struct {
  bool terminal;
  size_t lines_drawn;
  double next_line; /* not on a terminal: when the next plain line is due, in seconds of the sweep */
} cli_live;

cli_live cli_live_start(void);
void cli_live_show(cli_live *live, const biascope_progress *progress);
/* Clears what was redrawn. */
void cli_live_end(cli_live *live);

#endif
